/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the stack share: the stack, the places it listens at, and the two kinds of transaction. */
#pragma once
#include "base/hash.h"
#include "base/list.h"
#include "base/timer.h"
#include "net/stream.h"
#include "net/udp.h"
#include "sip/dead.h"
#include "sip/oc.h"
#include "sip/path.h"
#include "sip/stack.h"

/* --- timers of RFC 3261 17, table 4, and RFC 6026 ------------------------------------------------------------------ */

enum sip_timer_id {
	SIP_TIMER_A, SIP_TIMER_B, SIP_TIMER_C, SIP_TIMER_D, SIP_TIMER_E, SIP_TIMER_F, SIP_TIMER_G, SIP_TIMER_H,
	SIP_TIMER_I, SIP_TIMER_J, SIP_TIMER_K, SIP_TIMER_L, SIP_TIMER_M,
	SIP_TIMER_2XX,      /* 13.3.1.4: first retransmission of a 2xx */
	SIP_TIMER_2XX_END,  /* 13.3.1.4: no ACK came */
	SIP_TIMER_CANCEL,   /* 9.1: no final answer after CANCEL */
	SIP_TIMER_PROGRESS, /* 13.3.1.1: provisional answers are repeated each minute */
	SIP_TIMERS
};
/* Milliseconds (the first interval, of those that double); 0 for what a reliable transport does without. */
uint32_t sip_timer_ms(const struct sip_timers *t, enum sip_timer_id id, bool reliable);
/* The interval after `ms` of one that doubles up to T2. */
uint32_t sip_timer_next(const struct sip_timers *t, uint32_t ms);

/* --- counters ----------------------------------------------------------------------------------------------------- */

enum sip_count {
	SIP_CNT_RX_REQUEST, SIP_CNT_RX_RESPONSE, SIP_CNT_TX_REQUEST, SIP_CNT_TX_RESPONSE, SIP_CNT_TX_RETRANSMIT,
	SIP_CNT_RX_RETRANSMIT, SIP_CNT_KEEPALIVE, SIP_CNT_STUN, SIP_CNT_JUNK, SIP_CNT_MALFORMED_ANSWERED,
	SIP_CNT_MALFORMED_DROPPED, SIP_CNT_STRAY_RESPONSE, SIP_CNT_STRAY_ACK, SIP_CNT_STRAY_CANCEL, SIP_CNT_NO_DIALOG,
	SIP_CNT_MERGED, SIP_CNT_LOOP, SIP_CNT_CSEQ_ORDER, SIP_CNT_REFUSED, SIP_CNT_TIMEOUT, SIP_CNT_TRANSPORT_ERROR,
	SIP_CNT_NOMEM, SIP_CNT_TX_FAILED, SIP_CNT_FORK_ENDED, SIP_CNT_GLARE, SIP_CNT_ACK_LOST,
	SIP_CNT_PRACK_LOST, SIP_CNT_SESSION_EXPIRED,
	SIP_CNT_BUSY, SIP_CNT_HELD_BACK, SIP_CNT_NO_TCP,
	SIP_CNT_TRANSACTIONS_NOW,
	SIP_CNT_MAX
};
extern uint64_t sip_counts[SIP_CNT_MAX];

/* --- the stack ---------------------------------------------------------------------------------------------------- */

/* One listener and its socket or connections. `l` comes first in what the public interface hands out. */
struct sip_place {
	struct sip_listener l;
	struct link link;
	struct sip_stack *stack;
	struct udp *udp;
	struct websocket *ws; /* what its connections have to become (RFC 7118) */
	struct stream_server *server; /* of a reliable transport that is listened at */
	char *name;
	char local_text[ADDR_STR_LEN], advertised_text[ADDR_STR_LEN]; /* host:port as written in Via and Contact */
};

/* Where messages leave when it is not a socket: unit tests put a wire of theirs here. */
typedef int (*sip_wire_fn)(void *arg, const struct addr *from, const struct addr *to, struct slice text);

/* The last dialogs that are over: whoever would take a place in one is told so (RFC 3891 3). A hash of each one's name is enough: being wrong once in
 * millions costs another refusal than the right one. */
#define SIP_ENDED_MAX 4096
struct sip_ended {
	uint32_t hash[SIP_ENDED_MAX];
	unsigned next;
};

