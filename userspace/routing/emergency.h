/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which calls are emergency calls (RFC 5031, and what is dialled at a site), and where they go: pure configuration. */
#pragma once
#include "base/conf.h"
#include "sip/uri.h"

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
/* Whether digits that are dialled one by one at that address may become a number for help, or a test of one, when more come. */
bool emergency_may_follow(const struct conf *conf, const char *address, const char *digits);
/* Whether a trunk is one of those that take them at some site. */
bool emergency_takes(const struct conf *conf, const char *trunk);
/* The number dialled for a service where only numbers go. */
const char *emergency_number(const struct emergency *e, const char *dialled);
