/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of DNS share: the cache (dns.c), reading answers (dns_message.c), and asking through c-ares (dns_resolver.c). */
#pragma once
#include "base/hash.h"
#include "base/timer.h"
#include "net/dns.h"

enum dns_count {
	DNS_CNT_KNOWN, DNS_CNT_JOINED, DNS_CNT_ASKED, DNS_CNT_ANSWERED, DNS_CNT_NEGATIVE, DNS_CNT_HOSTS, DNS_CNT_TIMEOUT, DNS_CNT_SERVERS_FAIL,
	DNS_CNT_MALFORMED, DNS_CNT_LOOP, DNS_CNT_TOO_MANY, DNS_CNT_STALE, DNS_CNT_EVICTED, DNS_CNT_FULL, DNS_CNT_SEARCH_LIMIT,
	DNS_CNT_ENTRIES_NOW, DNS_CNT_MAX
};
extern uint64_t dns_counts[DNS_CNT_MAX];

/* A name and type, known or being asked. The table holds one reference, a question under way another. */
struct dns_entry {
	struct hash_link by_name;
	struct link used;  /* in the cache, newest use first */
	struct dns *dns;   /* NULL: it is gone, or has forgotten this */
	struct dns_answer *answer; /* NULL: none yet */
	struct list waiting; /* struct dns_query */
	struct timer deadline;
	bool asking;
	enum dns_type type;
	char name[DNS_NAME_MAX + 1];
};

/* Asks the world: 0, then dns_arrived() comes once, maybe from inside; or negative errno. */
typedef int (*dns_wire_fn)(void *arg, struct dns_entry *e);
/* `wire_arg` is given back with mem_deref(). Tests have a world of their own. */
int dns_new(struct dns **ret, const struct dns_params *p, dns_wire_fn wire, void *wire_arg);
/* A whole answer message; or none, and why. */
void dns_arrived(struct dns_entry *e, int err, const uint8_t *msg, size_t len);
/* An answer that is no message (from /etc/hosts): takes over the reference. */
void dns_arrived_answer(struct dns_entry *e, struct dns_answer *a);

/* An answer without records: `err` says why. NULL: memory is out. */
struct dns_answer *dns_answer_new(const char *name, enum dns_type type, int err, unsigned records, size_t text);
/* Reads an answer message to the question: its records, or that there are none. -EBADMSG: it cannot be read. -ELOOP: its CNAMEs lead in a
 * circle, or too far. -EREMOTEIO: the server fails. -ENOMEM. Nothing is logged, and what is left out is counted. */
int dns_message_read(struct dns_answer **ret, const char *name, enum dns_type type, const uint8_t *msg, size_t len);

/* dns_resolver.c */
struct dns_resolver;
int dns_resolver_new(struct dns_resolver **ret, const struct dns_params *p);
int dns_resolver_change(struct dns_resolver *r, const struct dns_params *p);
int dns_resolver_ask(void *resolver, struct dns_entry *e);