struct sip_stack {
	struct sip_stack_params params;
	char *server;
	struct buf abilities[2]; /* the Allow and the Supported line */
	bool trace;
	struct list places, sessions, subscribing, subscriptions; /* subscribing: without a dialog yet */
	struct list conns;
	struct hash conn_peers, conn_aliases, conn_sources; /* connections by peer; how many each source has */
	unsigned n_conns, conn_serial;
	struct hash strans, ctrans;
	struct hash ctrans_peers; /* those over connections, by peer */
	struct sip_paths *paths;  /* how large a request may be to go by UDP */
	struct sip_dead *no_tcp;  /* peers that refused a large request over TCP */
	unsigned turn;
	struct hash merged;  /* server transactions by Call-ID (RFC 3261 8.2.2.2) */
	struct hash dialogs; /* by local tag */
	struct sip_ended ended;
	struct list waiting_acks; /* for DNS: ack_locate.c */
	struct buf scratch;  /* the message being written */
	struct buf lines;    /* header lines being gathered for it */
	uint32_t salt;
	size_t open_sessions;
	struct sip_oc oc;
	uint32_t waited_ms; /* of the message that is being taken */
	sip_wire_fn wire;
	void *wire_arg;
};

/* Test hook: before any sip_stack_listen(); no socket is opened then. */
void sip_stack_wire(struct sip_stack *s, sip_wire_fn fn, void *arg);
/* A datagram came to `place`; `data` is writable and may be changed. */
void sip_stack_input(struct sip_place *place, const struct addr *src, const struct addr *dst, char *data, size_t len);
/* A malformed request that came to `p` is answered, unless its sender is a stranger. */
void sip_stack_refuse(struct sip_place *p, struct sip_msg *req, const struct addr *src, const struct addr *dst, unsigned status, const char *why);
/* A datagram to `dst` was not delivered. */
void sip_stack_undelivered(struct sip_stack *s, const struct addr *dst, int err, struct slice sent);
void sip_waiting_acks_drop(struct sip_stack *s);
struct sip_place *sip_place_of(const struct sip_listener *l);
struct sip_place *sip_place_for(const struct sip_stack *s, const struct sip_listener *l, const struct addr *dst);
/* host:port of ours as `peer` shall see it. */
const char *sip_place_seen(const struct sip_place *p, const struct addr *peer);

#define SIP_BRANCH_SIZE 48
#define SIP_TOKEN_LEN 17
/* 64 random bits as 16 hex digits and NUL. */
void sip_token(struct sip_stack *s, char out[SIP_TOKEN_LEN]);
uint32_t sip_random(struct sip_stack *s, uint32_t below);

/* --- transport.c: writing and sending ------------------------------------------------------------------------------ */

/* A message text kept to be sent again. Reference-counted; one allocation. */
struct sip_block {
	size_t len;
	char text[];
};
struct sip_block *sip_block_new(struct slice text);
static inline struct slice sip_block_text(const struct sip_block *b)
{
	return slice_of(b->text, b->len);
}

int sip_send(struct sip_place *p, const struct addr *dst, struct slice text);
/* Whether `dst` can be sent to without a new connection. */
bool sip_place_reaches(const struct sip_place *p, const struct addr *dst);
static inline bool sip_place_reliable(const struct sip_place *p)
{
	return sip_transports[p->l.transport].reliable;
}
/* The Via line of a request of ours to `dst` (18.1.1, RFC 3581 3). */
void sip_put_via(struct buf *out, const struct sip_place *p, const struct addr *dst, struct slice branch);
/* Appends "\r\n"-ended lines. */
void sip_put(struct buf *out, const char *name, struct slice value);
/* "Name: a, b\r\n"; a list ends with NULL. */
void sip_put_list(struct buf *out, const char *name, const char *const *list);
/* All Via lines of a request that came in, with `received` and `rport` in the topmost (18.2.1, RFC 3581 4). */
/* `oc`: of a response, in which the client is told (RFC 7339); NULL: of a request that goes on. */
void sip_put_vias(struct buf *out, const struct sip_msg *req, const struct sip_oc *oc);
/* A whole response to `req`; `tag` is appended to To when it has none and status > 100. `extra` is header lines. */
struct sip_response {
	unsigned status;
	const char *reason;
	struct slice tag, extra, body_type, body;
};
void sip_write_response(struct buf *out, const struct sip_stack *s, const struct sip_msg *req, const struct sip_response *r);
/* Where a response to `req` goes (RFC 3261 18.2.2, RFC 3581 4). */
struct addr sip_response_addr(const struct sip_msg *req);
/* Answers without a transaction; the To tag is a function of the request, so that every copy gets the same. */
void sip_reply_stateless(struct sip_place *p, const struct sip_msg *req, unsigned status, const char *reason, struct slice extra);
/* Whether an ACK is for such an answer: it ends here. */
bool sip_acks_stateless(const struct sip_stack *s, const struct sip_msg *ack);
/* A header line of text written by us: its value, or absent. Names are compared without case. */
struct slice sip_text_hdr(struct slice lines, struct slice name);

