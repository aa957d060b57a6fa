// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading DNS answers (RFC 1035 4.1): the CNAMEs from the name asked for to the one that has the records, the records, and for how long
 * all that is true (RFC 2181 8, RFC 2308 5). */
#define CARES_NO_DEPRECATED
#include "net/dns_priv.h"
#include "base/mem.h"
#include <ares.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

enum { TYPE_CNAME = 5, TYPE_SOA = 6, CLASS_IN = 1, RCODE_NXDOMAIN = 3, HEADER_LEN = 12 };
enum { RRS_MAX = 128, RECORDS_MAX = 64, CNAMES_MAX = 8 };

#define TTL_MIN_S	 1
#define TTL_MAX_S	 86400
#define TTL_NEGATIVE_S	 5   /* nothing says how long */
#define TTL_NEGATIVE_MAX_S 900

struct rr {
	char owner[DNS_NAME_MAX + 1];
	uint16_t type;
	uint32_t ttl;
	const uint8_t *data;
	size_t len;
};

struct message {
	const uint8_t *p;
	size_t len;
	unsigned rcode, questions, answers, authorities;
	unsigned n_answers, n; /* of rr: answers come first */
	struct rr rr[RRS_MAX];
};

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)u16(p) << 16 | u16(p + 2);
}

/* --- names and records --------------------------------------------------------------------------------------------- */

/* The name at `at`, lower case. How many bytes it takes there, or -EBADMSG, -ENOMEM. */
static long name_at(const struct message *m, const uint8_t *at, char out[DNS_NAME_MAX + 1])
{
	char *text;
	long used;
	int status = at >= m->p + m->len ? ARES_EBADNAME : ares_expand_name(at, m->p, (int)m->len, &text, &used);
	if (status)
		return status == ARES_ENOMEM ? -ENOMEM : -EBADMSG;
	size_t n = strlen(text);
	if (n > DNS_NAME_MAX)
		used = -EBADMSG;
	for (size_t i = 0; used > 0 && i <= n; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	ares_free_string(text);
	return used;
}

/* The record at `at`: how many bytes it takes. */
static long rr_at(const struct message *m, const uint8_t *at, struct rr *ret, uint16_t *class)
{
	long name = name_at(m, at, ret->owner);
	if (name < 0)
		return name;
	const uint8_t *p = at + name, *end = m->p + m->len;
	if (end - p < 10 || end - p - 10 < u16(p + 8))
		return -EBADMSG;
	ret->type = u16(p);
	*class = u16(p + 2);
	ret->ttl = u32(p + 4) >> 31 ? 0 : u32(p + 4);
	ret->len = u16(p + 8);
	ret->data = p + 10;
	return name + 10 + (long)ret->len;
}

static int take_rrs(struct message *m, const uint8_t **at, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint16_t class;
		if (m->n == RRS_MAX) {
			dns_counts[DNS_CNT_TOO_MANY]++;
			return 0;
		}
		long used = rr_at(m, *at, &m->rr[m->n], &class);
		if (used < 0)
			return (int)used;
		*at += used;
		if (class == CLASS_IN)
			m->n++;
	}
	return 0;
}

static int message_open(struct message *m, const uint8_t *p, size_t len)
{
	char name[DNS_NAME_MAX + 1];
	m->p = p;
	m->len = len;
	m->n = 0;
	if (len < HEADER_LEN || len > UINT16_MAX || !(p[2] & 0x80))
		return -EBADMSG;
	m->rcode = p[3] & 15;
	const uint8_t *at = p + HEADER_LEN;
	for (unsigned i = u16(p + 4); i; i--) {
		long used = name_at(m, at, name);
		if (used < 0 || p + len - at < used + 4)
			return used < 0 ? (int)used : -EBADMSG;
		at += used + 4;
	}
	int err = take_rrs(m, &at, u16(p + 6));
	m->n_answers = m->n;
	return err ? err : take_rrs(m, &at, u16(p + 8));
}

