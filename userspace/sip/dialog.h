/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialogs (RFC 3261 12): identity, route set, remote target and the two CSeq spaces. Private to the stack: users see
 * sessions. */
#pragma once
#include "sip/stack_priv.h"

struct sip_session;
struct sip_subscription;

struct sip_dialog {
	struct hash_link by_tag; /* in the stack, by local tag */
	struct link link;	 /* an early one: in its session */
	struct sip_stack *stack;
	struct sip_session *owner;	       /* whose it is: one of these two */
	struct sip_subscription *subscription;
	struct sip_place *heard_at; /* where the peer's messages come in */
	struct sip_place *place;    /* where requests leave */
	bool dials_in;              /* over a connection that the peer made: none can be made to it */
	char *text; /* holds the slices below */
	struct slice call_id, local, remote; /* local, remote: From and To values as we write them, with tags */
	struct slice local_tag, remote_tag;
	struct slice routes;	/* "Route: ...\r\n" lines */
	struct slice first_route; /* URI; absent: empty route set */
	bool strict;		/* the first route has no lr: it becomes the Request-URI (12.2.1.1) */
	char *target;		/* remote target URI */
	struct addr peer;	/* where the peer's messages come from */
	struct addr hop;	/* where requests go */
	bool named;		/* the way begins with a name: that is located, and `hop` is the last resort */
	uint32_t local_cseq, remote_cseq;
	bool remote_cseq_set;
	bool offered;	/* early: its last reliable provisional response carries an offer, whose answer the PRACK will carry */
	bool agreed;	/* early: offer and answer are complete (RFC 3262) */
	uint32_t rseq;	/* of the last reliable provisional response in it, 0: none */
};

/* From the INVITE we answer with `local_tag`, or from a response (101 to 299) to ours. -EBADMSG: no usable Contact or routes. */
int sip_dialog_uas(struct sip_dialog **ret, struct sip_place *p, struct sip_session *owner, const struct sip_msg *req,
		   struct slice local_tag);
int sip_dialog_uac(struct sip_dialog **ret, struct sip_place *p, struct sip_session *owner, const struct sip_msg *rsp);
/* One made without an owner is a subscription's from now on. */
void sip_dialog_use(struct sip_dialog *d, struct sip_subscription *sub);
/* The dialog of a request that came in, NULL when there is none. */
struct sip_dialog *sip_dialog_find(const struct sip_stack *s, const struct sip_msg *req);
/* 12.2.2: takes the CSeq of a request; false when it is out of order. */
bool sip_dialog_take_cseq(struct sip_dialog *d, const struct sip_msg *req);
/* 12.2.1.2, 12.2.2: a new remote target from the Contact of a target refresh. */
void sip_dialog_refresh(struct sip_dialog *d, const struct sip_msg *m);
/* A message of the peer came, maybe from another address or over another connection than before: it is reached there now. */
void sip_dialog_heard(struct sip_dialog *d, const struct sip_msg *m);
void sip_dialog_moved(struct sip_dialog *d, struct sip_place *to, const struct addr *now);

/* replaces.c: an INVITE dialog is over. */
void sip_ended_add(struct sip_ended *e, const struct sip_dialog *d);

/* A request inside the dialog with the next CSeq; `headers` are further lines. */
struct sip_dialog_request {
	enum sip_method method;
	struct slice headers, body_type, body;
};
int sip_dialog_send(struct sip_dialog *d, const struct sip_dialog_request *r, struct sip_ctrans **ret, sip_response_fn fn, void *arg);
/* Sends the ACK for the 2xx to our INVITE number `cseq` and leaves it with the transaction for retransmissions. */
int sip_dialog_ack(struct sip_dialog *d, struct sip_ctrans *invite, uint32_t cseq, struct slice headers, struct slice body_type,
		   struct slice body);
/* What an ACK carries besides. */
struct sip_ack_text {
	struct slice headers, body_type, body;
};
/* The same to a place that is known; and (ack_locate.c) when it has to be located. */
int sip_dialog_ack_to(struct sip_dialog *d, struct sip_place *p, const struct addr *dst, struct sip_ctrans *invite, uint32_t cseq,
		      const struct sip_ack_text *t);
int sip_dialog_ack_named(struct sip_dialog *d, struct sip_ctrans *invite, uint32_t cseq, const struct sip_ack_text *t);
/* The URI that requests go to first: the topmost route or the remote target. */
struct slice sip_dialog_next(const struct sip_dialog *d);
/* What makes the dialog, for a store; and the same dialog again in another process, by `owner`. -EBADMSG, -ENOMEM. */
void sip_dialog_save(const struct sip_dialog *d, struct buf *out);
int sip_dialog_restore(struct sip_dialog **ret, struct sip_place *p, struct sip_session *owner, struct slice record);
/* Appends "Contact: <sip:user@host:port>" as `peer` shall see us; `secure`: the dialog began with a sips: URI (RFC 3261 12.1.1). */
void sip_put_contact(struct buf *out, const struct sip_place *p, const struct addr *peer, struct slice user, bool secure);
