// SPDX-License-Identifier: GPL-3.0-or-later
/* Parsing a message: one allocation holds the struct, the header lines and a copy of the text, which is unfolded in place.
 * The first thing found wrong decides the answer; parsing goes on, so that the answer can be addressed. */
#include "sip/hdr.h"
#include "sip/malformed.h"
#include "sip/parse.h"
#include "base/mem.h"
#include <errno.h>

enum {
	HDRS_MAX = 256,    /* lines */
	RURI_MAX = 4096,   /* bytes */
	MAX_FORWARDS_MAX = 255,
};

struct parser {
	struct sip_msg *m;
	struct slice rest; /* what is not parsed yet */
	unsigned cap;      /* room in m->hdrs */
	unsigned status;   /* of the first mistake, 0: none */
	const char *why;
	int16_t last[SIP_HDR_MAX];
};

static void bad(struct parser *p, unsigned status, enum sip_part part, const char *why)
{
	if (p->status)
		return;
	sip_malformed(part);
	p->status = status;
	p->why = why;
}

/* Cuts the next line off, without its CRLF. A lone LF ends a line to some who read SIP and not to others: such a message means two
 * things (RFC 3261 7 knows CRLF only). */
static struct slice take_line(struct parser *p)
{
	const char *lf = p->rest.len ? memchr(p->rest.p, '\n', p->rest.len) : NULL;
	size_t n = lf ? (size_t)(lf - p->rest.p) : p->rest.len;
	struct slice line = slice_of(p->rest.p, n);
	p->rest = slice_from(p->rest, lf ? n + 1 : n);
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	else if (lf)
		bad(p, 400, SIP_PART_LINE_END, "Bare LF");
	return line;
}

/* A header line with its continuation lines (RFC 3261 7.3.1): the line breaks between them become spaces. */
static struct slice take_folded(struct parser *p)
{
	struct slice line = take_line(p);
	/* After the blank line comes the body, which may begin with anything. */
	while (line.len && p->rest.len && (p->rest.p[0] == ' ' || p->rest.p[0] == '\t')) {
		char *gap = p->m->data + (slice_end(line) - p->m->data);
		while (gap < p->rest.p)
			*gap++ = ' ';
		struct slice more = take_line(p);
		/* To whoever trims before looking, this is the line that ends the headers. */
		if (!slice_trim(more).len)
			bad(p, 400, SIP_PART_LINE_END, "Blank Continuation Line");
		line.len = (size_t)(slice_end(more) - line.p);
	}
	return line;
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' ? c != '\t' : c == 0x7f;
}

/* Eight bytes at a time; HTAB counts, too. */
static bool may_have_control(struct slice s)
{
	const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
	uint64_t found = 0, w, del;
	for (; s.len >= sizeof w; s = slice_from(s, sizeof w)) {
		memcpy(&w, s.p, sizeof w);
		del = w ^ ones * 0x7f;
		found |= ((w - ones * ' ') & ~w) | ((del - ones) & ~del);
	}
	for (size_t i = 0; i < s.len; i++)
		found |= (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? tops : 0;
	return found & tops;
}

bool sip_has_control(struct slice s)
{
	bool found = false;
	if (may_have_control(s))
		for (size_t i = 0; i < s.len; i++)
			found |= is_control(s.p[i]);
	return found;
}

/* RFC 3261 25.1: no control character but HTAB stands in a header field, save behind the "\" of a quoted string, and CR not even
 * there (RFC 4475 3.1.1.2 has such a name). */
static bool has_stray_control(struct slice line)
{
	bool escaped = false;
	if (!may_have_control(line))
		return false;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.p[i];
		if (is_control(c) && (!escaped || c == '\r'))
			return true;
		escaped = c == '\\' && !escaped;
	}
	return false;
}

static bool is_version(struct slice s)
{
	return slice_caseeq(s, SLICE("SIP/2.0"));
}

