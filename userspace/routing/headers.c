// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/header_table.h"
#include "base/counter.h"

enum { CNT_CONTROL, CNT_MALFORMED, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_CONTROL] = {"control", "header fields not passed on: a control character is in them"},
	[CNT_MALFORMED] = {"malformed", "values of header fields not passed on: they cannot be read"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("headers", counter_defs, counts);

/* IDENTITY: who somebody is, as trusted peers tell it to each other: rewritten between them, else dropped. */
enum action { DROP, PASS, REWRITE, IDENTITY };

struct rule {
	enum action request, response;
};

/* What is neither here nor below is dropped. */
static const struct rule rules[SIP_HDR_MAX] = {
	[SIP_HDR_ALERT_INFO] = {REWRITE, REWRITE},
	[SIP_HDR_CONTENT_LANGUAGE] = {PASS, PASS},
	[SIP_HDR_DATE] = {PASS, DROP}, /* Identity signs it (RFC 8224 4) */
	[SIP_HDR_DIVERSION] = {REWRITE, REWRITE}, /* RFC 5806 */
	[SIP_HDR_GEOLOCATION] = {PASS, DROP}, /* RFC 6442 */
	[SIP_HDR_GEOLOCATION_ERROR] = {DROP, PASS},
	[SIP_HDR_GEOLOCATION_ROUTING] = {PASS, DROP},
	[SIP_HDR_HISTORY_INFO] = {REWRITE, REWRITE}, /* RFC 7044 */
	[SIP_HDR_IDENTITY] = {PASS, DROP}, /* RFC 8224: a signature, byte for byte */
	[SIP_HDR_P_ASSERTED_IDENTITY] = {IDENTITY, IDENTITY}, /* RFC 3325 */
	[SIP_HDR_PRIORITY] = {PASS, DROP},
	[SIP_HDR_PRIVACY] = {PASS, PASS}, /* RFC 3323 */
	[SIP_HDR_REASON] = {PASS, PASS}, /* RFC 3326 */
	[SIP_HDR_REFERRED_BY] = {REWRITE, DROP},
	[SIP_HDR_RESOURCE_PRIORITY] = {PASS, DROP}, /* RFC 4412 */
	[SIP_HDR_RETRY_AFTER] = {DROP, PASS},
	[SIP_HDR_SUBJECT] = {PASS, DROP},
	[SIP_HDR_USER_TO_USER] = {PASS, PASS}, /* RFC 7433 */
};

static const struct named_rule {
	struct slice name;
	struct rule rule;
} named_rules[] = {
	{SLICE("Accept-Language"), {PASS, PASS}},
	{SLICE("Answer-Mode"), {PASS, PASS}}, /* RFC 5373 */
	{SLICE("Identity-Info"), {PASS, DROP}},
	{SLICE("P-Early-Media"), {PASS, PASS}}, /* RFC 5009 */
	{SLICE("Priv-Answer-Mode"), {PASS, PASS}},
	{SLICE("Recv-Info"), {PASS, PASS}}, /* RFC 6086: what may come in INFO, which passes */
	{SLICE("Remote-Party-ID"), {IDENTITY, IDENTITY}},
};

/* Parameters of SIP URIs that belong to the number (RFC 3261 19.1.1, RFC 4458, RFC 3966). */
static const char *const uri_params[] = {"user", "cause", "isub", "ext", "cpc", "oli"};
/* Embedded headers that History-Info uses (RFC 7044 10.1, 10.2). */
static const char *const uri_headers[] = {"Reason", "Privacy"};
/* Header parameters of the rewritten headers. */
static const char *const value_params[] = {
	"index", "rc", "mp", "np", "cause", "text",                              /* History-Info */
	"reason", "counter", "limit", "privacy", "screen", "extension",          /* Diversion */
	"party", "id-type",                                                      /* Remote-Party-ID */
	"info", "appearance", "autoanswer",                                      /* Alert-Info */
};
/* Parameters of tel URIs; phone-context is looked at apart. */
static const char *const tel_params[] = {"ext", "isub", "cpc", "oli", "npdi", "rn", "cic"};

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static bool is_listed(struct slice name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_caseeq(name, slice_str(names[i])))
			return true;
	return false;
}

/* Cuts at the next `sep` that stands outside a quoted string. */
static struct slice cut_unquoted(struct slice *s, char sep)
{
	if (!slice_is_set(*s))
		return SLICE_NONE;
	bool quoted = false;
	for (size_t i = 0; i < s->len; i++) {
		char c = s->p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == sep && !quoted) {
			struct slice first = slice_of(s->p, i);
			*s = slice_from(*s, i + 1);
			return first;
		}
	}
	struct slice all = *s;
	*s = SLICE_NONE;
	return all;
}

