/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packet relay behind one small interface. Every local media port of the configured addresses is a *slot* of one table
 * (kernel/include/tandem/flow.h), shared with the XDP program by mmap: whoever handles a packet, XDP program or the
 * null engine here, judges it by the same slot with the same logic, so that a stream has one state wherever its packets
 * go. Setting a stream up writes memory and costs no syscall.
 *
 * What XDP forwards never comes here. What it passes up (RTCP always; RTP while a next hop is unknown, on interfaces
 * it is not attached to, fragments, IP options) comes through sockets and is forwarded by the null engine. */
#pragma once
#include "fastpath/why.h"
#include "net/addr.h"
#include "tandem/flow.h"
#include <jansson.h>

struct fastpath; /* mem_deref() closes it; with `leave` set by fastpath_leave() kernel state stays pinned */

/* From the slowest to the fastest, as enum tandem_engine. */
enum fp_engine { FP_NULL, FP_KMOD, FP_XDP_GENERIC, FP_XDP_NATIVE, FP_ENGINES };
enum fp_want { FP_WANT_AUTO, FP_WANT_NATIVE, FP_WANT_GENERIC, FP_WANT_MODULE, FP_WANT_NULL };

/* One local address with its range of media ports. */
struct fp_local {
	struct addr ip; /* port ignored */
	uint16_t port_min, port_max;
};

struct fp_handlers {
	/* An RTCP packet (compound, or reduced-size) that the slot's state accepted. The handler may rewrite it into
	 * `out` and send it with fastpath_send(); nothing is relayed by itself. */
	void (*rtcp)(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len);
	/* Something happened on the slot (TANDEM_EV_*, with its value): first packet, rebind, new SSRC, telephone-event. May be NULL. */
	void (*event)(void *arg, uint32_t slot, unsigned event, uint32_t value);
	/* fastpath_engines() tells something else than before: an interface came or went, the module was loaded, ... May be NULL. */
	void (*engines)(void *arg);
	/* An RTP packet that the slot's state accepted, of a stream with `deliver`: on the null engine's thread that received it, so whoever takes it is
	 * quick, asks for no memory and waits for nobody. `now_ns` is CLOCK_MONOTONIC. False when there is nobody `to` take it: it is counted
	 * as leading nowhere. May be NULL. */
	bool (*rtp)(void *arg, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns);
};

struct fp_params {
	const struct fp_local *locals;
	unsigned n_locals;
	enum fp_want want;
	const char *const *interfaces; /* to attach XDP to; NULL: every one with an address of ours, except loopback and the default route's */
	unsigned n_interfaces;
	bool keep_xdp; /* attach XDP beside other programs, through libxdp's dispatcher; wants pin_dir */
	const char *pin_dir; /* under bpffs, NULL: not pinned */
	struct fp_handlers handlers;
	void *arg;
	unsigned threads; /* that the null engine forwards in; 0: one for each CPU that this process may use */
	bool plain; /* with FP_WANT_NULL: ask nothing of the kernel but a socket a port */
};

/* Opens the best engine that can be had; never fails because of a missing capability, only for bad addresses
 * (-EADDRNOTAVAIL) or memory. Why a faster one is not used is told by fastpath_engines(). */
int fastpath_open(struct fastpath **ret, const struct fp_params *params);

/* The slot of a local port; -ENOENT when no range holds it. */
int fastpath_slot(const struct fastpath *fp, const struct addr *local, uint32_t *slot);
/* Makes a port ready to receive (binds a socket where the kernel cannot steer a whole range): 0 or -EADDRINUSE. */
int fastpath_open_port(struct fastpath *fp, uint32_t slot);
void fastpath_close_port(struct fastpath *fp, uint32_t slot);