/* --- what the answer is about ----------------------------------------------------------------------------------------- */

static const struct rr *rr_of(const struct message *m, const char *owner, unsigned type)
{
	for (unsigned i = 0; i < m->n_answers; i++)
		if (m->rr[i].type == type && !strcmp(m->rr[i].owner, owner))
			return &m->rr[i];
	return NULL;
}

/* Follows CNAMEs from `name`, which becomes the name that has the records; *ttl is lowered to what the way allows. */
static int follow(const struct message *m, char name[DNS_NAME_MAX + 1], enum dns_type type, uint32_t *ttl)
{
	for (unsigned i = 0; i <= CNAMES_MAX; i++) {
		const struct rr *cname = rr_of(m, name, TYPE_CNAME);
		if (!cname || rr_of(m, name, type))
			return 0;
		long used = name_at(m, cname->data, name);
		if (used < 0)
			return (int)used;
		if (cname->ttl < *ttl)
			*ttl = cname->ttl;
	}
	return -ELOOP;
}

/* RFC 2308 5: the lesser of the SOA's own life and its MINIMUM, which is the last of what it holds. */
static uint32_t negative_ttl(const struct message *m)
{
	for (unsigned i = m->n_answers; i < m->n; i++) {
		const struct rr *soa = &m->rr[i];
		if (soa->type != TYPE_SOA || soa->len < 22)
			continue;
		uint32_t minimum = u32(soa->data + soa->len - 4), ttl = soa->ttl < minimum ? soa->ttl : minimum;
		return ttl < TTL_NEGATIVE_MAX_S ? ttl : TTL_NEGATIVE_MAX_S;
	}
	return TTL_NEGATIVE_S;
}

/* --- the records -------------------------------------------------------------------------------------------------------- */

/* Where the texts of records go; without memory they are only measured. */
struct pool {
	char *p;
	size_t used;
};

static const char *keep(struct pool *pool, const void *text, size_t len)
{
	char *at = pool->p ? pool->p + pool->used : NULL;
	if (at) {
		memcpy(at, text, len);
		at[len] = '\0';
	}
	pool->used += len + 1;
	return at;
}

static int keep_name(const struct message *m, const uint8_t *at, struct pool *pool, const char **ret)
{
	char name[DNS_NAME_MAX + 1];
	long used = name_at(m, at, name);
	if (used >= 0)
		*ret = keep(pool, name, strlen(name));
	return used < 0 ? (int)used : 0;
}

/* A <character-string> (RFC 1035 3.3) without NUL. */
static int keep_string(const uint8_t **at, const uint8_t *end, struct pool *pool, const char **ret)
{
	size_t len = *at < end ? **at : 0;
	if (*at >= end || (size_t)(end - *at) <= len || memchr(*at + 1, '\0', len))
		return -EBADMSG;
	*ret = keep(pool, *at + 1, len);
	*at += 1 + len;
	return 0;
}

static int read_addr(const struct rr *rr, sa_family_t family, struct dns_record *r)
{
	size_t len = family == AF_INET ? 4 : 16;
	if (rr->len != len)
		return -EBADMSG;
	r->addr = (struct addr){.family = family};
	memcpy(r->addr.bytes, rr->data, len);
	return 0;
}

static int read_srv(const struct message *m, const struct rr *rr, struct pool *pool, struct dns_record *r)
{
	if (rr->len < 7)
		return -EBADMSG;
	r->srv.priority = u16(rr->data);
	r->srv.weight = u16(rr->data + 2);
	r->srv.port = u16(rr->data + 4);
	return keep_name(m, rr->data + 6, pool, &r->srv.target);
}

static int read_naptr(const struct message *m, const struct rr *rr, struct pool *pool, struct dns_record *r)
{
	const uint8_t *at = rr->data + 4, *end = rr->data + rr->len;
	if (rr->len < 8)
		return -EBADMSG;
	r->naptr.order = u16(rr->data);
	r->naptr.preference = u16(rr->data + 2);
	int err = keep_string(&at, end, pool, &r->naptr.flags);
	err = err ? err : keep_string(&at, end, pool, &r->naptr.service);
	err = err ? err : keep_string(&at, end, pool, &r->naptr.regexp);
	return err ? err : at >= end ? -EBADMSG : keep_name(m, at, pool, &r->naptr.replacement);
}

