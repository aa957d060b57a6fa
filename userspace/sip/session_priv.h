/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a session share. A session is one machine; its offers are a second, smaller one beside it.
 *
 *   outgoing: CALLING -> (ACK_DUE) -> UP        CALLING -> CANCELLING -> CLOSED
 *   incoming: RINGING -> ACK_WAIT -> UP         RINGING -> CLOSED
 *   both:     UP -> LEAVING -> CLOSED           ACK_WAIT -> LEAVING (the BYE waits for the ACK, RFC 3261 15)
 */
#pragma once
#include "sip/dialog.h"
#include "sip/session.h"

enum session_state {
	SESSION_CALLING,    /* our INVITE has no final answer */
	SESSION_CANCELLING, /* nor shall it have a good one */
	SESSION_RINGING,    /* their INVITE has no final answer */
	SESSION_ACK_WAIT,   /* our 2xx has no ACK */
	SESSION_ACK_DUE,    /* their 2xx carried the offer: the user owes the ACK */
	SESSION_UP,
	SESSION_LEAVING,
	SESSION_CLOSED,
};

struct session_reliable;

enum { AUTH_TRIED_401 = 1, AUTH_TRIED_407 = 2 };

/* A request of ours that may have to be sent again with credentials. */
struct session_auth {
	unsigned tried;
	struct buf lines; /* Authorization and Proxy-Authorization */
};

struct sip_session {
	struct link link;
	struct sip_stack *stack; /* NULL once it is gone */
	struct sip_place *place;
	const struct sip_session_handlers *h; /* NULL: detached */
	void *arg;
	enum session_state state;
	bool outgoing, invite_had_offer, forwarded;
	bool secure; /* the INVITE went to a sips: URI */
	struct addr peer;
	bool dials_in; /* outgoing: over a connection that the peer made */
	struct sip_dialog *dialog; /* the confirmed one, or the only one of an incoming call */
	struct list early;	   /* outgoing: dialogs of 101 to 199 */
	unsigned n_early;

	/* what an outgoing INVITE is written from, in one block */
	char *store;
	struct slice ruri, from, to, headers, sdp, body_type, contact_user;
	struct digest_login login;
	char call_id[SIP_TOKEN_LEN], tag[SIP_TOKEN_LEN];
	uint32_t cseq, max_forwards, ring_ms;
	struct timer ring; /* ring_ms or Timer C; incoming: repeats the last provisional */
	struct session_auth auth;

	struct sip_ctrans *invite; /* our INVITE or re-INVITE */
	uint32_t ack_cseq;	   /* of the 2xx that the user owes an ACK */
	bool ack_due;
	struct sip_strans *uas; /* their INVITE: until the ACK; their re-INVITE or UPDATE: until the ACK or answer */
	struct timer resend_2xx, no_ack;
	uint32_t interval_2xx, uas_cseq;

	/* our offer: re-INVITE */
	bool offering;
	char *offer_store;
	struct slice offer_headers, offer_sdp;
	struct timer offer_retry;

	/* before the answer */
	struct session_reliable *reliable; /* incoming: provisional responses of ours that want a PRACK; NULL: the caller takes none */
	struct sip_strans *early_uas;	   /* their UPDATE or PRACK with an offer */
	struct sip_ctrans *update;	   /* our UPDATE with one */
	struct session_auth update_auth;
	bool allows_update;		   /* the peer does */
	uint32_t invite_cseq;		   /* incoming: of the INVITE that began it */

	/* how long it lives without a refresh */
	uint32_t expires_s, least_s; /* 0: for ever; Min-SE that the peer's side wants */
	uint8_t n_422;
	bool refresher;
	int64_t refreshed; /* UTC */
	struct timer refresh, expiry;
	struct sip_ctrans *refreshing;

	struct list asked; /* other requests of ours that may be challenged (session_send.c) */
	struct sip_ctrans *probing; /* OPTIONS: is the peer still there? */
	bool probe_answered;
	struct timer probe;

	struct sip_ctrans *bye;
	char *login_store; /* incoming: what login points into */
	char *bye_store;
	struct slice bye_headers, bye_body;
	unsigned end_status; /* what closed() will say */
	struct timer end;    /* closed() a little later, never from inside the user's own call */
};

/* session.c */
int session_new(struct sip_session **ret, struct sip_stack *s, struct sip_place *p, const struct sip_session_handlers *h, void *arg);
void session_state(struct sip_session *ss, enum session_state now, const char *why);
/* The end: closed() once. The caller holds a reference. */
void session_close(struct sip_session *ss, unsigned status, const struct sip_msg *msg);
/* The same from the next timer tick, with no message. */
void session_close_soon(struct sip_session *ss, unsigned status);
/* Notes what the Allow of a message says. */
void session_note_allow(struct sip_session *ss, const struct sip_msg *m);
/* Contact, Allow and Supported lines for INVITE and its answers, unless `headers` has them; then `headers`. */
void session_put_common(struct buf *out, const struct sip_session *ss, const struct addr *peer, struct slice headers);
/* The type of a body: that of a description, or none when `headers` tell it. */
struct slice session_body_type(struct slice headers, struct slice body);
void session_drop_ctrans(struct sip_ctrans **ct);
uint32_t session_ms(const struct sip_session *ss, enum sip_timer_id id);
/* Whether a 401 or 407 is to be answered: then the credentials are in `a` and the request is to be sent again. */
bool session_authorize(const struct sip_session *ss, struct session_auth *a, const struct sip_msg *rsp, enum sip_method method, struct slice uri);
void session_auth_reset(struct session_auth *a);