/* How a slot treats what arrives and where its own packets go. */
struct fp_stream {
	struct addr remote;     /* signalled media address; unset: not known yet, nothing is sent there */
	struct addr signalling; /* the source of the signalling: may latch when `latch` */
	bool latch;             /* TANDEM_LATCH_*: strict when false */
	bool send, receive;     /* the connection's mode: sendrecv, recvonly, ... */
	bool rtcp;              /* this slot is an RTCP port */
	bool rtcp_mux;          /* RTCP on this RTP slot */
	uint8_t dscp;           /* of what leaves from this slot */
	uint8_t event_pt;       /* payload type of telephone-events that can be read (not under SRTP), 0: none */
	enum fp_want engine;    /* FP_WANT_MODULE, FP_WANT_NULL: no faster one; anything else: the fastest there is */
	uint32_t clock_hz;      /* RTP clock, for jitter */
	uint32_t deliver;       /* whom accepted RTP is given to (handlers.rtp) instead of being sent on; 0: nobody */
	uint32_t arm;           /* a new value re-arms the latch: once per completed offer/answer */
};
/* Sets or changes a stream, keeping latch and statistics unless `arm` changed. */
int fastpath_upsert(struct fastpath *fp, uint32_t slot, const struct fp_stream *s);
/* What arrives at `a` leaves from `b` and the other way round, or goes back where it came from when they are the same; -1u un-joins. */
int fastpath_join(struct fastpath *fp, uint32_t a, uint32_t b);
void fastpath_remove(struct fastpath *fp, uint32_t slot);
/* Sends bytes from the slot's port to its current remote (latched, else signalled): 0, -ENOTCONN when there is none. */
int fastpath_send(struct fastpath *fp, uint32_t slot, const uint8_t *data, size_t len);

/* After a fastpath_remove() or fastpath_upsert(): waits for packets that the threads had in hand before it. */
void fastpath_settle(struct fastpath *fp);

/* For a thread of the daemon's own that sends many packets: they are gathered and leave in few syscalls. Opened and closed (mem_deref()) on the main
 * thread, before the fast path is; used by one thread. */
struct fp_outlet;
#define FP_HEADROOM 48 /* for an IPv6 and a UDP header in front of what is sent */
#define FP_OUTLET   64 /* packets at most that are gathered */
int fastpath_outlet(struct fp_outlet **ret, struct fastpath *fp);
/* Sends from the slot's port as fastpath_send() does: `data`, behind FP_HEADROOM bytes that are written to, stays valid until the flush. 0, -ENOTCONN when
 * there is nowhere to send to or the stream's mode has it silent, or what the kernel says. Ports stay open meanwhile. */
int fp_outlet_put(struct fp_outlet *o, uint32_t slot, uint8_t *data, size_t len);
void fp_outlet_flush(struct fp_outlet *o);

/* What a stream did; copied from the slot. Times are milliseconds on clock_ms(). */
struct fp_stats {
	uint64_t rx_packets, rx_bytes; /* accepted here, RTP payload+header bytes */
	uint64_t by_engine[FP_ENGINES]; /* of rx_packets, who forwarded */
	uint64_t refused;              /* dropped here, all reasons */
	uint32_t ssrc;
	uint32_t ext_max_seq, base_seq; /* RFC 3550 A.1 */
	uint32_t lost;                 /* expected - received, not below 0 */
	uint32_t jitter;               /* RFC 3550 A.8, in clock units */
	uint32_t reordered;
	uint64_t last_rx_ms;           /* 0: never */
	bool latched;
	struct addr remote;            /* where its packets go now */
	enum fp_engine engine;         /* that forwards it: who had the last packet if that is recent, else who will have the next */
	enum fp_why why;               /* why not a faster one */
	enum fp_why why_no_module;     /* with FP_NULL: why not the module either */
};
int fastpath_read(const struct fastpath *fp, uint32_t slot, struct fp_stats *ret);

/* [{"interface","mode","why"}]: each interface and what runs there, "native", "generic", "module" or "null"; last "*", all the others, with
 * the module's "version" where there is one. `why` is null where nothing faster exists. A new reference. */
json_t *fastpath_engines(const struct fastpath *fp);
/* After a restart: removes every stream in the adopted table that `keep` does not want. Returns their number. */
unsigned fastpath_sweep(struct fastpath *fp, bool (*keep)(void *arg, uint32_t slot), void *arg);
/* Leaves pinned maps and links behind when closed, for the next process to adopt. */
void fastpath_leave(struct fastpath *fp);