/* "a=1;b;c=2" with only the listed names, each after `first` or `sep`. */
static void copy_listed(struct buf *out, struct slice params, char first, char sep, const char *const *names, size_t n)
{
	char lead = first;
	for (struct slice p; slice_is_set(p = cut_unquoted(&params, sep));) {
		struct slice rest = p, name = slice_trim(slice_cut(&rest, '='));
		if (slice_empty(name) || !is_listed(name, names, n))
			continue;
		buf_char(out, lead);
		buf_slice(out, slice_trim(p));
		lead = sep;
	}
}

/* RFC 3966: digits stay; a context that is a domain locates, one that is a number does not. */
static void rewrite_tel(struct buf *out, const struct sip_uri *uri, struct slice host)
{
	struct slice params = uri->text, number = slice_cut(&params, ';');
	buf_slice(out, number);
	struct slice context = sip_param(params, SLICE("phone-context"));
	if (slice_is_set(context)) {
		buf_str(out, ";phone-context=");
		buf_slice(out, slice_starts(context, SLICE("+")) ? context : host);
	}
	copy_listed(out, params, ';', ';', tel_params, LENGTH(tel_params));
}

/* RFC 3323 4.1.1.3: this host hides, it does not locate. */
static bool is_anonymous_host(struct slice host)
{
	return slice_caseeq(host, SLICE("anonymous.invalid"));
}

/* SIP URIs get `host` and lose every parameter that is not part of the number; tel ones keep their digits. */
static bool rewrite_uri(struct buf *out, const struct sip_uri *uri, struct slice host)
{
	switch (uri->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		buf_slice(out, uri->scheme_text);
		buf_char(out, ':');
		if (slice_is_set(uri->user)) {
			struct slice rest = uri->user, user = slice_cut(&rest, ';'); /* without user parameters such as tgrp */
			buf_slice(out, user);
			if (user.len)
				buf_char(out, '@');
		}
		buf_slice(out, is_anonymous_host(uri->host) ? uri->host : host);
		copy_listed(out, uri->params, ';', ';', uri_params, LENGTH(uri_params));
		copy_listed(out, uri->headers, '?', '&', uri_headers, LENGTH(uri_headers));
		return true;
	case SIP_SCHEME_TEL:
		rewrite_tel(out, uri, host);
		return true;
	default:
		/* urn:alert:, http: ring tones: a name of a thing, not of a side */
		if (slice_empty(uri->text))
			return false;
		buf_slice(out, uri->text);
		return true;
	}
}

bool headers_rewrite_value(struct buf *out, struct slice value, struct slice host)
{
	struct sip_nameaddr na;
	if (sip_nameaddr_parse(&na, value) || na.star)
		return false;
	size_t before = out->len;
	if (!slice_empty(na.display)) {
		buf_slice(out, na.display);
		buf_char(out, ' ');
	}
	buf_char(out, '<');
	if (!rewrite_uri(out, &na.uri, host)) {
		out->len = before;
		return false;
	}
	buf_char(out, '>');
	copy_listed(out, na.params, ';', ';', value_params, LENGTH(value_params));
	return true;
}

static const struct rule *rule_of(const struct sip_hdr *h)
{
	const struct rule *r = &rules[h->id];
	if (h->id != SIP_HDR_OTHER)
		return r->request == DROP && r->response == DROP ? NULL : r;
	for (size_t i = 0; i < LENGTH(named_rules); i++)
		if (slice_caseeq(h->name, named_rules[i].name))
			return &named_rules[i].rule;
	return NULL;
}

static void write_name(struct buf *out, const struct sip_hdr *h)
{
	if (h->id == SIP_HDR_OTHER)
		buf_slice(out, h->name);
	else
		buf_str(out, sip_hdr_name(h->id));
	buf_str(out, ": ");
}

/* The next of several values: a comma inside quotes or <> does not separate. */
static struct slice next_value(struct slice *rest)
{
	size_t i = 0;
	bool quoted = false, angle = false;
	for (; i < rest->len; i++) {
		char c = rest->p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '<' || c == '>'))
			angle = c == '<';
		else if (c == ',' && !quoted && !angle)
			break;
	}
	struct slice value = slice_of(rest->p, i < rest->len ? i : rest->len);
	*rest = i < rest->len ? slice_from(*rest, i + 1) : SLICE_NONE;
	return slice_trim(value);
}

/* A line may hold several values: each is rewritten, or left out. */
static void rewrite_line(struct buf *out, const struct sip_hdr *h, struct slice host)
{
	size_t start = out->len;
	unsigned n = 0;
	write_name(out, h);
	for (struct slice rest = h->value; slice_is_set(rest);) {
		struct slice value = next_value(&rest);
		size_t before = out->len;
		if (n)
			buf_str(out, ", ");
		if (headers_rewrite_value(out, value, host)) {
			n++;
		} else {
			counts[CNT_MALFORMED]++;
			out->len = before;
		}
	}
	if (n)
		buf_str(out, "\r\n");
	else
		out->len = start;
}

