/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside the null engine. Packets are received, judged and sent on by *workers*: a thread each, with a steered socket a family, and one on the
 * main loop, for ports with a socket of their own and for what the daemon sends itself. A stream's packets are always received by the same worker, so
 * that its statistics have one writer. Threads do nothing but forward RTP: the rest is handed over to the main loop, which alone calls handlers, resolves next
 * hops and allocates memory. */
#pragma once
#include "fastpath/handover.h"
#include "fastpath/private.h"
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

/* What arrived, besides what the logic wants to know. */
struct fp_arrival {
	uint32_t slot;
	struct tandem_ip src;
	uint16_t src_port; /* network order */
	uint8_t tos, hop_limit;
	bool fragmented; /* the host has put it together: its source knows how large its fragments may be */
	uint8_t *data;   /* behind FP_HEADROOM bytes to write to */
	size_t len;
};

/* --- send.c: packets out of local ports -------------------------------------------------------------------------- */
struct fp_packet {
	struct tandem_ip src, dst;
	uint16_t src_port, dst_port; /* network order */
	uint8_t family;              /* 4, 6 */
	int vrf;                     /* that src is in, 0: none */
	uint8_t tos, hop_limit;
	bool whole;    /* IPv4: no router may fragment it */
	bool headroom; /* headers may be written in front of the data */
	const struct fp_arrival *arrival; /* what it came as; NULL: it is the daemon's own */
	uint8_t *data;                    /* both stay valid until fp_sender_flush() */
	size_t len;
};

struct fp_worker;
struct fp_sender;
/* The sender of a worker: it counts in the worker's counters. */
int fp_sender_open(struct fp_sender **ret, const int raw[2], struct fp_worker *w);
/* Whether the sender needs no socket of the local port. */
bool fp_sender_raw(const struct fp_sender *s, uint8_t family);
/* Queues a packet for the raw socket. 0 or negative errno. */
int fp_sender_queue(struct fp_sender *s, const struct fp_packet *p);
/* Sends a packet by its local port's own socket. 0 or negative errno. */
int fp_sender_by_port(struct fp_sender *s, const struct fp_packet *p, int port_fd);
void fp_sender_flush(struct fp_sender *s);
/* The most bytes, IP header included, that a packet to p->dst may have; asked of the kernel only for packets that may be too large. */
uint32_t fp_sender_mtu(struct fp_sender *s, const struct fp_packet *p);
/* Sends a packet as IP fragments of at most `mtu` bytes. 0 or negative errno. */
int fp_sender_fragments(struct fp_sender *s, const struct fp_packet *p, uint32_t mtu);
/* Sends an IP packet with its header as it is. */
int fp_sender_bare(struct fp_sender *s, uint8_t family, int vrf, const struct tandem_ip *dst, void *packet, size_t len);

/* --- workers ------------------------------------------------------------------------------------------------------- */
struct fp_batch;

struct fp_worker {
	struct fp_null *null;
	const struct fastpath *fp; /* ranges and slots are the same for all its life */
	struct fp_sender *sender;
	struct fp_batch *batch;
	struct fp_handover *handover; /* NULL: this is the main loop's */
	uint64_t now_ns;              /* when the batch was received */
	uint32_t delivered;           /* packets given to somebody since its thread looked last */
	uint32_t turns;               /* odd while a batch is worked through */
	uint64_t counters[TANDEM_REASON_COUNT];
	uint64_t lost;    /* messages that found no room */
	uint64_t icmp_ns; /* token bucket of ICMP errors: when it will be full again */
};

struct fp_null {
	struct link link;
	struct fastpath *fp; /* which owns us; NULL once it is closed (perhaps by a handler, while a batch is worked through) */
	struct fp_worker main;
	struct fp_threads *threads; /* NULL: nothing is steered */
	struct receiver **port;     /* by slot, where not steered */
	uint32_t *asked;            /* by slot: when its next hop was last asked for, milliseconds; written by its worker */
	bool steered[2];
	int raw[2];                 /* not ours */
	struct list outlets;        /* struct fp_outlet */
};

/* The socket of a port that has its own, else -1. Main loop only. */
int fp_null_port_fd(const struct fp_null *n, uint32_t slot);
int fp_worker_init(struct fp_worker *w, struct fp_null *n, const int raw[2]);
void fp_worker_free(struct fp_worker *w);
/* Adds what it counted to `sum`, by reason; returns its lost messages. */
uint64_t fp_worker_count(const struct fp_worker *w, uint64_t *sum);

/* What it counted goes on being shown. */
void fp_worker_closed(const struct fp_worker *w);

/* The VRF of a slot's local address: interfaces may move between VRFs at any time. */
static inline int fp_vrf_of(const struct fastpath *fp, uint32_t slot)
{
	return slot < fp->n_slots ? __atomic_load_n(&fp_range_of(fp, slot)->vrf, __ATOMIC_RELAXED) : 0;
}

/* Only its worker writes a counter; others may read it at any time. */
static inline void fp_bump(uint64_t *counter)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

/* --- outlet.c ------------------------------------------------------------------------------------------------------ */
/* Adds what outlets counted to `sum`, by reason. */
void fp_outlets_count(const struct fp_null *n, uint64_t *sum);
/* A packet of the daemon's own goes into the sender's queue, or out. */
int fp_worker_send(struct fp_worker *w, const struct fp_packet *p, uint32_t slot);

/* --- null_packet.c: the judge's arms ------------------------------------------------------------------------------- */
/* A packet that is not forwarded. `s` may be NULL. */
void fp_worker_refuse(struct fp_worker *w, struct tandem_slot *s, enum tandem_reason why);
void fp_worker_packet(struct fp_worker *w, const struct fp_arrival *a);
/* Main loop: RTCP is judged and goes to its handler. */
void fp_null_rtcp(struct fp_null *n, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len);
/* Main loop: what a worker has to say. */
void fp_null_message(struct fp_null *n, const struct fp_message *m);

/* --- null_receive.c -------------------------------------------------------------------------------------------------- */
int fp_batch_new(struct fp_batch **ret);
void fp_batch_free(struct fp_batch *b);
/* Asks for what fp_worker_receive() wants to know of each packet, and with `errors` for the ICMP errors about what is sent from there. */
void fp_receive_prepare(int fd, sa_family_t family, bool errors);
/* Receives what waits at a socket, FP_BATCH packets at most, and sends on what is to be. `slot` is that of the socket, TANDEM_NONE where each
 * packet tells. The number received: there may be more after a full batch. */
unsigned fp_worker_receive(struct fp_worker *w, int fd, uint32_t slot);
#define FP_BATCH 64

/* --- null_threads.c -------------------------------------------------------------------------------------------------- */
/* Starts a thread for each pair of sockets. */
int fp_threads_open(struct fp_threads **ret, struct fp_null *n, const struct fp_sockets *sockets);
/* Waits until each has done with what it had in hand. */
void fp_threads_settle(const struct fp_threads *t);
/* Joins them. */
void fp_threads_close(struct fp_threads *t);
/* Adds what they counted to `sum`, by reason; returns the messages that were lost. */
uint64_t fp_threads_count(const struct fp_threads *t, uint64_t *sum);

/* --- toobig.c ---------------------------------------------------------------------------------------------------------- */
/* A packet that does not fit its way out, which takes `mtu` bytes: it is sent in fragments, or its source is told by ICMP. */
void fp_worker_too_big(struct fp_worker *w, const struct fp_packet *p, uint32_t mtu);
