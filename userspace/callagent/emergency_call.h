/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Emergency calls: which they are (RFC 5031, and what is dialled at a site), where they go, what is different with them (RFC 6881). */
#pragma once
#include "callagent/call.h"
#include "callagent/plan.h"

/* Also what a call's record says of it. */
enum emergency_kind { EMERGENCY_NONE, EMERGENCY_CALL, EMERGENCY_TEST };

/* A call as one, and the `site` section whose rules hold for it; NULL: there is none. */
struct emergency {
	enum emergency_kind kind;
	const struct conf_part *site;
	char service[64]; /* "urn:service:sos", "urn:service:sos.police", "urn:service:test.sos" */
};

/* What a request for `uri` is, by a user (NULL: not known) at an address section (NULL): urn:service:sos everywhere, numbers by the user's site, else the
 * address's, else the first one. */
struct emergency emergency_of(const struct conf *conf, const struct sip_uri *uri, const struct conf_part *user, const char *address);
/* Whether it may be one at any site: what must not be refused before more is known. */
bool emergency_maybe(const struct conf *conf, const struct sip_uri *uri);
/* The number dialled for a service where only numbers go. */
const char *emergency_number(const struct emergency *e, const char *dialled);

/* The call is one: its record and an alarm say so at once. */
void emergency_began(struct call *c, const struct emergency *e);
/* It is over; call.c asks for each call. */
void emergency_over(const struct call *c);
/* Ends a call that is none on that trunk, the newest: there is a line free then. False: there was none. */
bool emergency_preempt(struct calls *cs, const char *trunk);
/* Whether that user is in such a call: no other call waits for him meanwhile (RFC 6881 ED-62 to ED-66). */
bool emergency_engages(const struct calls *cs, const char *user);
/* A call from `trunk` to `user` may be the answerer's call back: within a time after such a call, his services stay off for it. */
bool emergency_calls_back(const struct calls *cs, const char *trunk, const char *user);