static int read_record(const struct message *m, const struct rr *rr, struct pool *pool, struct dns_record *r)
{
	switch ((enum dns_type)rr->type) {
	case DNS_A:
		return read_addr(rr, AF_INET, r);
	case DNS_AAAA:
		return read_addr(rr, AF_INET6, r);
	case DNS_SRV:
		return read_srv(m, rr, pool, r);
	case DNS_NAPTR:
		return read_naptr(m, rr, pool, r);
	}
	return -EBADMSG;
}

/* Those of `owner` into `records`, as far as there is room for: how many, or the error of the first bad one. *ttl is lowered. */
static int read_records(const struct message *m, const char *owner, enum dns_type type, struct pool *pool, struct dns_record *records,
			uint32_t *ttl)
{
	unsigned n = 0;
	for (unsigned i = 0; i < m->n_answers; i++) {
		const struct rr *rr = &m->rr[i];
		if (rr->type != type || strcmp(rr->owner, owner))
			continue;
		if (n == RECORDS_MAX) {
			dns_counts[DNS_CNT_TOO_MANY]++;
			break;
		}
		int err = read_record(m, rr, pool, &records[n]);
		if (err)
			return err;
		if (rr->ttl < *ttl)
			*ttl = rr->ttl;
		n++;
	}
	return (int)n;
}

/* --- the answer --------------------------------------------------------------------------------------------------------- */

struct dns_answer *dns_answer_new(const char *name, enum dns_type type, int err, unsigned records, size_t text)
{
	size_t fixed = sizeof(struct dns_answer) + records * sizeof(struct dns_record), len = strlen(name) + 1;
	struct dns_answer *a = mem_alloc(fixed + text + len, NULL);
	if (!a)
		return NULL;
	char *at = (char *)a + fixed + text;
	memcpy(at, name, len);
	a->name = at;
	a->type = type;
	a->err = err;
	a->n = records;
	return a;
}

static void lives(struct dns_answer *a, uint32_t ttl)
{
	ttl = ttl < TTL_MIN_S ? TTL_MIN_S : ttl > TTL_MAX_S ? TTL_MAX_S : ttl;
	a->expires = clock_ms() + ttl * UINT64_C(1000);
}

static int answer_from(struct dns_answer **ret, const struct message *m, const char *name, enum dns_type type)
{
	struct dns_record records[RECORDS_MAX];
	char owner[DNS_NAME_MAX + 1];
	uint32_t ttl = TTL_MAX_S;
	struct pool measure = {0}, pool;
	memcpy(owner, name, strlen(name) + 1);
	int n = follow(m, owner, type, &ttl);
	n = n ? n : read_records(m, owner, type, &measure, records, &ttl);
	if (n < 0)
		return n;
	struct dns_answer *a = dns_answer_new(name, type, n ? 0 : m->rcode == RCODE_NXDOMAIN ? -ENOENT : -ENODATA, (unsigned)n, measure.used);
	if (!a)
		return -ENOMEM;
	pool = (struct pool){.p = (char *)&a->record[n]};
	if (n)
		n = read_records(m, owner, type, &pool, a->record, &ttl);
	if (n < 0) {
		mem_deref(a);
		return n;
	}
	lives(a, n ? ttl : negative_ttl(m));
	*ret = a;
	return 0;
}

int dns_message_read(struct dns_answer **ret, const char *name, enum dns_type type, const uint8_t *msg, size_t len)
{
	struct message m;
	int err = message_open(&m, msg, len);
	if (!err && m.rcode && m.rcode != RCODE_NXDOMAIN)
		return -EREMOTEIO;
	return err ? err : answer_from(ret, &m, name, type);
}
