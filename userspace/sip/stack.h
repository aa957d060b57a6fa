/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SIP stack of a user agent: transport, transactions (RFC 3261 17, RFC 6026) and, above them, dialogs and INVITE
 * sessions (session.h). One stack a process is usual; nothing in it is global. */
#pragma once
#include "sip/limits.h"
#include "sip/locate.h"
#include "sip/transports.h"

struct sip_stack; /* mem_deref() ends it: pending transactions end without callbacks */
struct sip_strans; /* a server transaction, reference-counted */
struct sip_ctrans; /* a client transaction, reference-counted */

/* RFC 3261 17: milliseconds. T2, T4 and the rest follow RFC 3261 table 4. */
struct sip_timers {
	uint32_t t1, t2, t4;
};

/* A place the stack listens at: one transport of one named address. */
struct sip_listener {
	const char *name;      /* of the address in the configuration ("inside") */
	enum sip_transport transport;
	struct addr local;     /* bound */
	struct addr advertised; /* what peers outside `nets` see: behind one-to-one NAT; unset: `local` */
	const struct prefix *nets; /* local networks, which see `local`; kept, not copied */
	unsigned n_nets;
	uint8_t dscp;
	int fd;                /* handed over by tandem-keep, or -1 */
	struct tls *tls;       /* of SIP_TLS and SIP_WSS: a reference is taken. Without a certificate in it connections are only made, none taken */
	const char *const *origins; /* of SIP_WS and SIP_WSS: pages that may connect (websocket.h); kept, not copied */
};

/* How many connections there may be, and how long they may take; milliseconds and bytes. */
struct sip_conn_limits {
	unsigned total, per_source;
	uint32_t receive_ms; /* to connect and shake hands, to begin with a message, and to finish one that has begun */
	uint32_t idle_ms;    /* without a byte received */
	uint32_t keepalive_ms; /* how often those that we make are kept alive (RFC 5626 4.4.1), less up to a fifth; 0: never */
	size_t queue;        /* waiting for a peer that does not read */
};

/* Who takes a request that neither a transaction nor a dialog of ours has: the user agent (8.2), a proxy that keeps transactions, or
 * one that keeps nothing (16). */
enum sip_core { SIP_CORE_UA, SIP_CORE_PROXY, SIP_CORE_STATELESS };

/* Who is listened to, and what was learnt of him; any may be NULL. `secure`: over a connection. */
struct sip_watch {
	/* Asked before anything of a message is read: false: it is dropped. */
	bool (*admits)(void *arg, const struct addr *src, bool secure, struct slice text);
	/* A stranger is told nothing about us: no Server, no reasons, and one answer to all that strangers may not. */
	bool (*knows)(void *arg, const struct addr *src);
	/* It has shown that it receives what is sent there: a random tag of ours came back. */
	void (*proven)(void *arg, const struct addr *src);
	void (*malformed)(void *arg, const struct addr *src);
	void (*stranger)(void *arg, const struct addr *src); /* refused for being one */
	/* Whether requests to `listens` may go over a plain connection from the same host whose sender says that it listens there (RFC 5923 9: nothing proves it). */
	bool (*reuses)(void *arg, const struct addr *listens);
	/* Whether there is time for a request that no transaction has: 0; or the seconds of Retry-After of its 503; or negative: it is dropped,
	 * for it is being repeated. It waited that long in a socket. */
	int (*busy)(void *arg, const struct sip_msg *req, uint32_t waited_ms);
	void *arg;
	unsigned stranger_status; /* 0: silence */
};