/* Method SP Request-URI SP SIP-Version, with exactly these two spaces (RFC 3261 7.1). */
static int parse_request_line(struct parser *p, struct slice line)
{
	struct sip_msg *m = p->m;
	struct slice rest = line, version;
	m->request = true;
	m->method_text = slice_cut(&rest, ' ');
	if (!sip_all(m->method_text, SIP_C_TOKEN))
		return -EBADMSG;
	m->method = sip_method_parse(m->method_text);
	const char *space = rest.len ? memrchr(rest.p, ' ', rest.len) : NULL;
	m->ruri_text = space ? slice_of(rest.p, (size_t)(space - rest.p)) : rest;
	version = space ? slice_from(rest, (size_t)(space - rest.p) + 1) : SLICE_NONE;
	if (!is_version(version) && slice_casestarts(version, SLICE("SIP/")))
		bad(p, 505, SIP_PART_START_LINE, "SIP Version Not Supported");
	else if (!is_version(version))
		bad(p, 400, SIP_PART_START_LINE, "Malformed Request-Line");
	if (m->ruri_text.len > RURI_MAX)
		bad(p, 414, SIP_PART_START_LINE, "Request-URI Too Long");
	else if (sip_uri_parse(&m->ruri, m->ruri_text))
		bad(p, 400, SIP_PART_START_LINE, "Malformed Request-URI");
	else if (slice_is_set(m->ruri.headers))
		bad(p, 400, SIP_PART_START_LINE, "Headers in Request-URI"); /* RFC 3261 19.1.1, table 1 */
	return 0;
}

/* SIP-Version SP Status-Code SP Reason-Phrase, which may be empty; some leave its space out then. */
static int parse_status_line(struct parser *p, struct slice line)
{
	struct slice rest = line, version = slice_cut(&rest, ' '), code = slice_cut(&rest, ' ');
	uint16_t status;
	if (!is_version(version) || code.len != 3 || slice_u16(code, &status) || status < 100 || status > 699 || has_stray_control(rest))
		return -EBADMSG;
	p->m->status = status;
	p->m->reason = rest;
	return 0;
}

/* Puts a line into the index; lines of one id are chained in their order. */
static void add_header(struct parser *p, struct slice name, struct slice value)
{
	struct sip_msg *m = p->m;
	if (m->n_hdrs == p->cap) {
		bad(p, 513, SIP_PART_SIZE, "Message Too Large");
		return;
	}
	int16_t at = (int16_t)m->n_hdrs++;
	struct sip_hdr *h = &m->hdrs[at];
	*h = (struct sip_hdr){.id = sip_hdr_lookup(name), .name = name, .value = value, .next = -1};
	if (m->first[h->id] < 0) {
		m->first[h->id] = at;
	} else {
		m->hdrs[p->last[h->id]].next = at;
		if (sip_hdr_table[h->id].flags & SIP_HDR_SINGLE && !slice_eq(value, m->hdrs[m->first[h->id]].value))
			bad(p, 400, SIP_PART_CONFLICT, "Conflicting Header Fields");
	}
	p->last[h->id] = at;
}

/* field-name HCOLON field-value */
static void parse_header(struct parser *p, struct slice line)
{
	size_t name = 0, colon;
	while (name < line.len && sip_is(line.p[name], SIP_C_TOKEN))
		name++;
	for (colon = name; colon < line.len && sip_is_lws(line.p[colon]);)
		colon++;
	/* A lone CR is no line end here but may be one for whoever gets the value next, and NUL its end. */
	if (has_stray_control(line))
		bad(p, 400, SIP_PART_CONTROL, "Control Character");
	else if (!name || colon == line.len || line.p[colon] != ':')
		bad(p, 400, SIP_PART_FIELD, "Malformed Header Field");
	else
		add_header(p, slice_of(line.p, name), slice_trim(slice_from(line, colon + 1)));
}

static void parse_headers(struct parser *p)
{
	while (p->rest.len) {
		struct slice line = take_folded(p);
		if (!line.len)
			return;
		parse_header(p, line);
	}
	bad(p, 400, SIP_PART_END, "Headers Without End");
}

