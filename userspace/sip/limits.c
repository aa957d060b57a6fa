// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/limits.h"
#include "base/counter.h"
#include <stddef.h>

static size_t message_size(const struct sip_msg *m)
{
	return m->len;
}

static size_t header_lines(const struct sip_msg *m)
{
	return m->n_hdrs;
}

static size_t longest_header(const struct sip_msg *m)
{
	size_t longest = 0;
	for (unsigned i = 0; i < m->n_hdrs; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		size_t len = (size_t)(slice_end(h->value) - h->name.p);
		longest = len > longest ? len : longest;
	}
	return longest;
}

static size_t uri_length(const struct sip_msg *m)
{
	size_t from = m->from.uri.text.len, to = m->to.uri.text.len, longest = m->ruri_text.len;
	longest = from > longest ? from : longest;
	return to > longest ? to : longest;
}

/* Commas and lines: no fewer than there are values, and found without reading them. */
static size_t values_of(const struct sip_msg *m, enum sip_hdr_id id)
{
	size_t n = 0;
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_next(m, h)) {
		const char *at = h->value.p, *end = slice_end(h->value);
		for (n++; at < end && (at = memchr(at, ',', (size_t)(end - at))); at++)
			n++;
	}
	return n;
}

static size_t vias(const struct sip_msg *m)
{
	return values_of(m, SIP_HDR_VIA);
}

static size_t routes(const struct sip_msg *m)
{
	return values_of(m, SIP_HDR_ROUTE) + values_of(m, SIP_HDR_RECORD_ROUTE) + values_of(m, SIP_HDR_PATH);
}

static size_t contacts(const struct sip_msg *m)
{
	return values_of(m, SIP_HDR_CONTACT);
}

static size_t body_size(const struct sip_msg *m)
{
	return m->body.len;
}

enum { MESSAGE, HEADERS, HEADER, URI, VIA, ROUTE, CONTACT, BODY, LIMITS };

static const struct {
	size_t offset; /* of the limit in struct sip_limits */
	size_t (*measure)(const struct sip_msg *m);
	unsigned status;
	const char *why;
} rows[LIMITS] = {
	[MESSAGE] = {offsetof(struct sip_limits, message), message_size, 513, "Message Too Large"},
	[HEADERS] = {offsetof(struct sip_limits, headers), header_lines, 513, "Too Many Header Fields"},
	[HEADER] = {offsetof(struct sip_limits, header), longest_header, 513, "Header Field Too Long"},
	[URI] = {offsetof(struct sip_limits, uri), uri_length, 414, "Request-URI Too Long"},
	[VIA] = {offsetof(struct sip_limits, via), vias, 400, "Too Many Via"},
	[ROUTE] = {offsetof(struct sip_limits, route), routes, 400, "Too Many Routes"},
	[CONTACT] = {offsetof(struct sip_limits, contact), contacts, 400, "Too Many Contacts"},
	[BODY] = {offsetof(struct sip_limits, body), body_size, 413, "Request Entity Too Large"},
};

static const struct counter_def counter_defs[LIMITS] = {
	[MESSAGE] = {"message", "messages refused: longer than limits.message"},
	[HEADERS] = {"headers", "messages refused: more header fields than limits.headers"},
	[HEADER] = {"header", "messages refused: a header field longer than limits.header"},
	[URI] = {"uri", "messages refused: the Request-URI, From or To longer than limits.uri"},
	[VIA] = {"via", "messages refused: more Via values than limits.via"},
	[ROUTE] = {"route", "messages refused: more Route, Record-Route and Path values than limits.route"},
	[CONTACT] = {"contact", "messages refused: more Contact values than limits.contact"},
	[BODY] = {"body", "messages refused: a body longer than limits.body"},
};
static uint64_t counts[LIMITS];
static struct counter_group counters = COUNTER_GROUP("limits", counter_defs, counts);

bool sip_limits_exceeded(const struct sip_limits *l, const struct sip_msg *m, unsigned *status, const char **why)
{
	counter_register(&counters);
	for (unsigned i = 0; i < LIMITS; i++) {
		uint32_t max;
		memcpy(&max, (const char *)l + rows[i].offset, sizeof max);
		if (!max || rows[i].measure(m) <= max)
			continue;
		counts[i]++;
		*status = rows[i].status;
		*why = rows[i].why;
		return true;
	}
	return false;
}
