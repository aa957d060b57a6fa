// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/uri.h"
#include "sip/msg.h"
#include "sip/parse.h"
#include <errno.h>

static enum sip_scheme scheme_of(struct slice s)
{
	static const struct slice names[SIP_SCHEME_OTHER] = {
		[SIP_SCHEME_SIP] = SLICE("sip"), [SIP_SCHEME_SIPS] = SLICE("sips"), [SIP_SCHEME_TEL] = SLICE("tel")};
	for (enum sip_scheme i = 0; i < SIP_SCHEME_OTHER; i++)
		if (slice_caseeq(s, names[i]))
			return i;
	return SIP_SCHEME_OTHER;
}

/* user [":" password] */
static int parse_userinfo(struct slice s, struct sip_uri *u)
{
	struct slice rest = s;
	u->user = slice_cut(&rest, ':');
	u->password = rest;
	if (!u->user.len || !sip_all_escaped(u->user, SIP_C_USER))
		return -EINVAL;
	return slice_is_set(rest) && !sip_all_escaped(rest, SIP_C_PASSWORD) ? -EINVAL : 0;
}

/* host [":" port] */
static int parse_hostport(struct slice s, struct sip_uri *u)
{
	struct slice port = SLICE_NONE;
	if (s.len && s.p[0] == '[') {
		ptrdiff_t end = slice_find(s, ']');
		if (end < 0)
			return -EINVAL;
		u->host = slice_of(s.p + 1, (size_t)end - 1);
		u->host_is_v6 = true;
		port = slice_from(s, (size_t)end + 1);
		if (!sip_all(u->host, SIP_C_V6) || (port.len && port.p[0] != ':'))
			return -EINVAL;
		port = port.len ? slice_from(port, 1) : SLICE_NONE;
	} else {
		port = s;
		u->host = slice_cut(&port, ':');
		if (!sip_all(u->host, SIP_C_HOST))
			return -EINVAL;
	}
	if (slice_is_set(port) && (slice_u16(port, &u->port) || !u->port))
		return -EINVAL;
	return 0;
}

static int parse_sip(struct slice rest, struct sip_uri *u)
{
	/* "@" must be escaped everywhere else, so the first one ends the user part, which itself may hold
	 * ";", "?" and "/" (RFC 4475 3.1.1.9). */
	ptrdiff_t at = slice_find(rest, '@');
	if (at >= 0) {
		if (parse_userinfo(slice_of(rest.p, (size_t)at), u))
			return -EINVAL;
		rest = slice_from(rest, (size_t)at + 1);
	}
	u->headers = rest;
	struct slice before = slice_cut(&u->headers, '?');
	u->params = before;
	struct slice hostport = slice_cut(&u->params, ';');
	if (parse_hostport(hostport, u) || !sip_all_escaped(u->params, SIP_C_PARAM) ||
	    !sip_all_escaped(u->headers, SIP_C_HEADERS))
		return -EINVAL;
	return 0;
}

struct slice sip_uri_request(struct slice uri)
{
	ptrdiff_t at = slice_find(uri, '@'), headers = slice_find(slice_from(uri, at < 0 ? 0 : (size_t)at), '?');
	return headers < 0 ? uri : slice_of(uri.p, (size_t)(headers + (at < 0 ? 0 : at)));
}

/* RFC 3966: digits with visual separators, "+" only first; parameters. */
static int parse_tel(struct slice rest, struct sip_uri *u)
{
	u->params = rest;
	u->user = slice_cut(&u->params, ';');
	unsigned digits = 0;
	for (size_t i = 0; i < u->user.len; i++) {
		char c = u->user.p[i];
		if (sip_hex(c) >= 0 || c == '*' || c == '#')
			digits++;
		else if (!(c == '+' && !i) && !strchr("-.()", c))
			return -EINVAL;
	}
	return digits && !memchr(u->user.p, '\0', u->user.len) && sip_all_escaped(u->params, SIP_C_PARAM) ? 0 : -EINVAL;
}

static int parse_other(struct slice rest)
{
	for (size_t i = 0; i < rest.len; i++)
		if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == '<' || rest.p[i] == '>' || rest.p[i] == '"' || rest.p[i] == 127)
			return -EINVAL;
	return rest.len ? 0 : -EINVAL;
}

int sip_uri_parse(struct sip_uri *ret, struct slice text)
{
	struct slice rest = text;
	struct sip_uri u = {.text = text};
	int err;
	u.scheme_text = slice_cut(&rest, ':');
	if (!slice_is_set(rest) || !sip_all(u.scheme_text, SIP_C_SCHEME) || (u.scheme_text.p[0] | 0x20) < 'a')
		return -EINVAL;
	u.scheme = scheme_of(u.scheme_text);
	if (u.scheme == SIP_SCHEME_OTHER)
		err = parse_other(rest);
	else if (u.scheme == SIP_SCHEME_TEL)
		err = parse_tel(rest, &u);
	else
		err = parse_sip(rest, &u);
	if (!err)
		*ret = u;
	return err;
}

