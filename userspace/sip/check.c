// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/check.h"
#include "sip/mime.h"
#include "sip/stack_priv.h"
#include "base/counter.h"

static const char *const default_schemes[] = {"sip", "sips", "tel", NULL};

static bool listed(const char *const *list, struct slice what)
{
	for (; list && *list; list++)
		if (slice_caseeq(slice_str(*list), what))
			return true;
	return false;
}

/* One check a row, in the order of 8.2; each returns whether it refuses, having written what its answer must carry. */
static bool bad_method(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	struct slice name = m->method == SIP_METHOD_OTHER ? m->method_text : slice_str(sip_method_name(m->method));
	for (const char *const *i = r->methods; i && *i; i++)
		if (slice_eq(slice_str(*i), name))
			return false;
	sip_put_list(extra, "Allow", r->methods);
	return true;
}

/* RFC 3261 21.5.2: a method that is not recognized at all, as against one that is not allowed here. */
static bool unknown_method(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	return m->method == SIP_METHOD_OTHER && !listed(r->methods, m->method_text);
}

static bool bad_scheme(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	return !listed(r->schemes ? r->schemes : default_schemes, m->ruri.scheme_text);
}

/* REGISTER and OPTIONS end here anyway (16.3 step 3). */
static bool no_forwards_left(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	return r->forwards && m->max_forwards == 0 && m->method != SIP_REGISTER && m->method != SIP_OPTIONS;
}

static bool too_large(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	return r->body_max && m->body.len > r->body_max;
}

bool sip_check_require(const struct sip_msg *m, const char *const *extensions, struct buf *extra)
{
	struct sip_values it = {0};
	struct slice tag;
	bool bad = false;
	while (sip_msg_each(m, SIP_HDR_REQUIRE, &it, &tag)) {
		if (!tag.len || listed(extensions, tag))
			continue;
		buf_str(extra, bad ? ", " : "Unsupported: ");
		buf_slice(extra, tag);
		bad = true;
	}
	if (bad)
		buf_str(extra, "\r\n");
	return bad;
}

static bool bad_require(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	return sip_check_require(m, r->extensions, extra);
}

/* A body whose handling is optional may be of any kind (8.2.3, 20.11). */
static bool body_matters(const struct sip_msg *m)
{
	struct slice disposition = sip_msg_value(m, SIP_HDR_CONTENT_DISPOSITION);
	slice_cut(&disposition, ';');
	return m->body.len && !slice_caseeq(sip_param(disposition, SLICE("handling")), SLICE("optional"));
}

static bool bad_encoding(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	struct slice encoding = sip_msg_value(m, SIP_HDR_CONTENT_ENCODING);
	if (!body_matters(m) || !encoding.len || slice_caseeq(encoding, SLICE("identity")))
		return false;
	buf_str(extra, "Accept-Encoding: identity\r\n");
	return true;
}

static bool bad_type(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	struct slice type = sip_msg_value(m, SIP_HDR_CONTENT_TYPE);
	if (!r->types || !body_matters(m) || listed(r->types, slice_trim(slice_cut(&type, ';'))))
		return false;
	sip_put_list(extra, "Accept", r->types);
	return true;
}

static bool bad_parts(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	return sip_body_check(sip_msg_value(m, SIP_HDR_CONTENT_TYPE), m->body) != 0;
}

/* "type/subtype", "type/" and "*", or anything. */
static bool range_has(struct slice range, const char *const *types)
{
	range = slice_trim(slice_cut(&range, ';'));
	if (slice_eq(range, SLICE("*/*")) || slice_eq(range, SLICE("*")))
		return true;
	if (range.len > 2 && range.p[range.len - 1] == '*')
		for (; types && *types; types++)
			if (slice_casestarts(slice_str(*types), slice_of(range.p, range.len - 1)))
				return true;
	return listed(types, range);
}

/* An INVITE's answer carries a session description, whatever else the caller would rather have. */
static bool bad_accept(const struct sip_msg *m, const struct sip_check *r, struct buf *extra)
{
	struct sip_values it = {0};
	struct slice range;
	if (m->method != SIP_INVITE || !sip_msg_hdr(m, SIP_HDR_ACCEPT))
		return false;
	while (sip_msg_each(m, SIP_HDR_ACCEPT, &it, &range))
		if (range_has(range, r->types))
			return false;
	return true;
}

enum { UNKNOWN_METHOD, METHOD, SCHEME, HOPS, SIZE, EXTENSION, ENCODING, TYPE, PARTS, ACCEPT, CHECKS };

static const struct {
	unsigned status;
	bool (*refuses)(const struct sip_msg *m, const struct sip_check *r, struct buf *extra);
} checks[CHECKS] = {
	[UNKNOWN_METHOD] = {501, unknown_method}, [METHOD] = {405, bad_method},     [SCHEME] = {416, bad_scheme},
	[HOPS] = {483, no_forwards_left},         [SIZE] = {413, too_large},        [EXTENSION] = {420, bad_require},
	[ENCODING] = {415, bad_encoding},         [TYPE] = {415, bad_type},         [PARTS] = {400, bad_parts},
	[ACCEPT] = {406, bad_accept},
};

static const struct counter_def counter_defs[CHECKS] = {
	[UNKNOWN_METHOD] = {"unknown-method", "requests answered with 501: nobody knows their method"},
	[METHOD] = {"method", "requests answered with 405: their method is not for this place"},
	[SCHEME] = {"scheme", "requests answered with 416: a Request-URI of unknown scheme"},
	[HOPS] = {"hops", "requests answered with 483: Max-Forwards was 0"},
	[SIZE] = {"size", "requests answered with 413: a body that is too large"},
	[EXTENSION] = {"extension", "requests answered with 420: a Require we lack"},
	[ENCODING] = {"encoding", "requests answered with 415: an encoded body"},
	[TYPE] = {"type", "requests answered with 415: a body of a type we lack, or without a type"},
	[PARTS] = {"parts", "requests answered with 400: a body of several parts that cannot be read, or with too many or too deep ones"},
	[ACCEPT] = {"accept", "requests answered with 406: what we would answer is not accepted"},
};
static uint64_t counts[CHECKS];
static struct counter_group counters = COUNTER_GROUP("refused", counter_defs, counts);

void sip_check_show(void)
{
	counter_register(&counters);
}

void sip_check_put(struct buf *out, const struct sip_check *r)
{
	sip_put_list(out, "Allow", r->methods);
	sip_put_list(out, "Supported", r->extensions);
	sip_put_list(out, "Accept", r->types);
}

void sip_refuse_method(struct sip_strans *st)
{
	sip_reply(st, st->req->method == SIP_METHOD_OTHER ? 501 : 405, NULL,
		  st->stack ? buf_text(&st->stack->abilities[0]) : SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

int sip_check_request(struct sip_strans *st, const struct sip_check *rules)
{
	const struct sip_msg *m = sip_strans_request(st);
	struct buf extra = buf_growing();
	unsigned i = 0;
	while (i < CHECKS && !checks[i].refuses(m, rules, &extra))
		i++;
	unsigned status = i < CHECKS ? checks[i].status : 0;
	if (status) {
		sip_counts[SIP_CNT_REFUSED]++;
		counts[i]++;
	}
	if (status && m->stranger) {
		sip_refuse_stranger(st);
	} else if (status) {
		sip_reply_once(st, status, NULL, extra.err ? SLICE_NONE : buf_text(&extra));
	}
	buf_reset(&extra);
	return (int)status;
}
