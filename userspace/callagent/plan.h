/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a call is tried: the targets that the routing names, one attempt after another, with forwarding, hunting and failover. Real calls and
 * `tandemctl route test` walk the same plan; the latter supposes that everybody fails. */
#pragma once
#include "routing/route.h"
#include "sip/digest.h"
#include "sip/locate.h"
#include "sip/stack.h"

struct emergency;
struct calls;

struct plan; /* reference-counted */

#define PLAN_TARGETS    16
#define PLAN_FLOWS      8
#define PLAN_DIVERSIONS 8

/* One place to send the call to. */
struct target {
	enum target_kind kind;
	char name[65];        /* of the user or trunk */
	char uri[1025];       /* Request-URI; the registrar takes none that is longer */
	char path[513];       /* Route values that lead to it (RFC 3327); empty: none */
	char number[128];     /* called number as sent */
	char called[128];     /* ... as the routing has it; of lines */
	struct addr dst;
	enum sip_transport transport;
	char address[64];     /* local address to use; empty: any */
	bool latch;
	bool flow;            /* over a connection: one that the phone has made, to dst from where it came */
	unsigned phone;       /* which of the attempt's phones that have several flows; 0: one that has not */
	bool stranger;        /* known by DNS alone: trusted with nothing */
	bool untold;          /* not who calls, if that one wants privacy (RFC 3325) */
	char domain[128];     /* host part of From and To; empty: addresses */
	char auth_user[128], auth_realm[128], password[128]; /* target_login() */
	unsigned rank;        /* of dial_targets(), as are the next two: lower ones first */
	uint32_t first_ms, answer_ms; /* as those of the attempt */
	struct trunk *trunk;  /* borrowed from the plan; NULL: none */
	struct tel_line *line; /* likewise */
};

static inline struct digest_login target_login(const struct target *t)
{
	return (struct digest_login){.user = slice_str(t->auth_user), .password = slice_str(t->password), .realm = slice_str(t->auth_realm)};
}

/* Somebody who has passed the call on (RFC 5806, RFC 7044). */
struct diversion {
	char number[128];
	const char *reason; /* of the Diversion header: "unconditional", "user-busy", "no-answer", "unavailable" */
	unsigned cause;     /* of History-Info (RFC 4458): 302, 486, 408, 503 */
	bool hidden;        /* does not want to be named */
};

struct diversions {
	struct diversion d[PLAN_DIVERSIONS]; /* the oldest first */
	unsigned n;
};

/* Targets that are called together. */
struct attempt {
	struct target target[PLAN_TARGETS];
	unsigned n;
	/* Further flows of phones among them: one of each at a time (RFC 5626 7). */
	struct target spare[PLAN_FLOWS];
	unsigned n_spare;
	uint32_t first_ms, answer_ms; /* 0: no time of its own */
	bool one_of_many;             /* a refusal for good (6xx) speaks for one of them only */
	bool forwarded;               /* somebody has just passed the call on: 181 */
	const struct shown *caller;   /* these three are the plan's, until the next attempt */
	const struct diversions *diversions;
	const struct rule *rule;      /* NULL: none was needed */
};

/* Told of each step, for `route test`: what it is about ("rule", "user", ...), whose name, whether it was taken, and why. */
typedef void (*plan_said_fn)(void *arg, const char *what, const char *name, bool taken, const char *why);

struct plan_params {
	struct routing *routing; /* a reference is taken */
	const struct sip_uri *uri; /* what is called, in the query's request; NULL: its Request-URI */
	const struct trunks *trunks;
	const struct tel_lines *tel_lines;
	const struct registrar *registrar;
	const struct lines *lines;
	struct calls *calls;     /* those in progress, for emergencies; NULL: none */
	uint32_t (*random)(uint32_t below);
	struct dns *dns;         /* for ENUM; NULL: there is none */
	struct sip_locator *locator;
	const struct sip_stack *stack; /* what can be reached */
	void (*resume)(void *arg); /* what plan_next() waited for is there: it may be called again */
	void *resume_arg;
	const struct diversions *diverted; /* who had passed the call on before it came here; NULL: nobody, or its request tells */
	uint32_t first_ms;       /* time to first response of who has none of its own */
	bool dry;                /* nothing is counted or moved on */
	plan_said_fn said;       /* NULL: nobody asks why */
	void *arg;
};

/* A plan for a called number (unescaped); `ours`: it may be a user's or a hunt group's. The caller is as he came. -ENOMEM. */
int plan_new(struct plan **ret, const struct plan_params *p, const struct query *q, bool ours, const struct shown *caller);
/* The same for an emergency call: to the targets of its site, whatever the routing says. */
int plan_new_emergency(struct plan **ret, const struct plan_params *p, const struct query *q, const struct shown *caller, const struct emergency *e);
/* The next attempt: 0; -EINPROGRESS: DNS has to be asked, resume() will be called; -ENOENT: nobody is left; -ECONNREFUSED: the call is
 * blocked; -ENOMEM. */
int plan_next(struct plan *p, struct attempt *ret);
/* How the last attempt ended, before the next is asked for. */
void plan_failed(struct plan *p, unsigned status, unsigned cause);
/* Why nobody was called, when no attempt was made or the call is blocked: status (0: attempts were made), cause and words. */
unsigned plan_outcome(const struct plan *p, unsigned *cause, const char **words);