struct sip_stack_params {
	struct sip_timers timers;
	uint32_t probe_ms;  /* how often answered sessions ask their peer for a sign of life; 0: never */
	const char *server; /* Server and User-Agent value */
	/* A new request that no transaction, dialog or session took: in-dialog ones for unknown dialogs have been answered with
	 * 481. The handler answers through sip_reply(), accepts a session, or keeps a reference and answers later. */
	void (*on_request)(void *arg, struct sip_strans *st, const struct sip_msg *req);
	/* Asked before a transaction is made; NULL: everything is the user agent's. */
	enum sip_core (*core)(void *arg, const struct sip_listener *l, const struct sip_msg *req);
	/* A request for SIP_CORE_PROXY, inside a dialog or not; CANCELs of its transactions do not come (sip_strans_on_cancel()). */
	void (*on_proxy)(void *arg, struct sip_strans *st, const struct sip_msg *req);
	/* What a proxy passes on without a transaction: requests of SIP_CORE_STATELESS, ACKs to 2xx, CANCELs that match nothing, and
	 * responses that no transaction wants (false: not ours either). */
	bool (*on_stateless)(void *arg, const struct sip_listener *l, const struct sip_msg *m);
	/* A connection that we had made has ended; NULL. */
	void (*on_disconnected)(void *arg, const struct sip_listener *l, const struct addr *peer);
	/* Every message sent or received, for `trace`; NULL when nobody looks. `sent` says which. */
	void (*on_trace)(void *arg, bool sent, const struct sip_listener *l, const struct addr *local, const struct addr *peer, struct slice text);
	void *arg;
	struct sip_limits limits;
	struct sip_conn_limits conns;
	/* What Allow and Supported tell; lists end with NULL. NULL: what sessions do by themselves. */
	const char *const *methods, *const *extensions;
	uint32_t session_expires_s, min_se_s; /* session timers (RFC 4028): asked for, 0: not; the least that a peer may ask for */
	struct sip_watch watch;
	struct sip_locator *locator; /* locate.h; NULL: names in URIs lead nowhere. A reference is taken */
};

int sip_stack_open(struct sip_stack **ret, const struct sip_stack_params *params);
int sip_stack_listen(struct sip_stack *s, const struct sip_listener *l);
/* Overload control by feedback (RFC 7339): what clients that know it are told to hold back, in percent; whether we ask servers for it. */
void sip_stack_set_loss(struct sip_stack *s, unsigned loss);
void sip_stack_ask_loss(struct sip_stack *s, bool ask);
/* Whether the sender of a request knows it. */
bool sip_is_loss_controlled(const struct sip_msg *req);
void sip_stack_watch(struct sip_stack *s, const struct sip_watch *watch);
void sip_stack_set_limits(struct sip_stack *s, const struct sip_limits *limits, const struct sip_conn_limits *conns);
/* Switches the trace callback on and off, so that an unwatched stack formats nothing. */
void sip_stack_trace(struct sip_stack *s, bool on);
/* The listener a peer is reached from over `transport`: by name and the peer's family, or (name NULL) by routing of the kernel; NULL: none. */
const struct sip_listener *sip_stack_listener(const struct sip_stack *s, const char *name, enum sip_transport transport,
					      const struct addr *peer);
/* What can be connected or sent to from the addresses of that name, NULL or empty: from all. */
struct sip_reach sip_stack_reach(const struct sip_stack *s, const char *name);
/* The address that `peer` shall see for this listener (local or advertised). */
const struct addr *sip_listener_seen(const struct sip_listener *l, const struct addr *peer);
/* Descriptor of a listener's socket, to store with tandem-keep; -1: it has none. */
int sip_listener_fd(const struct sip_listener *l);
/* Listens at one that could not be served before: there was no certificate. */
int sip_stack_serve(const struct sip_listener *l);
/* Takes what tandem-keep held of an earlier process's TCP connections; after all sip_stack_listen(). */
void sip_stack_adopt(struct sip_stack *s);
/* The peer that was reached over the connection from `was` is back, as `now`: what waits for it goes there, and so does what comes later in its
 * dialogs. */
void sip_stack_moved(struct sip_stack *s, enum sip_transport transport, const struct addr *was, const struct sip_listener *l, const struct addr *now);
/* Whether the message came over TLS, or secure WebSocket, from somebody whose verified certificate is for `name` (RFC 5922). */
bool sip_msg_verified(const struct sip_msg *m, struct slice name);
/* The same of whoever has a connection from `src`. */
bool sip_stack_verified(const struct sip_stack *s, const struct addr *src, struct slice name);
/* Who sent it is to be heard over its connection at least that often from now on, else its flow has failed (RFC 5626 4.4); 0: no more than others. */
void sip_msg_expect(const struct sip_msg *m, uint32_t ms);

