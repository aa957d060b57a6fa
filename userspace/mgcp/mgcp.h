/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MGCP (RFC 3435): messages, and the transaction layer both sides share (3.5): identifiers, retransmission with back-off, at-most-once,
 * provisional responses, piggybacking. agent.h is the call agent's side, gateway.h the gateway's. */
#pragma once
#include "base/buf.h"
#include "net/addr.h"

enum mgcp_verb { MGCP_EPCF, MGCP_CRCX, MGCP_MDCX, MGCP_DLCX, MGCP_RQNT, MGCP_NTFY, MGCP_AUEP, MGCP_AUCX, MGCP_RSIP, MGCP_MESG, MGCP_VERB_OTHER };

/* Parameter lines, RFC 3435 3.2.2; X- extensions of ours are rows of the same table. */
enum mgcp_param_id {
	MGCP_P_OTHER, MGCP_P_BEARER_INFO /* B */, MGCP_P_CALL_ID /* C */, MGCP_P_CAPABILITIES /* A */, MGCP_P_CONNECTION_ID /* I */, MGCP_P_CONNECTION_MODE /* M */,
	MGCP_P_CONNECTION_PARAMS /* P */, MGCP_P_DETECT_EVENTS /* T */, MGCP_P_DIGIT_MAP /* D */, MGCP_P_EVENT_STATES /* ES */, MGCP_P_LOCAL_OPTIONS /* L */,
	MGCP_P_MAX_ENDPOINTS /* ZM */, MGCP_P_MAX_MGCP_DATAGRAM /* MD */, MGCP_P_NOTIFIED_ENTITY /* N */, MGCP_P_NUM_ENDPOINTS /* ZN */, MGCP_P_OBSERVED_EVENTS /* O */,
	MGCP_P_PACKAGE_LIST /* PL */, MGCP_P_QUARANTINE /* Q */, MGCP_P_REASON_CODE /* E */, MGCP_P_REQUEST_ID /* X */, MGCP_P_REQUESTED_EVENTS /* R */, MGCP_P_REQUESTED_INFO /* F */,
	MGCP_P_RESPONSE_ACK /* K */, MGCP_P_RESTART_DELAY /* RD */, MGCP_P_RESTART_METHOD /* RM */, MGCP_P_SECOND_CONNECTION /* I2 */, MGCP_P_SECOND_ENDPOINT /* Z2 */,
	MGCP_P_SIGNAL_REQUESTS /* S */, MGCP_P_SPECIFIC_ENDPOINT /* Z */,
	MGCP_P_X_SIGNALLING, /* X-Signalling: source address of the signalling, which may latch (RFC 7362) */
	MGCP_P_X_LATCH,      /* X-Latch: strict | nat */
	MGCP_P_X_ARM,        /* X-Arm: number; a new one re-arms the latch */
	MGCP_P_X_ADDRESS,    /* X-Address: name of the local address to use ("inside") */
	MGCP_P_X_SILENCE,    /* X-Silence: seconds without media, when some is due, before the gateway reports; 0: never */
	MGCP_P_X_WITH,       /* X-With: identifier of the transaction just before, which asked for any endpoint: the same one is meant */
	MGCP_P_X_QUALITY,    /* X-Quality: in DLCX/AUCX responses: MOS=4.3, ... */
	MGCP_P_MAX,
};

struct mgcp_param {
	enum mgcp_param_id id;
	struct slice name, value;
};

#define MGCP_MAX_PARAMS 64

struct mgcp_msg {
	bool command;
	enum mgcp_verb verb;
	struct slice verb_text;
	uint32_t tid; /* 1..999999999 */
	struct slice endpoint;        /* "rtpbridge/5@mg.example.net" */
	struct slice ep_local, ep_host; /* split at the '@' */
	struct slice version;         /* "MGCP 1.0" */
	unsigned code;                /* response */
	struct slice comment;
	uint8_t first[MGCP_P_MAX];    /* which of the parameters is the first of that name, from 1; 0: none */
	struct mgcp_param params[MGCP_MAX_PARAMS];
	unsigned n_params;
	struct slice sdp[2];          /* session descriptions after the empty line (CRCX responses may carry two) */
};

/* Parses one message at the start of *text (piggybacked ones are separated by a line of "."): *text moves past it. Slices point into text.
 * -EBADMSG: *code is the response code to give (510 protocol error, 505, 507, 511...) with tid filled in when it could be read, else 0. */
int mgcp_parse(struct mgcp_msg *ret, struct slice *text, unsigned *code);
/* Value of the first such parameter; absent: p == NULL. */
struct slice mgcp_param(const struct mgcp_msg *m, enum mgcp_param_id id);
/* One option of a LocalConnectionOptions / ConnectionParameters value ("p:20, a:PCMU" / "PS=10, OS=1"): sep ':' or '='. */
struct slice mgcp_option(struct slice list, struct slice name, char sep);
enum mgcp_verb mgcp_verb_parse(struct slice text);
const char *mgcp_verb_name(enum mgcp_verb v);
const char *mgcp_param_name(enum mgcp_param_id id);
/* Standard comment of a response code. */
const char *mgcp_code_text(unsigned code);

