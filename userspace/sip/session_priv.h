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
	struct addr peer;
	struct sip_dialog *dialog; /* the confirmed one, or the only one of an incoming call */
	struct list early;	   /* outgoing: dialogs of 101 to 199 */
	unsigned n_early;

	/* what an outgoing INVITE is written from, in one block */
	char *store;
	struct slice ruri, from, to, headers, sdp, body_type, contact_user, auth_user, auth_password;
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

	struct sip_ctrans *probing; /* OPTIONS: is the peer still there? */
	bool probe_answered;
	struct timer probe;

	struct sip_ctrans *bye;
	char *bye_headers;
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
/* Contact, Allow and Supported lines for INVITE and its answers, unless `headers` has them; then `headers`. */
void session_put_common(struct buf *out, const struct sip_session *ss, const struct addr *peer, struct slice headers);
/* Allow alone. */
void session_put_allow(struct buf *out, const struct sip_stack *s);
void session_drop_ctrans(struct sip_ctrans **ct);
uint32_t session_ms(const struct sip_session *ss, enum sip_timer_id id);
/* Whether a 401 or 407 is to be answered: then the credentials are in ss->auth and the request is to be sent again. */
bool session_authorize(struct sip_session *ss, const struct sip_msg *rsp, struct slice method, struct slice uri);
void session_auth_reset(struct sip_session *ss);

/* Something that is saved has changed. */
void session_changed(const struct sip_session *ss);

/* session_accept.c: their INVITE, after a restart; takes over the reference */
void session_resume_uas(struct sip_session *ss, struct sip_strans *st);
/* ... our 2xx until its ACK */
void session_sent_2xx(struct sip_session *ss, struct sip_strans *st);
void session_take_ack(struct sip_session *ss, const struct sip_msg *ack);

/* session_connect.c */
void session_on_invite_response(void *arg, int err, const struct sip_msg *rsp);
void session_give_up(struct sip_session *ss, unsigned status, struct slice headers);

/* session_offer.c */
void session_take_invite(struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req);
void session_take_update(struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req);
void session_offer_drop(struct sip_session *ss);

/* session_bye.c */
void session_send_bye(struct sip_session *ss);
/* The dialog is gone or its peer is (RFC 3261 12.2.1.2): what is left is to say so; closed() with `status` follows. */
void session_lost(struct sip_session *ss, unsigned status);
void session_take_bye(struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req);

/* session_probe.c */
void session_probe_start(struct sip_session *ss);
/* The same for many at once: each begins at a time of its own. */
void session_probe_resume(struct sip_session *ss);
