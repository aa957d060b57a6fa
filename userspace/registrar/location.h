/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The location service (RFC 3261 10): contacts by address of record, in memory and in the store. A change of one address of
 * record is made in a `struct location_update` and takes effect as a whole or not at all. */
#pragma once
#include "registrar/registrar.h"

struct location; /* reference-counted */
struct contact;  /* one binding, immutable and reference-counted */

enum { LOCATION_CONTACTS_MAX = 100 };

struct location_params {
	struct store *store; /* NULL: nothing survives */
	unsigned table;
	void (*on_change)(void *arg, const char *aor);
	void *arg;
};

/* Loads what is in the store; what has expired is dropped from it. */
int location_new(struct location **ret, const struct location_params *p);

struct location_update {
	struct location *l;
	const char *aor;
	struct contact *contacts[LOCATION_CONTACTS_MAX];
	unsigned n;
};

/* Starts with the contacts that are there. Ends with location_commit() or location_abort(). */
void location_begin(struct location_update *u, struct location *l, const char *aor);
/* The contact that is the same as `b`: by instance and reg-id when both are there (RFC 5626), else by URI. -1: none. */
int location_find(const struct location_update *u, const struct binding *b);
const struct binding *location_at(const struct location_update *u, unsigned i);
/* Whether it was put there by this update. */
bool location_is_new(const struct location_update *u, unsigned i);
/* Replaces the i-th, or adds one when i is -1; `b` is copied. -ENOMEM, -ENOSPC over LOCATION_CONTACTS_MAX, -EINVAL when its URI is none. */
int location_set(struct location_update *u, int i, const struct binding *b);
void location_remove(struct location_update *u, unsigned i);
/* 0, or negative errno with everything as it was before. */
int location_commit(struct location_update *u);
void location_abort(struct location_update *u);

/* Live contacts, highest q first, then the most recent first; returns how many were put into `out`. */
unsigned location_contacts(const struct location *l, const char *aor, struct binding *out, unsigned max);
/* Those of them that a SIP request can be sent to: not mailto: and the like. */
unsigned location_sip_contacts(const struct location *l, const char *aor, struct binding *out, unsigned max);
/* Whether a contact is registered from that address (of IPv6: from its /64). */
bool location_has_source(const struct location *l, const struct addr *src);
/* Those that temporary GRUUs with that number stand for; *aor is their address of record, valid until the registrar is called again. */
unsigned location_by_gruu(const struct location *l, uint64_t gruu, struct binding *out, unsigned max, const char **aor);
/* A number for new ones of that address of record. */
uint64_t location_new_gruu(const char *aor);
size_t location_count(const struct location *l);
/* Calls fn for each contact; a non-zero return ends the walk. */
int location_each(const struct location *l, int (*fn)(void *arg, const char *aor, const struct binding *b), void *arg);
/* Ends the contacts of every address of record for which keep() is false. */
void location_retain(struct location *l, bool (*keep)(void *arg, const char *aor), void *arg);