/* The topmost Via. When only its parameters are malformed, the sender can still be told. */
static bool parse_via(struct parser *p)
{
	struct sip_msg *m = p->m;
	struct slice rest = sip_msg_value(m, SIP_HDR_VIA);
	if (!slice_is_set(rest)) {
		bad(p, 400, SIP_PART_VIA, "Missing Via");
		return false;
	}
	struct slice top = sip_cut(&rest, ',');
	if (!sip_via_parse(&m->via, top))
		return true;
	bad(p, 400, SIP_PART_VIA, "Malformed Via");
	return !sip_via_parse(&m->via, slice_cut(&top, ';'));
}

static void parse_nameaddr(struct parser *p, enum sip_hdr_id id, struct sip_nameaddr *ret, enum sip_part part, const char *missing,
			   const char *malformed)
{
	struct slice v = sip_msg_value(p->m, id);
	if (!slice_is_set(v))
		bad(p, 400, part, missing);
	else if (sip_nameaddr_parse(ret, v) || ret->star)
		bad(p, 400, part, malformed);
}

static void parse_cseq(struct parser *p)
{
	struct sip_msg *m = p->m;
	struct slice v = sip_msg_value(m, SIP_HDR_CSEQ);
	if (!slice_is_set(v)) {
		bad(p, 400, SIP_PART_CSEQ, "Missing CSeq");
	} else if (sip_cseq_parse(&m->cseq, v)) {
		bad(p, 400, SIP_PART_CSEQ, "Malformed CSeq");
	} else if (!m->request) {
		m->method = m->cseq.method;
		m->method_text = m->cseq.method_text;
	} else if (!slice_eq(m->cseq.method_text, m->method_text)) {
		bad(p, 400, SIP_PART_CSEQ, "CSeq Method Mismatch");
	}
}

static void parse_call_id(struct parser *p)
{
	struct slice v = sip_msg_value(p->m, SIP_HDR_CALL_ID);
	if (!slice_is_set(v)) {
		bad(p, 400, SIP_PART_CALL_ID, "Missing Call-ID");
		return;
	}
	p->m->call_id = v;
	bool good = v.len != 0;
	for (size_t i = 0; i < v.len; i++)
		good = good && (unsigned char)v.p[i] > ' ' && v.p[i] != ',' && v.p[i] != ';';
	if (!good)
		bad(p, 400, SIP_PART_CALL_ID, "Malformed Call-ID");
}

/* RFC 4475 3.1.2.4: what is over 255 may be taken as absent. */
static void parse_max_forwards(struct parser *p)
{
	struct slice v = sip_msg_value(p->m, SIP_HDR_MAX_FORWARDS);
	uint64_t n;
	p->m->max_forwards = UINT32_MAX;
	if (!slice_is_set(v))
		return;
	if (!slice_u64(v, MAX_FORWARDS_MAX, &n))
		p->m->max_forwards = (uint32_t)n;
	else if (!v.len || strspn(v.p, "0123456789") < v.len)
		bad(p, 400, SIP_PART_MAX_FORWARDS, "Malformed Max-Forwards");
}

/* RFC 3261 18.3: bytes after the body are discarded; a body that was cut off makes the message bad. */
static void parse_body(struct parser *p)
{
	struct slice v = sip_msg_value(p->m, SIP_HDR_CONTENT_LENGTH);
	uint64_t n = p->rest.len;
	if (slice_is_set(v) && slice_u64(v, UINT32_MAX, &n))
		bad(p, 400, SIP_PART_CONTENT_LENGTH, "Malformed Content-Length");
	else if (n > p->rest.len)
		bad(p, 400, SIP_PART_CONTENT_LENGTH, "Content-Length Exceeds Message");
	else
		p->m->body = slice_of(p->rest.p, (size_t)n);
}

/* An upper bound of the header lines, so that everything fits into one allocation. */
static unsigned count_lines(const char *data, size_t len)
{
	unsigned n = 1;
	const char *p = data, *end = data + len;
	while (n < HDRS_MAX && p < end && (p = memchr(p, '\n', (size_t)(end - p))) && ++p < end && *p != '\r' && *p != '\n')
		n++;
	return n;
}

