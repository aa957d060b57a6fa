/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wires of the packet tests: peer a -- gateway -- peer b, each in a network namespace of tests/net/packets/run. Frames are put on the
 * wire at one peer and what leaves is read at the other, byte by byte. */
#pragma once
#include "base/loop.h"
#include "base/mem.h"
#include "fastpath/fastpath.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_PORT   20000
#define PORTS     100
#define PEER_PORT 4000
#define SSRC      0x1234
#define FENCE_PORT (GW_PORT + 20)
#define FENCE_SSRC 0xfe9ce

/* A peer: its namespace, its packet socket, and how to reach the gateway from it. */
struct peer {
	const char *netns, *gw_ifname;
	int fd;
	uint8_t mac[6], gw_mac[6];
	int gw_ifindex;
	const char *ip[2], *gw[2]; /* IPv4, IPv6 */
};
extern struct peer peers[2];

struct frame {
	uint8_t b[4096];
	size_t len, ip_at, udp_at;
};

/* What is peculiar about a frame; zero: a plain RTP packet. */
struct shape {
	uint16_t sport, dport, seq; /* ports: 0 is the usual one */
	uint32_t ssrc;
	uint32_t timestamp;      /* 0: seq */
	uint8_t first, second, ttl, tos; /* 0 is 0x80, 0, 64, 0xb8; first and second of the UDP payload */
	bool no_dscp;            /* tos is really 0 but for its ECN bits */
	size_t payload;          /* 0 is 173, odd on purpose */
	bool options;            /* IPv4 options, or an IPv6 extension header */
	bool stranger;           /* from another address */
	uint8_t host;            /* the last byte of the source address; 0: the peer's own */
	const void *body;        /* what the RTP payload begins with */
	size_t body_len;
	bool no_check, bad_check;
};

/* Ends the test: `what` went wrong that is none of the cases. */
_Noreturn void die(const char *what);
/* Runs a command in the gateway's namespace, or in `netns`. */
void command(const char *netns, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of output of a command in the gateway's namespace. */
void command_output(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

void open_wires(void);
/* The peer's wire is there anew, after the gateway's end was deleted: plain veth, with all addresses. */
void remake_wire(struct peer *p);
struct addr address(const char *ip, uint16_t port);
/* An RTP frame from a peer to the gateway. */
void build(struct frame *f, const struct peer *p, bool v6, const struct shape *s);
void put(const struct peer *p, const struct frame *f);
/* The same packet in two fragments, the later one first. */
void put_fragments(const struct peer *p, const struct frame *f);
/* The same packet in fragments of `size` bytes of IP payload, in order. */
void put_pieces(const struct peer *p, const struct frame *f, size_t size);
/* The next frame that came to a peer, whatever it is; false when there is none. */
bool next_frame(const struct peer *p, struct frame *f);
/* Of IPv4 and IPv6 what their header says is in them; 0: neither (ARP). */
uint8_t protocol_of(const struct frame *f);
/* Lets the loop run once, without waiting. Once more after a packet has come through: what the kernel told of it before it left takes its slot for a moment, and
 * a packet that meets that goes to the daemon, as it may, instead of by the engine that is tested. */
void turn_loop(void);
/* Lets the loop run until this engine is the one that a stream's packets go by. */
void await_engine(struct fastpath *fp, uint32_t slot, enum fp_engine engine);
/* Waits for a frame of the gateway's media port at a peer while the loop runs; false when none comes. */
bool receive(const struct peer *p, struct frame *f, int wait_ms);
/* ICMP unreachables and the like that came to a peer since receive() or this was called. */
unsigned errors_at(const struct peer *p);
/* Lets the loop run for `ms`. */
void run_loop(int ms);
/* Within so many ms what has to come has come, on any machine however slow and busy: only who waits in vain waits so long. */
#define SOON 10000
/* The time, as on a machine that has nothing else to do: without that which this thread has waited for a CPU that others had, ms. */
double quiet_ms(void);
extern bool loop_stopped; /* the daemon does nothing */

uint16_t udp_sum(const struct frame *f, bool v4);
struct fp_stream stream_to(const char *ip, bool latch, uint8_t dscp);
/* What is asked for to have an engine. */
extern const enum fp_want engine_wants[FP_ENGINES];
/* Handlers of the next engine to be opened. */
extern struct fp_handlers engine_handlers;
/* ... and the threads of its null engine; 0: as many as there are CPUs. */
extern unsigned engine_threads;
/* ... and whether it keeps other XDP programs. */
extern bool engine_keep_xdp;
/* Opens an engine on the four addresses of the gateway; `pin` may be NULL. */
struct fastpath *open_engine(enum fp_want want, const char *pin, uint16_t ports);
/* A fresh pair of streams, joined; slot[i] faces peers[i]. */
void start(struct fastpath *fp, uint32_t slot[2], const bool v6[2], uint8_t dscp);
void end(struct fastpath *fp, const uint32_t slot[2]);
/* Opens the fence: a stream between the peers that the daemon forwards, behind all that an engine passes up to it. Needs engine_threads = 1, so
 * that the daemon keeps the order of different streams. */
void open_fence(struct fastpath *fp, const bool v6[2]);
void put_fence(const bool v6[2], uint16_t seq);
bool is_fence(const struct frame *f, uint16_t seq);
/* As receive(), for what ought not to come: until the fence does, which is put behind it. Ends the test when that does not come. */
bool receive_before_fence(const struct peer *p, struct frame *f, const bool v6[2], uint16_t seq);
/* A counter of the XDP program, by its reason's name. */
uint64_t xdp_counter(const char *reason);

/* A result: prints it and counts. */
void result(const char *name, const char *wrong);
int summary(void);

int test_engine(enum fp_engine engine);
int test_disabled(enum fp_engine engine);
int test_hops(void);
int test_restart(void);
int test_tags(void);
int test_checksums(void);
int test_powers(void);
int test_powerless(void);
int test_interfaces(void);
int test_migrate(void);
int test_many(void);
int test_vrfs(void);
int test_sources(enum fp_engine engine);
int test_digits(enum fp_engine engine);
int test_deliver(enum fp_engine engine);
int test_mtu(enum fp_engine engine);
int test_differ(void);
int test_differ_module(void);
