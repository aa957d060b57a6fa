/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS (RFC 1034, 1035): questions to the resolvers of this machine through c-ares, answered from a cache where they can be (RFC 2308).
 * One question is asked once however many wait for its answer, every question is answered within a bounded time, and what an
 * answer may hold is bounded too. */
#pragma once
#include "base/list.h"
#include "net/addr.h"
#include <jansson.h>

struct dns; /* mem_deref() ends it: who still waits is told -ECANCELED */

enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };

/* RFC 2782. Names are as in the answer, without the final dot: "" is the root, "." in a zone file. */
struct dns_srv {
	uint16_t priority, weight, port;
	const char *target;
};

/* RFC 3403 4.1. */
struct dns_naptr {
	uint16_t order, preference;
	const char *flags, *service, *regexp, *replacement;
};

struct dns_record {
	union {
		struct addr addr; /* A and AAAA: port 0 */
		struct dns_srv srv;
		struct dns_naptr naptr;
	};
};

/* What a name has of one type. Reference-counted, never changed. */
struct dns_answer {
	const char *name; /* as asked, lower case */
	enum dns_type type;
	/* 0: `n` records, at least one. -ENODATA: the name has none of this type. -ENOENT: there is no such name. -ETIMEDOUT: no server
	 * answers. -EREMOTEIO: all that answer fail or refuse. -EBADMSG: the answer loops or cannot be read. -EINVAL: no name at all. */
	int err;
	uint64_t expires; /* on clock_ms() */
	unsigned n;
	struct dns_record record[];
};

struct dns_params {
	const struct addr *servers; /* port 0: 53; none: those of /etc/resolv.conf, read again when it changes */
	unsigned n_servers;
	uint32_t attempt_ms; /* how long one server may take before the next is asked */
	uint32_t timeout_ms; /* how long the answer to one question may take in all */
	uint32_t cache_max;  /* names and types remembered, good and bad */
};

#define DNS_MAX_SERVERS 8
#define DNS_NAME_MAX 255

int dns_open(struct dns **ret, const struct dns_params *params);
/* Other servers and limits from now on; what is known stays known. */
int dns_reconfigure(struct dns *d, const struct dns_params *params);
/* Forgets every answer. */
void dns_flush(struct dns *d);

/* A new reference to what is known now, good or bad; NULL: it has to be asked. */
struct dns_answer *dns_known(struct dns *d, struct slice name, enum dns_type type);
/* Somebody who waits for an answer; mem_deref() before it comes means that it is not wanted any more. */
struct dns_query;
/* `answer` is borrowed; NULL with -ECANCELED or -ENOMEM, else `err` is the answer's. Called once, never from inside dns_ask(). */
typedef void (*dns_fn)(void *arg, int err, struct dns_answer *answer);
/* -EINVAL: no name. -EBUSY: too much is being asked for. -ENOMEM, or what keeps c-ares from asking. */
int dns_ask(struct dns_query **ret, struct dns *d, struct slice name, enum dns_type type, dns_fn fn, void *arg);

/* The cache, newest use first: one object a name and type. */
json_t *dns_json(struct dns *d);
const char *dns_type_name(enum dns_type type);
/* In words. */
const char *dns_error_text(int err);
/* Appends the records as in a zone file, parted by "; ", or why there are none. */
void dns_answer_text(struct buf *b, const struct dns_answer *a);

/* A search that takes several answers, each known only from the one before: NAPTR, then SRV, then addresses. It is written as if
 * everything were known: whoever needs an answer calls dns_search_get() and gives up for now when that is NULL; `again` is
 * called when all that was missing has come, and runs the same code from its start. What has once been got stays as it was to the
 * end of the search. */
struct dns_search {
	struct dns *dns;
	struct list known; /* answers, and queries under way */
	unsigned asked, missing;
	void (*again)(void *arg);
	void *arg;
};

/* Questions that one search may ask: a name that leads to names without end ends here. */
#define DNS_SEARCH_MAX 64

void dns_search_init(struct dns_search *s, struct dns *d, void (*again)(void *arg), void *arg);
void dns_search_fini(struct dns_search *s);
/* Borrowed until dns_search_fini(). NULL: not known yet. What cannot be asked is an answer too, with its error; past DNS_SEARCH_MAX
 * questions -ELOOP. */
const struct dns_answer *dns_search_get(struct dns_search *s, struct slice name, enum dns_type type);
static inline bool dns_search_done(const struct dns_search *s)
{
	return !s->missing;
}