static struct sip_msg *msg_new(struct parser *p, const char *data, size_t len)
{
	p->cap = count_lines(data, len);
	struct sip_msg *m = mem_alloc(sizeof *m + p->cap * sizeof *m->hdrs + len + 1, NULL);
	if (!m)
		return NULL;
	m->hdrs = (struct sip_hdr *)(m + 1);
	m->data = (char *)(m->hdrs + p->cap);
	m->len = len;
	memcpy(m->data, data, len);
	memset(m->first, 0xff, sizeof m->first);
	p->m = m;
	p->rest = slice_of(m->data, len);
	return m;
}

/* Whether an answer can be sent: nothing ever answers an ACK, and without a sender there is nobody to answer. */
static bool parse_all(struct parser *p)
{
	struct sip_msg *m = p->m;
	struct slice line = take_line(p);
	bool response = slice_casestarts(line, SLICE("SIP/"));
	if (response ? parse_status_line(p, line) : parse_request_line(p, line)) {
		bad(p, SIP_BADMSG_IGNORE, SIP_PART_START_LINE, "Not SIP");
		return false;
	}
	parse_headers(p);
	bool via = parse_via(p);
	parse_nameaddr(p, SIP_HDR_FROM, &m->from, SIP_PART_FROM, "Missing From", "Malformed From");
	parse_nameaddr(p, SIP_HDR_TO, &m->to, SIP_PART_TO, "Missing To", "Malformed To");
	parse_call_id(p);
	parse_cseq(p);
	parse_max_forwards(p);
	parse_body(p);
	return m->request && m->method != SIP_ACK && via;
}

int sip_msg_parse(struct sip_msg **ret, const char *data, size_t len, unsigned *status, const char **why)
{
	struct parser p = {0};
	*ret = NULL;
	/* RFC 3261 7.5: empty lines before the first line are ignored; alone they keep a NAT open. */
	while (len && (*data == '\r' || *data == '\n'))
		data++, len--;
	if (!len) {
		*status = SIP_BADMSG_IGNORE;
		*why = "Empty";
		return -EBADMSG;
	}
	if (!msg_new(&p, data, len))
		return -ENOMEM;
	bool answerable = parse_all(&p);
	if (!p.status) {
		*ret = p.m;
		return 0;
	}
	*status = answerable ? p.status : SIP_BADMSG_IGNORE;
	*why = p.why;
	if (answerable)
		*ret = p.m;
	else
		mem_deref(p.m);
	return -EBADMSG;
}

const struct sip_hdr *sip_msg_hdr(const struct sip_msg *m, enum sip_hdr_id id)
{
	return id < SIP_HDR_MAX && m->first[id] >= 0 ? &m->hdrs[m->first[id]] : NULL;
}

const struct sip_hdr *sip_msg_next(const struct sip_msg *m, const struct sip_hdr *h)
{
	return h && h->next >= 0 ? &m->hdrs[h->next] : NULL;
}

struct slice sip_msg_value(const struct sip_msg *m, enum sip_hdr_id id)
{
	const struct sip_hdr *h = sip_msg_hdr(m, id);
	return h ? h->value : SLICE_NONE;
}

const struct sip_hdr *sip_msg_named(const struct sip_msg *m, struct slice name)
{
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_OTHER);
	while (h && !slice_caseeq(h->name, name))
		h = sip_msg_next(m, h);
	return h;
}

bool sip_msg_each(const struct sip_msg *m, enum sip_hdr_id id, struct sip_values *it, struct slice *value)
{
	for (;;) {
		if (!slice_is_set(it->rest)) {
			it->h = it->started ? sip_msg_next(m, it->h) : sip_msg_hdr(m, id);
			it->started = true;
			if (!it->h)
				return false;
			it->rest = it->h->value;
		}
		if (sip_hdr_table[id].flags & SIP_HDR_LIST) {
			*value = sip_cut(&it->rest, ',');
		} else {
			*value = it->rest;
			it->rest = SLICE_NONE;
		}
		if (value->len)
			return true;
	}
}

struct slice sip_values_cut(struct slice *rest)
{
	return sip_cut(rest, ',');
}

bool sip_msg_has_token(const struct sip_msg *m, enum sip_hdr_id id, struct slice token)
{
	struct sip_values it = {0};
	struct slice value;
	while (sip_msg_each(m, id, &it, &value))
		if (slice_caseeq(value, token))
			return true;
	return false;
}
