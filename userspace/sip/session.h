/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session: one INVITE dialog usage (RFC 3261 12 to 15) with its offers and answers kept in order (RFC 3264, RFC 6337). The
 * stack keeps the dialogs, routes requests inside them, retransmits 2xx until ACK, and answers what the standard
 * already decides (481, 491, 500 with Retry-After, 487). The user sees calls, offers and answers. */
#pragma once
#include "sip/digest.h"
#include "sip/stack.h"

struct sip_session; /* reference-counted; mem_deref() of the last reference ends it without a message: call sip_session_bye() first */

struct sip_session_handlers {
	/* Outgoing: a 100: the peer is there. May be NULL. */
	void (*trying)(void *arg);
	/* Outgoing: 101..199. `sdp` may be empty; an early answer or not is the user's concern. Each early dialog of a forking
	 * downstream reports under its own tag. Where the INVITE carried no offer, sip_session_offered() tells whether this one does. */
	void (*progress)(void *arg, const struct sip_msg *rsp);
	/* Outgoing: the first 2xx. When the INVITE carried an offer, the body is the answer and ACK has been sent; when it
	 * carried none, nor has an earlier response been answered, the body is an offer and the user must call sip_session_ack() with the
	 * answer. 2xx of other forks are ACKed and ended with BYE inside. */
	void (*answered)(void *arg, const struct sip_msg *rsp);
	/* A re-INVITE (or UPDATE) arrived: answer with sip_session_reply_offer(). body empty: the user must put an offer into the 200. */
	void (*offer)(void *arg, const struct sip_msg *req);
	/* The re-INVITE that offer() has shown was given up by its sender: it has been answered with 487. May be NULL. */
	void (*offer_given_up)(void *arg);
	/* Our re-INVITE ended: status 200 with the answer in msg, or the failure (491 is retried inside, RFC 3261 14.1).
	 * msg NULL with 408/503 when nothing came. */
	void (*offer_done)(void *arg, unsigned status, const struct sip_msg *msg);
	/* The session timer wants a sign of life, and the peer knows no UPDATE: sip_session_offer() with what was described last. May be NULL. */
	void (*refresh)(void *arg);
	/* ACK for our 2xx; its body is the answer when our 2xx carried the offer. */
	void (*acked)(void *arg, const struct sip_msg *ack);
	/* Incoming: PRACK for the first description of ours (RFC 3262 5). From now on another is an offer, not the answer to the INVITE. The body
	 * is the answer when the INVITE carried no offer. May be NULL. */
	void (*agreed)(void *arg, const struct sip_msg *prack);
	/* INFO, MESSAGE, UPDATE without body, ... within the dialog; answer with sip_reply(). NULL: 405/501 by the stack. */
	void (*request)(void *arg, struct sip_strans *st, const struct sip_msg *req);
	/* The end, called exactly once, also after sip_session_bye(): status 0 and msg NULL: BYE sent and done; msg is a BYE: the peer hung up;
	 * msg is a response (300..699): outgoing call failed; msg is a CANCEL: incoming call was given up;
	 * msg NULL with status 408 or 503: nothing came (time-out or no route; also lost ACK), 481: the peer has lost the dialog.
	 * An outgoing call given up with sip_session_bye() ends with its response (487); one that rang out with 408 and no msg. */
	void (*closed)(void *arg, unsigned status, const struct sip_msg *msg);
	/* What sip_session_save() writes has changed; says nothing else, and comes often. May be NULL. */
	void (*changed)(void *arg);
};

struct sip_session_params {
	struct slice ruri;
	struct addr dst;
	const struct sip_listener *listener; /* NULL: chosen */
	bool flow;                           /* over a reliable transport: dst is where the peer's own connection came from (sip_request_params) */
	struct slice from_display, from_uri; /* without tag */
	struct slice to_display, to_uri;
	struct slice contact_user;
	struct slice headers;                /* further header lines: passed-through ones, Privacy, ... */
	struct slice sdp;                    /* the offer, maybe with other parts (RFC 5621), or those alone; empty: none */
	struct slice body_type;              /* empty: application/sdp */
	bool forwarded;                      /* continues another call: max_forwards is what is left of its hops, maybe 0; else 70 */
	uint32_t max_forwards;
	uint32_t ring_ms;                    /* give up (CANCEL) after this; 0: Timer C, 180 s */
	struct digest_login login; /* to answer 401/407 with; may be empty */
};