void mgcp_write_command(struct buf *out, enum mgcp_verb v, uint32_t tid, const char *endpoint);
void mgcp_write_response(struct buf *out, unsigned code, uint32_t tid, const char *comment);
void mgcp_write_text(struct buf *out, enum mgcp_param_id id, struct slice value);
void mgcp_write_param(struct buf *out, enum mgcp_param_id id, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Ends the message; `sdp` may be empty. */
void mgcp_write_end(struct buf *out, struct slice sdp);

/* --- the transaction layer (RFC 3435 3.5) -------------------------------------------------------------------------- */

struct mgcp_timers {
	uint32_t rto_ms;     /* first retransmission (default 400, RTO-TIMER) */
	uint32_t rto_max_ms; /* back-off limit (4 s) */
	uint32_t t_max_ms;   /* T-MAX: 20 s in all */
	uint32_t t_hist_ms;  /* T-HIST: 30 s */
	uint32_t longtran_ms; /* LONGTRAN-TIMER: 5 s, after a provisional response */
};
extern const struct mgcp_timers mgcp_default_timers;

struct mgcp_peer; /* one socket and its transactions, both directions: mem_deref() closes it */
struct mgcp_incoming; /* a command being answered, reference-counted: keep it to answer later */

typedef void (*mgcp_response_fn)(void *arg, int err, const struct mgcp_msg *rsp); /* err -ETIMEDOUT and rsp NULL when nothing came; provisional ones are not reported */

struct mgcp_peer_params {
	struct addr local; /* 127.0.0.1:2427 for a gateway, :2727 for a call agent */
	int fd;            /* handed over, or -1 */
	struct mgcp_timers timers;
	uint8_t dscp;
	/* A new command, once however often it is received. Answer with mgcp_reply(), now or later. */
	void (*on_command)(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src);
	/* An answer is about to be sent again, because its command came again: what must be heard before it goes with it. NULL: nothing. */
	void (*on_repeated)(void *arg, const struct addr *src);
	/* Whether datagrams from `src` are listened to; NULL: all. */
	bool (*allowed)(void *arg, const struct addr *src);
	void (*on_trace)(void *arg, bool sent, const struct addr *peer, struct slice text);
	void *arg;
};
int mgcp_peer_open(struct mgcp_peer **ret, const struct mgcp_peer_params *params);
int mgcp_peer_fd(const struct mgcp_peer *p);
const struct addr *mgcp_peer_local(const struct mgcp_peer *p);
void mgcp_peer_trace(struct mgcp_peer *p, bool on);
/* What a destination does not take: by default all habits are on. 0 or -ENOMEM. */
enum mgcp_habit { MGCP_HABIT_PIGGYBACK = 1 /* several messages a datagram, 3.5.5 */, MGCP_HABIT_CONFIRM = 2 /* K: in commands, 3.5.2 */ };
int mgcp_peer_habits(struct mgcp_peer *p, const struct addr *dst, unsigned habits);
/* A fresh transaction identifier for mgcp_write_command(). */
uint32_t mgcp_next_tid(struct mgcp_peer *p);
/* Sends a whole command (as written with that tid). Commands sent to one peer in one loop turn travel piggybacked in one datagram. */
int mgcp_command(struct mgcp_peer *p, const struct addr *dst, uint32_t tid, struct slice text, mgcp_response_fn fn, void *arg);
/* Nobody waits for its answer: it goes in one datagram with what is said to that peer next, after 20 ms at the latest. */
int mgcp_command_unhurried(struct mgcp_peer *p, const struct addr *dst, uint32_t tid, struct slice text, mgcp_response_fn fn, void *arg);
/* Asked, with the command's own argument, each time it has been repeated Max1 times to one address (4.3): where to repeat it from now on.
 * NULL: to the same. */
typedef const struct addr *(*mgcp_elsewhere_fn)(void *arg, const struct addr *silent);
void mgcp_elsewhere(struct mgcp_peer *p, uint32_t tid, mgcp_elsewhere_fn fn);
/* Its receiver has changed: it is repeated to that address from now on, at once. */
void mgcp_readdress(struct mgcp_peer *p, uint32_t tid, const struct addr *dst);
/* Sends it there too, once, in one datagram with what is said there in this loop turn (4.4.7). */
void mgcp_copy(struct mgcp_peer *p, uint32_t tid, const struct addr *dst);
/* Forgets the callbacks registered with `arg` (its owner goes away); the transactions run on. */
void mgcp_forget(struct mgcp_peer *p, const void *arg);
/* The whole response text, written with the command's tid. Kept for T-HIST to answer repetitions. */
int mgcp_reply(struct mgcp_incoming *in, struct slice text);
int mgcp_reply_code(struct mgcp_incoming *in, unsigned code, const char *comment);
/* Transactions alive (without the answered ones remembered for T-HIST). */
size_t mgcp_peer_pending(const struct mgcp_peer *p);
