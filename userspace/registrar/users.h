/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The users of a configuration, by name, number and domain. A user of no domain is served in all that have no user of that name themselves. */
#pragma once
#include "base/conf.h"
#include "base/hash.h"
#include "sip/digest.h"

struct users; /* reference-counted, immutable: a reload makes another */

struct user {
	struct hash_link by_id, by_name;
	const char *id;   /* title of its section: unique */
	const char *name; /* user part of its address */
	struct slice domain; /* empty: none of its own */
	unsigned realm;   /* index */
	const struct conf_part *conf;
	unsigned algs;    /* bit mask of enum digest_alg */
	char ha1[DIGEST_ALGS][DIGEST_HEX_LEN];
};

int users_new(struct users **ret, const struct conf *conf);
const struct conf *users_conf(const struct users *us);
/* Each domain with users of its own is a realm; 0 is sip.realm, for all others. */
unsigned users_realms(const struct users *us);
const char *users_realm(const struct users *us, unsigned i);
/* The realm of a host: that of its users, else 0. */
unsigned users_realm_of(const struct users *us, struct slice host);
/* By the title of the section; by the user part of an address in `domain`; by one of the numbers there. NULL: nobody. */
const struct user *users_by_id(const struct users *us, const char *id);
const struct user *users_by_name(const struct users *us, const char *name, struct slice domain);
const struct user *users_by_number(const struct users *us, const char *number, struct slice domain);
/* The one who stands in for whoever is not there: its password is nobody's. */
const struct user *users_decoy(const struct users *us);
/* The algorithms that are offered to whoever claims such a name and is not there: those of some user, always the same for a name. Else users with a choice of
 * their own could be told from nobody. */
unsigned users_decoy_algs(const struct users *us, struct slice name);
