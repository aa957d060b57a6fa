/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the transaction layer share. Ownership: the peer owns its transactions and remotes; an incoming transaction may
 * outlive it in the hands of whoever answers. */
#pragma once
#include "base/hash.h"
#include "base/loop.h"
#include "base/timer.h"
#include "mgcp/mgcp.h"

enum {
	CNT_COMMAND_SENT, CNT_RETRANSMIT, CNT_RESPONSE, CNT_PROVISIONAL, CNT_TIMEOUT, CNT_COMMAND, CNT_REPEATED_ANSWERED, CNT_REPEATED_EXECUTING,
	CNT_REPEATED_CONFIRMED, CNT_EXECUTION_TIMEOUT, CNT_PIGGYBACKED, CNT_ACK_SENT, CNT_ACK_RECEIVED, CNT_RX_REFUSED, CNT_RX_MALFORMED, CNT_RX_STRAY,
	CNT_RX_FOREIGN, CNT_RX_OVERLOAD, CNT_SEND_FAILED, CNT_REFUSED_TRANSIENT, CNT_REFUSED_PERMANENT, CNT_WE_REFUSED_TRANSIENT,
	CNT_WE_REFUSED_PERMANENT, CNT_MAX
};
extern uint64_t mgcp_counts[CNT_MAX];

/* Where datagrams go: the socket, or a test. */
struct mgcp_transport {
	int (*send)(void *arg, const struct addr *dst, struct slice datagram);
	void *arg;
};

/* What we know of one destination of commands: round-trip estimators (3.5.3), and responses not yet confirmed to it (3.5.2). */
#define CONFIRM_RANGES 8
struct remote {
	struct hash_link by_addr;
	struct addr addr;
	unsigned habits;
	uint32_t aad, adev;  /* average acknowledgement delay and deviation, 1/8 ms; aad 0: nothing measured */
	uint32_t carry_rto;  /* RTO of the last retransmission that worked, for the next command */
	struct range {
		uint32_t from, to;
	} confirm[CONFIRM_RANGES];
	unsigned n_confirm;
	uint64_t confirm_since; /* when the first of them came */
};

struct outgoing {
	struct hash_link by_tid;
	struct mgcp_peer *peer;
	struct remote *remote;
	uint32_t tid;
	struct buf text;
	struct timer timer;
	uint64_t first_sent;
	uint32_t rto, delay; /* RTO and T-DELAY of 3.5.3, ms */
	unsigned repeats;
	unsigned repeats_here; /* to this address */
	struct addr before;    /* the address before this one, which may answer yet */
	mgcp_elsewhere_fn elsewhere;
	bool provisional;
	mgcp_response_fn fn;
	void *arg;
};

enum incoming_state {
	IN_EXECUTING,
	IN_WAIT_ACK,  /* answered after a provisional response: repeated until acknowledged */
	IN_ANSWERED,  /* the response is kept for repetitions */
	IN_CONFIRMED, /* only the identifier is kept */
	IN_ENDED,     /* forgotten by the peer, or the peer is gone */
};

struct mgcp_incoming {
	struct hash_link by_tid;
	struct link in_age; /* peer's `executing` or `answered`, oldest first */
	struct mgcp_peer *peer;
	struct addr src;
	uint32_t tid;
	enum incoming_state state;
	bool provisional;
	uint64_t since; /* of this state */
	uint32_t rto;
	struct timer timer; /* in IN_WAIT_ACK */
	struct buf text;
};

struct mgcp_peer {
	struct mgcp_peer_params p;
	struct mgcp_transport out;
	struct udp *udp;
	bool trace;
	uint32_t next_tid;
	struct hash outgoing, incoming, remotes;
	struct list executing, answered;
	size_t waiting_ack;
	struct timer age;
	struct list bundles;
	struct loop_deferred flush;
	struct timer linger; /* of messages nobody waits for */
};

/* peer.c */
int mgcp_peer_new(struct mgcp_peer **ret, const struct mgcp_peer_params *params, const struct mgcp_transport *out);
void mgcp_peer_receive(struct mgcp_peer *p, const struct addr *src, struct slice datagram);
uint32_t mgcp_random(uint32_t below);

/* bundle.c: messages to one destination in one loop turn travel in one datagram. */
int bundle_add(struct mgcp_peer *p, const struct addr *dst, struct slice message);
/* It goes with the next that is in a hurry, or by itself a little later. */
int bundle_add_unhurried(struct mgcp_peer *p, const struct addr *dst, struct slice message);
void bundle_flush(struct mgcp_peer *p);
void bundle_drop(struct mgcp_peer *p);

/* remote.c */
struct remote *remote_find(const struct mgcp_peer *p, const struct addr *a);
struct remote *remote_get(struct mgcp_peer *p, const struct addr *a);
void remote_free_all(struct mgcp_peer *p);
uint32_t remote_first_rto(struct remote *r, const struct mgcp_timers *t);
uint32_t remote_next_rto(const struct remote *r, uint32_t delay, const struct mgcp_timers *t);
void remote_measured(struct remote *r, uint32_t rtt_ms);
/* Notes that the response to `tid` came; writes the ranges noted as a K: line and forgets them. */
void remote_confirm(struct remote *r, uint32_t tid);
void remote_write_confirm(struct remote *r, struct buf *out, const struct mgcp_timers *t);

/* outgoing.c */
void outgoing_response(struct mgcp_peer *p, const struct mgcp_msg *m, const struct addr *src);
void outgoing_end_all(struct mgcp_peer *p);

/* incoming.c */
void incoming_command(struct mgcp_peer *p, const struct mgcp_msg *m, const struct addr *src);
void incoming_confirmed(struct mgcp_peer *p, const struct addr *src, struct slice ranges);
void incoming_acknowledged(struct mgcp_peer *p, uint32_t tid, const struct addr *src);
void incoming_end_all(struct mgcp_peer *p);

/* Copies a message with one more parameter line after its first line. */
void mgcp_insert_line(struct buf *out, struct slice message, struct slice line);

enum mgcp_param_id mgcp_param_parse(struct slice name);
/* A final response code as errno: 0, -EBUSY (transient), -EINVAL. */
int mgcp_code_error(unsigned code);
enum mgcp_fate { MGCP_STANDS, MGCP_GONE, MGCP_UNCERTAIN };
/* What that code says of the connection that the command was for. */
enum mgcp_fate mgcp_code_fate(unsigned code);