/* A connection, for whoever looks at them. */
struct sip_conn_info {
	const struct sip_listener *listener;
	const struct addr *local, *peer;
	const char *state;
	bool accepted;
	uint64_t age_ms, idle_ms, rx_bytes, tx_bytes;
	size_t queued;
	const char *tls, *names; /* version; what its verified certificate is for; "" */
};
/* A non-zero return ends the walk. */
int sip_conns_each(const struct sip_stack *s, int (*fn)(void *arg, const struct sip_conn_info *c), void *arg);
/* Transactions alive: tests assert zero. */
size_t sip_stack_transactions(const struct sip_stack *s);

/* --- server side ------------------------------------------------------------------------------------------------ */

/* Answers a request through its server transaction. `extra` is header text ("Name: value\r\n"...), may be absent; `body` too, with
 * its type. To gets a tag (the transaction's own, stable) above 100. A second final answer is refused with -EALREADY. */
int sip_reply(struct sip_strans *st, unsigned status, const char *reason, struct slice extra, struct slice body_type, struct slice body);
/* The final answer to somebody who has not shown who he is: sent once and forgotten, transaction and all, so that a flood with made-up
 * senders neither takes memory nor is multiplied by retransmissions (RFC 3261 26.3.2.4, 8.2.7). The To tag is a function of the request. */
int sip_reply_once(struct sip_strans *st, unsigned status, const char *reason, struct slice extra);
/* The one answer to strangers, or none; the transaction is forgotten. */
void sip_refuse_stranger(struct sip_strans *st);
int sip_replyf(struct sip_strans *st, unsigned status, const char *reason, const char *extra_fmt, ...) __attribute__((format(printf, 4, 5)));
const struct sip_msg *sip_strans_request(const struct sip_strans *st);
/* Whether a final answer was given. */
bool sip_strans_final(const struct sip_strans *st);
/* The local tag that answers above 100 carry. */
struct slice sip_strans_tag(const struct sip_strans *st);
/* The listener it came in on. */
const struct sip_listener *sip_strans_listener(const struct sip_strans *st);
/* INVITE only: called once when a CANCEL for it arrives (200 to the CANCEL is already sent; the user answers 487). */
void sip_strans_on_cancel(struct sip_strans *st, void (*fn)(void *arg, const struct sip_msg *cancel), void *arg);

/* --- client side ------------------------------------------------------------------------------------------------ */

/* `rsp` is NULL on time-out (err -ETIMEDOUT: treat as 408) or transport failure (other errno: treat as 503). Provisional ones come too.
 * For an INVITE every 2xx comes, also retransmitted and forked ones; the caller ACKs them. Other finals are ACKed by the
 * transaction and come once. */
typedef void (*sip_response_fn)(void *arg, int err, const struct sip_msg *rsp);

struct sip_request_params {
	enum sip_method method;
	struct slice method_text; /* for SIP_METHOD_OTHER */
	struct slice ruri;
	struct addr dst;                    /* next hop, resolved */
	/* The next hop as a URI with a name, to be located (RFC 3263): each place is tried until one answers, with `listener`'s name; where there is none,
	 * `dst`. Empty: `dst` it is. */
	struct slice next;
	/* Over a reliable transport, when the peer made the connection by which it is reached: where that came from. When there is none
	 * the request waits for the peer's return (sip_stack_moved()), at most Timer B or F. NULL: transport failure ends it at once. */
	const struct addr *flow;
	const struct sip_listener *listener; /* says the transport; NULL: UDP, chosen for dst */
	/* All headers but Via, Max-Forwards, Content-* ; from From to whatever, as text lines. */
	struct slice headers;
	bool forwarded;        /* continues another request: max_forwards is what is left of its hops, maybe 0; else 70 */
	uint32_t max_forwards;
	struct slice body_type, body;
	bool emergency; /* not held back, whatever the server asked for (RFC 7339 5.10.1) */
};
/* `ret` may be NULL; otherwise the caller gets a reference of its own to give back with mem_deref(), which does not end the
 * transaction. User-Agent is added unless `headers` has it. -ENETUNREACH without a listener of the family of dst. */
int sip_request(struct sip_ctrans **ret, struct sip_stack *s, const struct sip_request_params *p, sip_response_fn fn, void *arg);
/* Sends CANCEL as RFC 3261 9.1 wants: at once when a provisional has come, else when it comes; never after a final. */
int sip_cancel(struct sip_ctrans *ct, struct slice extra_headers);
/* No more callbacks for this one; it runs on to absorb what comes. */
void sip_ctrans_detach(struct sip_ctrans *ct);