/* --- server transactions -------------------------------------------------------------------------------------------- */

enum strans_state { STRANS_TRYING, STRANS_PROCEEDING, STRANS_COMPLETED, STRANS_CONFIRMED, STRANS_ACCEPTED, STRANS_TERMINATED };

/* What tells requests apart (17.2.3, 8.2.2.2). */
struct sip_identity {
	enum sip_method method;
	uint32_t cseq;
	uint16_t port; /* of sent-by */
	struct slice method_text, branch, host, ruri, call_id, from_tag, to_tag;
};

struct sip_strans {
	struct hash_link by_branch, by_call;
	struct sip_stack *stack; /* NULL when it is gone */
	struct sip_place *place;
	struct sip_msg *req;    /* NULL once it is answered for good and no user holds the transaction */
	struct sip_identity id; /* of `req`, whose text it points into; then into `id_text` */
	char *id_text;
	enum strans_state state;
	struct sip_block *last; /* the last response */
	struct addr reply_to;
	char tag[SIP_TOKEN_LEN];
	struct timer resend, end; /* G, or when the request may be let go; H, I, J or L */
	uint32_t interval;
	void (*cancel_fn)(void *arg, const struct sip_msg *cancel);
	void *cancel_arg;
};

int sip_strans_new(struct sip_strans **ret, struct sip_place *p, struct sip_msg *req);
/* One that an earlier process had: `tag` is the local one, `answer` the final answer it gave to an INVITE (2xx), absent: none yet. */
int sip_strans_restore(struct sip_strans **ret, struct sip_place *p, struct sip_msg *req, struct slice tag, struct slice answer);
/* The transaction a request belongs to (17.2.3): of `method`, or any but ACK and CANCEL when it is SIP_METHOD_OTHER + 1. */
struct sip_strans *sip_strans_find(const struct sip_stack *s, const struct sip_msg *req, enum sip_method method);
#define SIP_METHOD_CANCELLED (SIP_METHOD_OTHER + 1)
/* Another one with the same From tag, Call-ID and CSeq, though another branch (8.2.2.2). */
bool sip_strans_is_merged(const struct sip_stack *s, const struct sip_msg *req);
/* A retransmission of its request, or an ACK. */
void sip_strans_again(struct sip_strans *st);
void sip_strans_ack(struct sip_strans *st);
void sip_strans_cancel(struct sip_strans *st, const struct sip_msg *cancel);
/* Sends the last response once more (2xx: their retransmission is the session's affair). */
void sip_strans_resend(struct sip_strans *st);
/* Its client is at `now`, reached from `to`. A refusal that found no connection any more goes there. */
void sip_strans_moved(struct sip_strans *st, struct sip_place *to, const struct addr *now);
/* Sends a response that is written already (a proxy's); further 2xx after the first one too (RFC 6026 7.1). -EALREADY, -ENOMEM. */
int sip_strans_pass(struct sip_strans *st, unsigned status, struct slice text);
/* The 2xx has been acknowledged: it is not sent again, and copies of the request are swallowed (RFC 6026 7.1). */
void sip_strans_settled(struct sip_strans *st);
/* Whether the user has answered. */
bool sip_strans_answered(const struct sip_strans *st);
void sip_strans_end(struct sip_strans *st);

/* --- client transactions -------------------------------------------------------------------------------------------- */

enum ctrans_state { CTRANS_LOCATING, CTRANS_CALLING, CTRANS_TRYING, CTRANS_PROCEEDING, CTRANS_COMPLETED, CTRANS_ACCEPTED, CTRANS_TERMINATED };

/* ACK for the 2xx of one fork, kept to answer its retransmissions after the user has gone. */
struct sip_acked {
	struct link link;
	struct sip_place *place;
	struct addr dst;
	uint32_t tag_hash;
	struct sip_block *text;
};

struct sip_ctrans {
	struct hash_link by_branch, by_peer;
	struct sip_stack *stack;
	struct sip_place *place;
	struct addr dst;
	enum sip_method method;
	enum ctrans_state state;
	struct sip_block *request, *ack; /* ACK: for a final of 300 to 699 */
	char branch[SIP_BRANCH_SIZE];
	uint8_t branch_len;
	uint32_t user_hash; /* of the Request-URI's user: loop detection */
	struct addr flow;         /* of a peer that makes the connections itself: where that came from */
	struct sip_place *udp;    /* a large request that changed to TCP: where it came from */
	bool sent_again;          /* over a second connection */
	unsigned turn;
	struct timer resend, end; /* A or E; B, F, D, K or M */
	uint32_t interval;
	bool cancelled, cancel_sent;
	char *cancel_headers;
	struct list acked;
	struct sip_way *way; /* NULL: its next hop is an address */
	sip_response_fn fn;
	void *arg;
	void *owner; /* a reference given back when the machine has ended */
};

