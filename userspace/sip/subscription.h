/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A subscription: one SUBSCRIBE dialog usage (RFC 6665 4), or the one that a REFER outside of dialogs makes (RFC 3515 2.4.4), either end of it. The
 * stack keeps the dialog and routes requests inside it; event packages, expiry and what a NOTIFY says are the user's. */
#pragma once
#include "sip/digest.h"
#include "sip/stack.h"

struct sip_subscription; /* reference-counted; mem_deref() of the last reference ends it without a message */

struct sip_subscription_handlers {
	/* The first request of ours ended: 2xx, a failure, or NULL with a negative errno. */
	void (*opened)(void *arg, int err, const struct sip_msg *rsp);
	/* SUBSCRIBE (of the subscriber) or NOTIFY (of the notifier) came: answer with sip_subscription_reply(). */
	void (*request)(void *arg, struct sip_strans *st, const struct sip_msg *req);
};

struct sip_subscription_params {
	enum sip_method method;   /* SIP_SUBSCRIBE, SIP_REFER */
	struct slice ruri;
	struct addr dst;
	const struct sip_listener *listener;
	struct slice from, to;    /* name-addr without tag */
	struct slice contact_user;
	struct slice headers;     /* further lines: Event, Expires, Accept, ... */
	struct slice body_type, body;
	uint32_t max_forwards;    /* of what it continues */
	struct digest_login login; /* may be empty */
};

/* Sends the SUBSCRIBE or REFER. */
int sip_subscription_open(struct sip_subscription **ret, struct sip_stack *s, const struct sip_subscription_params *p,
			  const struct sip_subscription_handlers *h, void *arg);
/* Takes an incoming SUBSCRIBE or REFER; sends nothing. -EBADMSG: without a usable Contact. */
int sip_subscription_accept(struct sip_subscription **ret, struct sip_strans *st, struct slice contact_user,
			    const struct sip_subscription_handlers *h, void *arg);
/* Answers a request of the dialog, the first one too, with Contact and the given lines. */
int sip_subscription_reply(struct sip_subscription *sub, struct sip_strans *st, unsigned status, struct slice headers);
/* A request within the dialog, as sip_request(); -ENOTCONN before there is one. */
int sip_subscription_request(struct sip_subscription *sub, enum sip_method method, struct slice headers, struct slice body_type, struct slice body,
			     sip_response_fn fn, void *arg);
/* No more callbacks. */
void sip_subscription_detach(struct sip_subscription *sub);

/* For a store: nothing is written before there is a dialog. And again in another process: -EBADMSG, -EADDRNOTAVAIL, -ENOMEM. */
void sip_subscription_save(const struct sip_subscription *sub, struct buf *out);
int sip_subscription_restore(struct sip_subscription **ret, struct sip_stack *s, struct slice record, const struct sip_subscription_handlers *h,
			     void *arg);
