/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registrar (RFC 3261 10.3): answers REGISTER and tells where a user can be reached. Bindings are kept in the
 * store, so that they are served again right after a restart. An address of record is a user of the configuration. */
#pragma once
#include "registrar/auth.h"
#include "registrar/gruu.h"
#include <jansson.h>

struct registrar; /* reference-counted; mem_deref() keeps what is in the store */

/* One contact of a user. The text lives until control returns to the loop or the registrar is called again. */
struct binding {
	struct slice uri;        /* contact URI as registered: the Request-URI for it */
	struct addr source;      /* where the REGISTER came from: requests for the contact are sent there (RFC 3581, NAT) */
	const char *listener;    /* name of the address it came in at ("inside") */
	enum sip_transport transport; /* it came over: requests for the contact go over the same */
	unsigned q;              /* preference in thousandths, 0..1000 */
	struct slice instance;   /* +sip.instance with its quotes removed (RFC 5626), may be absent */
	uint32_t reg_id;         /* 0: none */
	bool outbound;           /* RFC 5626: it is its flow and nothing else: when that is gone it cannot be reached */
	struct slice user_agent; /* may be absent */
	struct slice call_id;
	struct slice path;       /* Route values that lead to it (RFC 3327); absent: it is reached directly */
	uint64_t gruu;           /* what its temporary GRUUs stand for (RFC 5627), 0: it has none */
	uint32_t cseq;
	uint64_t expires_at;     /* on clock_ms() */
	uint64_t received_at;    /* UTC milliseconds of the last REGISTER for it */
};

struct registrar_params {
	const struct conf *conf; /* sections sip, registrar, user; a reference is taken */
	struct store *store;     /* NULL: nothing survives */
	unsigned bindings_table;
	uint8_t gruu_key[GRUU_KEY_LEN]; /* what temporary GRUUs are made with: kept across restarts by whoever wants them to last */
	/* A user's set of contacts changed (registered, expired, removed); not called while loading. May be NULL. */
	void (*on_change)(void *arg, const char *user);
	/* Who was registered over the connection that `was` says is back over the one that `req` came by. May be NULL. */
	void (*on_moved)(void *arg, const struct binding *was, const struct sip_msg *req);
	void *arg;
};

/* Loads the bindings of the store; expired ones are dropped from it. */
int registrar_new(struct registrar **ret, const struct registrar_params *p);
/* Takes users and limits of a new configuration; bindings of users that are gone end. On error nothing has changed. */
int registrar_reconfigure(struct registrar *r, const struct conf *conf);
/* The authentication it uses, for calls to share; lives as long as the registrar. */
struct auth *registrar_auth(struct registrar *r);

/* What may be required of it (RFC 3261 8.2.2.3); ends with NULL. */
extern const char *const registrar_extensions[];
/* A REGISTER: authenticates, updates and answers it. */
void registrar_request(struct registrar *r, struct sip_strans *st, const struct sip_msg *req);
/* Live contacts of a user that a SIP request can be sent to, highest q first, then the most recent first; returns how many were put into `out`. */
unsigned registrar_contacts(const struct registrar *r, const char *user, struct binding *out, unsigned max);
/* Whether somebody is registered from that address (of IPv6: from its /64). */
bool registrar_has_source(const struct registrar *r, const struct addr *src);
/* The same for a Request-URI of ours: of a user, by name or number, or of one instance when it is a GRUU (RFC 5627 6.1). *user is whose they
 * are. -ENOENT: nobody's, or a GRUU that is not valid any more (404); -EHOSTUNREACH: not registered (480). */
int registrar_lookup(const struct registrar *r, const struct sip_uri *uri, const struct user **user, struct binding *out, unsigned max);
/* All live contacts. */
size_t registrar_count(const struct registrar *r);
/* [{"aor","contact","transport","source","expires_s","user_agent","received_at"}, ...]: a new reference, NULL when memory is out. */
json_t *registrar_json(const struct registrar *r);