int sip_session_connect(struct sip_session **ret, struct sip_stack *s, const struct sip_session_params *p,
			const struct sip_session_handlers *h, void *arg);
/* Takes an incoming INVITE; sends nothing yet (100 goes out when nothing else does before on_request() returns). -EBADMSG: without a
 * usable Contact; it has been answered with 400. */
int sip_session_accept(struct sip_session **ret, struct sip_strans *st, struct slice contact_user,
		       const struct sip_session_handlers *h, void *arg);
/* Whose session has begun with an earlier INVITE of the same call, of the same Call-ID and From, without a tag in To, that has no final answer (RFC 3578 3.5):
 * its `arg`; NULL: there is none with these handlers. */
void *sip_session_earlier(const struct sip_strans *st, const struct sip_session_handlers *h);
/* Incoming, once: who we are to a caller that challenges requests of ours in the dialog. 0 or -ENOMEM. */
int sip_session_login(struct sip_session *ss, const struct digest_login *login);

/* Where `headers` have a Content-Type, here and below, that is what `sdp` is: a description with other parts (RFC 5621), or those alone. */

/* Incoming: 101..199. Sent reliably (RFC 3262) when the caller requires that, or can do it and there is a description; then it waits for
 * its turn, as the answer does. -ENODATA: the caller requires that and has made no offer, so that the first one has to. */
int sip_session_progress(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp);
/* Incoming: 200 with answer or offer. */
int sip_session_answer(struct sip_session *ss, struct slice headers, struct slice sdp);
/* Outgoing, INVITE without offer: the answer, in the ACK or in the PRACK. */
int sip_session_ack(struct sip_session *ss, struct slice sdp);
/* New offer by re-INVITE: -EINPROGRESS while another offer is open. Before the answer by UPDATE, once a reliable provisional response has
 * completed the first exchange (RFC 3311); -ENOTCONN: not yet, or the peer does not allow it. */
int sip_session_offer(struct sip_session *ss, struct slice headers, struct slice sdp);
/* Takes back an offer that has not been answered. true: its peer has nothing of it, as it waited after a glare, and offer_done() does not follow;
 * false: it does, be it for a CANCEL. */
bool sip_session_withdraw(struct sip_session *ss);
/* Answer to offer(): status 200 with sdp, or a refusal. */
int sip_session_reply_offer(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp);
/* Ends it in whatever state: CANCEL (which has no body), BYE or `status`, 300..699, to an unanswered incoming one (else: 480). closed() follows when it is over. */
void sip_session_bye(struct sip_session *ss, unsigned status, struct slice headers, struct slice body);
/* Sends another request within the confirmed dialog (INFO, MESSAGE, ...); `fn` as in sip_request(), finals only. -ENOTCONN before the answer. */
int sip_session_request(struct sip_session *ss, enum sip_method method, struct slice headers, struct slice body_type, struct slice body,
			sip_response_fn fn, void *arg);
/* No more callbacks: the user is going away. */
void sip_session_detach(struct sip_session *ss);

/* What it takes to go on in another process, for a store: appended to `out`; nothing for one that is over. */
void sip_session_save(const struct sip_session *ss, struct buf *out);
/* The session again, without asking its peer; what is under way goes on: a 2xx until its ACK, CANCEL, BYE. A re-INVITE of the peer's that
 * nobody has answered gets 500 and Retry-After; one not answered yet has to be given up by the user. The login is what
 * challenges are answered with. -EBADMSG, -EADDRNOTAVAIL: we do not listen there any more, -ENOMEM. */
int sip_session_restore(struct sip_session **ret, struct sip_stack *s, struct slice record, const struct digest_login *login,
			const struct sip_session_handlers *h, void *arg);

/* Outgoing: whether that provisional response makes an offer, which sip_session_ack() is to answer. */
bool sip_session_offered(const struct sip_session *ss, const struct sip_msg *rsp);
struct slice sip_session_call_id(const struct sip_session *ss);
/* The peer's transport address. */
const struct addr *sip_session_peer(const struct sip_session *ss);
size_t sip_stack_sessions(const struct sip_stack *s);
