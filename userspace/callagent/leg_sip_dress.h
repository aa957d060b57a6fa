/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a called side is told who calls, who is called and who has passed the call on: From, To, identities, Privacy, Diversion, History-Info. */
#pragma once
#include "routing/headers.h"
#include "callagent/plan.h"

struct dress {
	const struct target *target;
	const char *own_host;                /* ours as the called side sees it */
	const char *number, *display;        /* of the caller; the number as it is written there; "" when the caller sent none */
	enum presentation presentation;
	bool restyled;                       /* that number is not the one the caller sent, or does not stand where it stood */
	const struct diversions *diversions; /* NULL: nobody */
	const struct sip_msg *invite;        /* the caller's; NULL: it did not come by SIP, or a transfer makes us call */
	bool line;                           /* the caller is a telephone line: what is known of him is here alone */
};

/* From without its tag. `display` points into what `d` has. */
void dress_from(struct buf *uri, struct slice *display, const struct dress *d);
/* User part of Contact, escaped. */
void dress_contact(struct buf *user, const struct dress *d);
void dress_to(struct buf *uri, const struct dress *d);
/* What of it headers_pass() has to know. */
void dress_way(struct headers_way *way, const struct dress *d);
/* The header lines to go before those that pass, and behind them. `known`: somebody stands for who the caller is (RFC 3325). */
void dress_before(struct buf *out, const struct dress *d, bool known);
void dress_behind(struct buf *out, const struct dress *d);
/* Who has answered, where that is no SIP message's to say (RFC 4497 9.1.3): P-Asserted-Identity and Privacy. `t`: of the trunk it goes to; NULL: a user;
 * `told`: it may know who wants privacy. */
void dress_answer(struct buf *out, const struct shown *who, const struct trunk *t, const char *own_host, bool told);