struct slice sip_uri_param(const struct sip_uri *u, struct slice name)
{
	return sip_param(u->params, name);
}

/* One character of escaped text. RFC 3261 19.1.4: an escape equals the character it stands for unless that is reserved,
 * so a reserved one that came escaped gets a value of its own. */
static int next_char(struct slice *s)
{
	int c = (unsigned char)s->p[0];
	if (c != '%' || s->len < 3) {
		*s = slice_from(*s, 1);
		return c;
	}
	c = sip_hex(s->p[1]) << 4 | sip_hex(s->p[2]);
	*s = slice_from(*s, 3);
	return c && strchr(";/?:@&=+$,", c) ? c | 0x100 : c;
}

static int fold(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool text_eq(struct slice a, struct slice b, bool ignore_case)
{
	while (a.len && b.len) {
		int x = next_char(&a), y = next_char(&b);
		if (ignore_case ? fold(x) != fold(y) : x != y)
			return false;
	}
	return !a.len && !b.len;
}

static bool host_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	struct addr x, y;
	if (slice_caseeq(a->host, b->host))
		return a->host_is_v6 == b->host_is_v6;
	return a->host_is_v6 && b->host_is_v6 && !addr_parse_ip(&x, a->host) && !addr_parse_ip(&y, b->host) &&
	       addr_ip_eq(&x, &y);
}

/* Parameters that never match when only one URI has them. */
static bool must_be_in_both(struct slice name)
{
	static const struct slice names[] = {SLICE("user"), SLICE("ttl"), SLICE("method"), SLICE("maddr"), SLICE("transport")};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_caseeq(name, names[i]))
			return true;
	return false;
}

/* A remote text decides how many parameters there are, and every one of `a` is looked for in `b`. */
enum { COMPARE_MAX = 32 };

static bool params_match(struct slice a, struct slice b)
{
	struct sip_param_item it;
	for (unsigned n = 0; sip_param_next(&a, &it, NULL); n++) {
		struct slice other = sip_param(b, it.name);
		if (n == COMPARE_MAX || (!slice_is_set(other) && must_be_in_both(it.name)))
			return false;
		if (slice_is_set(other) && !text_eq(it.value, other, true))
			return false;
	}
	return true;
}

/* Every header of `a` is in `b` with the same value. */
static bool headers_in(struct slice a, struct slice b)
{
	for (unsigned n = 0; slice_is_set(a); n++) {
		struct slice value = slice_cut(&a, '&'), name = slice_cut(&value, '='), rest = b;
		bool found = false;
		while (slice_is_set(rest) && !found) {
			struct slice v = slice_cut(&rest, '&'), k = slice_cut(&v, '=');
			found = text_eq(k, name, true) && text_eq(v, value, false);
		}
		if (!found || n == COMPARE_MAX)
			return false;
	}
	return true;
}

bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	if (a->scheme == SIP_SCHEME_OTHER)
		return slice_eq(a->text, b->text);
	return a->port == b->port && slice_is_set(a->user) == slice_is_set(b->user) &&
	       slice_is_set(a->password) == slice_is_set(b->password) && text_eq(a->user, b->user, false) &&
	       text_eq(a->password, b->password, false) && host_eq(a, b) && params_match(a->params, b->params) &&
	       params_match(b->params, a->params) && headers_in(a->headers, b->headers) &&
	       headers_in(b->headers, a->headers);
}

int sip_uri_addr(const struct sip_uri *u, struct addr *ret)
{
	struct addr a;
	if (u->scheme > SIP_SCHEME_SIPS || addr_parse_ip(&a, u->host))
		return -EINVAL;
	a.port = u->port ? u->port : u->scheme == SIP_SCHEME_SIPS ? 5061 : 5060;
	*ret = a;
	return 0;
}

int sip_uri_user(const struct sip_uri *u, char *dst, size_t size)
{
	size_t n = 0;
	for (struct slice s = u->user; s.len;) {
		int c = next_char(&s) & 0xff;
		if (!c)
			return -EINVAL;
		if (n + 1 >= size)
			return -ENOSPC;
		dst[n++] = (char)c;
	}
	if (!size)
		return -ENOSPC;
	dst[n] = '\0';
	return 0;
}

void sip_uri_escape_user(struct buf *out, struct slice text)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (sip_is(text.p[i], SIP_C_USER) && c != '#')
			buf_char(out, text.p[i]);
		else
			buf_add(out, (char[3]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}