/* Something that is saved has changed. */
void session_changed(const struct sip_session *ss);

/* session_accept.c: a response to their INVITE with what all of them carry */
int session_reply_invite(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp);
/* ... their INVITE, after a restart; takes over the reference */
void session_resume_uas(struct sip_session *ss, struct sip_strans *st);
/* ... our 2xx until its ACK */
void session_sent_2xx(struct sip_session *ss, struct sip_strans *st);
void session_take_ack(struct sip_session *ss, const struct sip_msg *ack);

/* session_send.c: a request in a dialog of its, which is sent again with credentials when it is asked for them; `fn` may be NULL */
int session_ask(struct sip_session *ss, struct sip_dialog *d, const struct sip_dialog_request *r, sip_response_fn fn, void *arg);
void session_asked_drop(struct sip_session *ss);

/* session_connect.c */
void session_on_invite_response(void *arg, int err, const struct sip_msg *rsp);
void session_give_up(struct sip_session *ss, unsigned status, struct slice headers);

/* session_offer.c */
void session_take_invite(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req);
void session_take_update(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req);
void session_offer_drop(struct sip_session *ss);
/* Ours is over, or has to be made again after a glare. */
void session_offer_done(struct sip_session *ss, unsigned status, const struct sip_msg *msg);
void session_offer_glare(struct sip_session *ss);
/* Whether theirs can be shown to the user; refused otherwise. */
bool session_offer_fits(struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req);
void session_refuse_glare(struct sip_strans *st);
void session_refuse_overlap(struct sip_session *ss, struct sip_strans *st);

/* session_early.c: offers before the answer */
void session_take_early_offer(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req);
int session_reply_early(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp);
/* Sends what is in ss->offer_*; -ENOTCONN: not before the answer. */
int session_update_send(struct sip_session *ss);
void session_early_drop(struct sip_session *ss);

/* session_reliable.c */
int session_reliable_start(struct sip_session *ss, const struct sip_msg *invite);
/* Sent, or kept until its turn: 0. -EAGAIN: is to be sent as any other. */
int session_reliable_progress(struct sip_session *ss, unsigned status, struct slice headers, struct slice sdp);
int session_reliable_answer(struct sip_session *ss, struct slice headers, struct slice sdp);
/* The answer that is kept. */
bool session_reliable_held(const struct sip_session *ss, struct slice *headers, struct slice *sdp);
/* Whether the first offer and answer are complete. */
bool session_reliable_agreed(const struct sip_session *ss);
void session_reliable_drop(struct sip_session *ss);
void session_take_prack(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req);
/* Acknowledges a provisional response when it wants that; false: it is not to be seen (now). `d`: its dialog, may be NULL. */
bool session_prack(struct sip_session *ss, struct sip_dialog *d, const struct sip_msg *rsp);
/* The dialog, of that remote tag or of any, whose offer is to be answered in the PRACK, NULL; and that PRACK. */
struct sip_dialog *session_offered_dialog(const struct sip_session *ss, struct slice tag);
int session_prack_answer(struct sip_session *ss, struct sip_dialog *d, struct slice sdp);

/* session_timer.c */
/* Session-Expires for a request of ours. */
void session_timer_ask(struct buf *out, const struct sip_session *ss);
/* A 2xx came to it. */
void session_timer_granted(struct sip_session *ss, const struct sip_msg *rsp);
/* 422: it is to be asked again, for longer. */
bool session_timer_too_short(struct sip_session *ss, const struct sip_msg *rsp);
/* Their request wants less than we allow: then it has been answered. */
bool session_timer_refuse(const struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req);
/* What our 2xx says of it; takes effect. */
void session_timer_grant(struct buf *out, struct sip_session *ss, const struct sip_msg *req);
void session_timer_resume(struct sip_session *ss);
void session_timer_stop(struct sip_session *ss);

/* session_bye.c */
/* What the BYE will carry; -ENOMEM: nothing. */
int session_bye_keep(struct sip_session *ss, struct slice headers, struct slice body);
void session_send_bye(struct sip_session *ss);
/* The dialog is gone or its peer is (RFC 3261 12.2.1.2): what is left is to say so; closed() with `status` follows. */
void session_lost(struct sip_session *ss, unsigned status);
void session_take_bye(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req);

/* session_probe.c */
void session_probe_start(struct sip_session *ss);
/* The same for many at once: each begins at a time of its own. */
void session_probe_resume(struct sip_session *ss);
