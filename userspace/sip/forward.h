/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a proxy needs of the stack (RFC 3261 16): passing on what came in, copied once from its bytes with the few edits a proxy makes.
 * Header lines go out as "Name: value", one line each, whatever they looked like, so that the next one reads what we read. */
#pragma once
#include "sip/stack.h"

/* Room for a branch and its NUL. */
#define SIP_FORWARD_BRANCH 48

/* Where something goes: from a listener to a peer. */
struct sip_flow {
	const struct sip_listener *listener;
	struct addr peer;
	bool own; /* the peer's own, which it registered or called from: no other transport or connection leads there */
};

struct sip_rewrite {
	struct slice ruri;     /* Request-URI */
	struct slice branch;   /* of our Via */
	struct slice headers;  /* lines of ours in front of those that pass: Record-Route, Route, Path, Max-Breadth */
	uint32_t max_forwards;
	const struct sip_hdr *consumed; /* a line that was for us alone; NULL */
	bool routes;           /* Route lines that came do not pass: `headers` has those that remain */
};

/* Through a client transaction, which holds a reference on `owner` until it ends. `fn` is called as sip_request() says; each 2xx to INVITE
 * comes, also repeated ones. *ret is a reference of the caller's. -ENOMEM. */
int sip_forward_request(struct sip_ctrans **ret, const struct sip_flow *to, const struct sip_rewrite *how, const struct sip_msg *req,
			sip_response_fn fn, void *arg, void *owner);
/* Without one. */
int sip_forward_request_once(const struct sip_flow *to, const struct sip_rewrite *how, const struct sip_msg *req);
/* A response without its topmost Via, through the server transaction of its request.
 * `extra` is further header lines. -EALREADY: there was a final answer; -EBADMSG: no Via is left. */
int sip_forward_response(struct sip_strans *st, const struct sip_msg *rsp, struct slice extra);
/* After the final answer: what came is not needed any more, though the transaction is, for further 2xx. */
void sip_strans_forget_request(struct sip_strans *st);
/* The same without a transaction, to where the Via below says (18.2.2). */
int sip_forward_response_once(const struct sip_listener *l, const struct sip_msg *rsp);
/* Answers a request that has no transaction; nothing is kept. */
void sip_refuse_once(const struct sip_listener *l, const struct sip_msg *req, unsigned status, struct slice extra);
/* The Via below the topmost one: 0, -EBADMSG: there is none. */
int sip_via_below(struct sip_via *ret, const struct sip_msg *m);

/* Whether its peer can be reached on it: over a connection only while that lasts. */
bool sip_flow_is_open(const struct sip_flow *flow);

/* The listener that host and port name (0: the transport's default), as peers see it or as it is bound; SIP_TRANSPORTS: of any transport.
 * NULL: none. */
const struct sip_listener *sip_stack_listener_at(const struct sip_stack *s, enum sip_transport transport, struct slice host, uint16_t port);
/* The same for a URI and the transport it asks for; for a Via value. */
const struct sip_listener *sip_stack_listener_of_uri(const struct sip_stack *s, const struct sip_uri *uri);
const struct sip_listener *sip_stack_listener_of_via(const struct sip_stack *s, const struct sip_via *via);
/* "host:port" of ours as `peer` shall see it. */
struct slice sip_listener_text(const struct sip_listener *l, const struct addr *peer);