/* Sends a request that is written already (a proxy's): `branch` is the one in its topmost Via, `owner` is referenced until the machine has
 * ended. -ENOMEM. */
struct sip_flow;
int sip_ctrans_pass(struct sip_ctrans **ret, struct sip_place *p, const struct sip_flow *to, enum sip_method method, struct slice branch,
		    struct slice text, sip_response_fn fn, void *arg, void *owner);
/* An INVITE that an earlier process sent to `dst`, without a final answer: repeated until something comes, unless that was there already
 * (`proceeding`). `dials_in`: over a connection that the peer made. -EBADMSG: `request` is none of ours. */
int sip_ctrans_restore(struct sip_ctrans **ret, struct sip_place *p, const struct addr *dst, bool dials_in, struct slice request,
		       bool proceeding, sip_response_fn fn, void *arg);
void sip_ctrans_response(struct sip_ctrans *ct, const struct sip_msg *rsp);
struct sip_ctrans *sip_ctrans_find(const struct sip_stack *s, struct slice branch, enum sip_method method);
/* A request of ours that is still active and came back to us unchanged (8.2.2.2's sibling for a B2BUA). */
bool sip_ctrans_is_loop(const struct sip_stack *s, const struct sip_msg *req);
void sip_ctrans_fail(struct sip_ctrans *ct, int err);
void sip_ctrans_end(struct sip_ctrans *ct);
/* ctrans_conn.c. Before it is sent first: the transport for its size (18.1.1). */
void sip_ctrans_choose(struct sip_ctrans *ct);
void sip_ctrans_send(struct sip_ctrans *ct);
/* The way to its peer turns out to be narrower than it was when it was sent. */
void sip_ctrans_narrowed(struct sip_ctrans *ct);
/* By its peer, for when that one's connection ends or is made anew. */
void sip_ctrans_enlist_peer(struct sip_ctrans *ct);
/* The connection to `peer` ended, or could not be made (`was_open` false). */
void sip_ctrans_disconnected(struct sip_place *p, const struct addr *peer, int err, bool was_open);
/* Keeps an ACK (already sent) for 2xx retransmissions whose To tag is `tag`; takes a reference to `text`. */
int sip_ctrans_keep_ack(struct sip_ctrans *ct, struct slice tag, struct sip_place *p, const struct addr *dst, struct sip_block *text);
/* Sends the request for the first time, and its timers run. */
void sip_ctrans_start(struct sip_ctrans *ct);
/* Writes it for the place and address it has now, with a new branch; it has to be started. */
int sip_ctrans_readdress(struct sip_ctrans *ct);

/* ctrans_locate.c. 0: ct->place and dst are where `uri` leads. -EINPROGRESS: that is not known yet, the transaction will start by itself. Else they
 * stay as they are. */
int sip_ctrans_locate(struct sip_ctrans *ct, struct slice uri);
/* The place it was sent to has failed: whether there is another one, which it has been sent to. */
bool sip_ctrans_try_next(struct sip_ctrans *ct, const char *why, uint32_t retry_ms);
/* The same for a final answer, if it is one that means that. */
bool sip_ctrans_passed_over(struct sip_ctrans *ct, const struct sip_msg *rsp);

/* --- above them (session_request.c, session_connect.c) --------------------------------------------------------------- */

/* Whether a dialog of ours has it. */
bool sip_sessions_have(const struct sip_stack *s, const struct sip_msg *req);
/* A request inside a dialog: false when no dialog of ours has it. `st` is NULL for ACK. */
bool sip_sessions_request(struct sip_stack *s, struct sip_strans *st, const struct sip_msg *req);
/* A 2xx to an INVITE without a transaction: true when it is a dialog's that an earlier process confirmed; its ACK goes out again. */
bool sip_sessions_answered_again(struct sip_stack *s, const struct sip_msg *rsp);
/* A 2xx to an INVITE that nobody wants: ACK and BYE, from the response alone (13.2.2.4). */
void sip_fork_end(struct sip_ctrans *ct, const struct sip_msg *rsp);
void sip_sessions_close(struct sip_stack *s);
/* subscription.c: the same of subscriptions */
bool sip_subscriptions_request(struct sip_stack *s, struct sip_strans *st, const struct sip_msg *req);
bool sip_subscriptions_have(const struct sip_stack *s, const struct sip_msg *req);
void sip_subscriptions_close(struct sip_stack *s);
