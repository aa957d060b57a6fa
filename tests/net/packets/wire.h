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
	uint8_t first, ttl, tos; /* 0 is 0x80, 64, 0xb8 */
	bool no_dscp;            /* tos is really 0 but for its ECN bits */
	size_t payload;          /* 0 is 173, odd on purpose */
	bool options;            /* IPv4 options, or an IPv6 extension header */
	bool stranger;           /* from another address */
	bool no_check, bad_check;
};

/* Ends the test: `what` went wrong that is none of the cases. */
_Noreturn void die(const char *what);
/* Runs a command in the gateway's namespace, or in `netns`. */
void command(const char *netns, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of output of a command in the gateway's namespace. */
void command_output(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

void open_wires(void);
struct addr address(const char *ip, uint16_t port);
/* An RTP frame from a peer to the gateway. */
void build(struct frame *f, const struct peer *p, bool v6, const struct shape *s);
void put(const struct peer *p, const struct frame *f);
/* The same packet in two fragments, the later one first. */
void put_fragments(const struct peer *p, const struct frame *f);
/* Waits for a frame of the gateway's media port at a peer while the loop runs; false when none comes. */
bool receive(const struct peer *p, struct frame *f, int wait_ms);
/* ICMP unreachables and the like that came to a peer since receive() or this was called. */
unsigned errors_at(const struct peer *p);
/* Lets the loop run for `ms`. */
void run_loop(int ms);
extern bool loop_stopped; /* the daemon does nothing */

uint16_t udp_sum(const struct frame *f, bool v4);
struct fp_stream stream_to(const char *ip, bool latch, uint8_t dscp);
/* Opens an engine on the four addresses of the gateway; `pin` may be NULL. */
struct fastpath *open_engine(enum fp_want want, const char *pin, uint16_t ports);
/* A fresh pair of streams, joined; slot[i] faces peers[i]. */
void start(struct fastpath *fp, uint32_t slot[2], const bool v6[2], uint8_t dscp);
void end(struct fastpath *fp, const uint32_t slot[2]);
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