bool headers_privacy(const struct sip_msg *m, const char *level)
{
	struct slice all = sip_msg_value(m, SIP_HDR_PRIVACY);
	while (slice_is_set(all))
		if (slice_caseeq(slice_trim(slice_cut(&all, ';')), slice_str(level)))
			return true;
	return false;
}

bool headers_want_privacy(const struct sip_msg *m)
{
	return headers_privacy(m, "id") || headers_privacy(m, "user");
}

/* What is done here for everybody, or for whom asks (RFC 3323 5): it is asked of nobody else. */
static const char *const privacy_done[] = {"header", "session", "user"};

/* `critical` is about the other levels, and means nothing alone. */
static void privacy_line(struct buf *out, const struct sip_hdr *h)
{
	size_t start = out->len;
	bool any = false, critical = false;
	write_name(out, h);
	for (struct slice rest = h->value; slice_is_set(rest);) {
		struct slice level = slice_trim(slice_cut(&rest, ';'));
		if (slice_caseeq(level, SLICE("critical")))
			critical = true;
		if (!level.len || slice_caseeq(level, SLICE("critical")) || is_listed(level, privacy_done, LENGTH(privacy_done)))
			continue;
		if (any)
			buf_char(out, ';');
		buf_slice(out, level);
		any = true;
	}
	if (any)
		buf_str(out, critical ? ";critical\r\n" : "\r\n");
	else
		out->len = start;
}

/* Requests that begin something. */
static bool is_identified(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_MESSAGE || method == SIP_PUBLISH || method == SIP_SUBSCRIBE;
}

/* The sender's own identity, where a call is offered or taken. */
static void write_identity(struct buf *out, const struct sip_msg *m, const struct headers_way *way)
{
	if (slice_empty(way->identity) || !is_identified(m->cseq.method) || (!m->request && m->status >= 300))
		return;
	buf_str(out, "P-Asserted-Identity: ");
	buf_slice(out, way->identity);
	buf_char(out, '@');
	buf_slice(out, way->host);
	buf_str(out, ">\r\n");
}

static enum action action_of(const struct rule *r, const struct sip_msg *m, const struct sip_hdr *h, const struct headers_way *way)
{
	enum action action = !r ? DROP : m->request ? r->request : r->response;
	/* How long a target wants to be left alone is between it and us (RFC 3261 16.7 step 6). */
	if (h->id == SIP_HDR_RETRY_AFTER && (m->status == 503 || m->status == 500))
		return DROP;
	if (h->id == SIP_HDR_SUBJECT && headers_privacy(m, "user"))
		return DROP;
	if (h->id == SIP_HDR_PRIVACY && way->privacy != HEADERS_PRIVACY_AS_SENT)
		return DROP;
	for (unsigned i = 0; i < HEADER_TABLES; i++) {
		if (header_table_removes(way->table[i], h))
			return DROP;
		if (!r && header_table_passes(way->table[i], h))
			action = PASS;
	}
	return action;
}

void headers_pass(struct buf *out, const struct sip_msg *m, const struct headers_way *way)
{
	bool wanted = way->privacy == HEADERS_PRIVACY_AS_SENT ? headers_want_privacy(m) : way->privacy == HEADERS_PRIVACY_ID;
	bool hidden = (way->to_user && wanted) || way->identity_elsewhere;
	if (way->privacy == HEADERS_PRIVACY_ID)
		buf_str(out, "Privacy: id\r\n");
	counter_register(&counters);
	if (!hidden)
		write_identity(out, m, way);
	for (unsigned i = 0; i < m->n_hdrs; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		const struct rule *r = rule_of(h);
		enum action action = action_of(r, m, h, way);
		if (action == IDENTITY)
			action = hidden || way->disbelieved || !slice_empty(way->identity) ? DROP : REWRITE;
		if (action != DROP && sip_has_control(h->value)) {
			counts[CNT_CONTROL]++;
			action = DROP;
		}
		if (action == PASS && h->id == SIP_HDR_PRIVACY) {
			privacy_line(out, h);
		} else if (action == REWRITE) {
			rewrite_line(out, h, way->host);
		} else if (action == PASS) {
			write_name(out, h);
			buf_slice(out, h->value);
			buf_str(out, "\r\n");
		}
	}
	for (unsigned i = 0; m->request && m->method == SIP_INVITE && !slice_is_set(m->to.tag) && i < HEADER_TABLES; i++)
		header_table_add(way->table[i], out);
}
