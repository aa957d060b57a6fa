/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A world for dns.c: lines of a zone, "NAME TTL TYPE DATA...", answered as messages after a while of the injected clock. */
#pragma once
#include "unit.h"
#include "net/dns_priv.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ZONE_QUESTIONS 64

struct zone;

struct zone_question {
	struct timer timer;
	struct zone *zone;
	struct dns_entry *entry;
};

struct zone {
	struct dns *dns;
	const char *const *lines; /* ends with NULL */
	uint32_t delay_ms;
	int fails; /* instead of an answer: -ETIMEDOUT, -EREMOTEIO */
	bool no_name; /* names that no line has do not exist; else they have nothing */
	unsigned asked;
	char names[ZONE_QUESTIONS][DNS_NAME_MAX + 8]; /* what was asked, "TYPE NAME" */
	struct zone_question q[ZONE_QUESTIONS];
};

static inline void zone_u16(struct buf *b, unsigned v)
{
	buf_char(b, (char)(v >> 8));
	buf_char(b, (char)v);
}

static inline void zone_string(struct buf *b, struct slice s)
{
	buf_char(b, (char)s.len);
	buf_slice(b, s);
}

static inline void zone_name(struct buf *b, struct slice name)
{
	if (name.len && name.p[name.len - 1] == '.')
		name.len--;
	while (name.len) {
		struct slice label = slice_cut(&name, '.');
		zone_string(b, label);
	}
	buf_char(b, 0);
}

static inline unsigned zone_number(struct slice *rest)
{
	uint32_t v;
	assert_int_equal(slice_u32(slice_cut(rest, ' '), &v), 0);
	return v;
}

static inline struct slice zone_text(struct slice *rest)
{
	struct slice s = slice_cut(rest, ' ');
	return slice_eq(s, SLICE("-")) ? slice_of(s.p, 0) : s;
}

/* Appends the data of a record with its length; returns its type. */
static inline unsigned zone_data(struct buf *b, struct slice type, struct slice rest)
{
	struct addr a;
	if (slice_eq(type, SLICE("SRV"))) {
		for (int i = 0; i < 3; i++)
			zone_u16(b, zone_number(&rest));
		zone_name(b, rest);
		return DNS_SRV;
	}
	if (slice_eq(type, SLICE("NAPTR"))) {
		zone_u16(b, zone_number(&rest));
		zone_u16(b, zone_number(&rest));
		for (int i = 0; i < 3; i++)
			zone_string(b, zone_text(&rest));
		zone_name(b, rest);
		return DNS_NAPTR;
	}
	if (slice_eq(type, SLICE("CNAME"))) {
		zone_name(b, rest);
		return 5;
	}
	assert_int_equal(addr_parse_ip(&a, rest), 0);
	buf_add(b, a.bytes, a.family == AF_INET ? 4 : 16);
	return a.family == AF_INET ? DNS_A : DNS_AAAA;
}

/* One answer message to the question: every line of the name, and of what its CNAMEs lead to. */
static inline void zone_answer(const struct zone *z, struct buf *out, const char *name, enum dns_type type)
{
	char rdata[600], owner[300];
	unsigned n = 0;
	bool exists = !z->no_name;
	zone_u16(out, 1);
	zone_u16(out, 0x8180);
	zone_u16(out, 1);
	zone_u16(out, 0);
	zone_u16(out, 0);
	zone_u16(out, 0);
	zone_name(out, slice_str(name));
	zone_u16(out, type);
	zone_u16(out, 1);
	snprintf(owner, sizeof owner, "%s", name);
	for (unsigned hops = 0, i = 0; z->lines[i]; i++) {
		struct slice line = slice_str(z->lines[i]), at = slice_cut(&line, ' ');
		unsigned ttl = zone_number(&line);
		struct slice kind = slice_cut(&line, ' ');
		struct buf data = buf_fixed(rdata, sizeof rdata);
		exists |= slice_caseeq(at, slice_str(name));
		if (!slice_caseeq(at, slice_str(owner)))
			continue;
		unsigned is = zone_data(&data, kind, line);
		if (is != type && is != 5)
			continue;
		zone_name(out, at);
		zone_u16(out, is);
		zone_u16(out, 1);
		zone_u16(out, 0);
		zone_u16(out, ttl);
		zone_u16(out, (unsigned)data.len);
		buf_slice(out, buf_text(&data));
		n++;
		if (is == 5 && hops++ < 20) {
			assert_int_equal(slice_copy(line, owner, sizeof owner), 0);
			i = (unsigned)-1;
		}
	}
	assert_int_equal(out->err, 0);
	out->p[7] = (char)n;
	out->p[3] = (char)(0x80 | (exists ? 0 : 3));
}

static inline void zone_due(void *arg)
{
	struct zone_question *q = arg;
	struct dns_entry *e = q->entry;
	struct zone *z = q->zone;
	static char text[20000];
	struct buf b = buf_fixed(text, sizeof text);
	q->entry = NULL;
	if (!z->fails)
		zone_answer(z, &b, e->name, e->type);
	dns_arrived(e, z->fails, z->fails ? NULL : (uint8_t *)b.p, b.len);
}

static inline int zone_ask(void *arg, struct dns_entry *e)
{
	struct zone *z = *(struct zone **)arg;
	assert_true(z->asked < ZONE_QUESTIONS);
	struct zone_question *q = &z->q[z->asked];
	snprintf(z->names[z->asked++], sizeof z->names[0], "%s %s", dns_type_name(e->type), e->name);
	*q = (struct zone_question){.zone = z, .entry = e};
	timer_start(&q->timer, z->delay_ms, zone_due, q);
	return 0;
}

static inline int zone_try_open(struct zone *z, const char *const *lines)
{
	*z = (struct zone){.lines = lines, .delay_ms = 10};
	struct dns_params p = {.timeout_ms = 3000, .cache_max = 100};
	struct zone **holder = mem_alloc(sizeof *holder, NULL);
	if (!holder)
		return -ENOMEM;
	*holder = z;
	int err = dns_new(&z->dns, &p, zone_ask, holder);
	mem_deref(holder);
	return err;
}

static inline void zone_open(struct zone *z, const char *const *lines)
{
	assert_int_equal(zone_try_open(z, lines), 0);
}

static inline void zone_close(struct zone *z)
{
	z->dns = mem_deref(z->dns);
	for (unsigned i = 0; i < z->asked; i++)
		if (z->q[i].entry) {
			timer_stop(&z->q[i].timer);
			dns_arrived(z->q[i].entry, -ECANCELED, NULL, 0);
		}
}
