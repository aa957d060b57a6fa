// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/msg.h"
#include "sip/parse.h"

/* Written out by hand as ranges: each row sets the classes of the characters from..to. */
#define ANY   SIP_C_VALUE
#define ALNUM (ANY | SIP_C_TOKEN | SIP_C_SCHEME | SIP_C_HOST | SIP_C_USER | SIP_C_PASSWORD | SIP_C_PARAM | SIP_C_HEADERS)
#define URI   (SIP_C_USER | SIP_C_PASSWORD | SIP_C_PARAM | SIP_C_HEADERS)

const uint16_t sip_class[256] = {
	[1 ... 8] = ANY,
	[11 ... 12] = ANY,
	[14 ... 31] = ANY,
	[127 ... 255] = ANY,
	['0' ... '9'] = ALNUM | SIP_C_V6,
	['a' ... 'f'] = ALNUM | SIP_C_V6,
	['A' ... 'F'] = ALNUM | SIP_C_V6,
	['g' ... 'z'] = ALNUM,
	['G' ... 'Z'] = ALNUM,
	['-'] = ANY | SIP_C_TOKEN | SIP_C_SCHEME | SIP_C_HOST | URI,
	['.'] = ANY | SIP_C_TOKEN | SIP_C_SCHEME | SIP_C_HOST | SIP_C_V6 | URI,
	['+'] = ANY | SIP_C_TOKEN | SIP_C_SCHEME | URI,
	['_'] = ANY | SIP_C_TOKEN | SIP_C_HOST | URI,
	['!'] = ANY | SIP_C_TOKEN | URI,
	['~'] = ANY | SIP_C_TOKEN | URI,
	['*'] = ANY | SIP_C_TOKEN | URI,
	['\''] = ANY | SIP_C_TOKEN | URI,
	['`'] = ANY | SIP_C_TOKEN,
	['%'] = ANY | SIP_C_TOKEN,
	['('] = ANY | URI,
	[')'] = ANY | URI,
	['&'] = ANY | URI,
	['='] = ANY | URI,
	['$'] = ANY | URI,
	['?'] = ANY | SIP_C_USER | SIP_C_HEADERS,
	['/'] = ANY | SIP_C_USER | SIP_C_PARAM | SIP_C_HEADERS,
	['['] = ANY | SIP_C_PARAM | SIP_C_HEADERS,
	[']'] = ANY | SIP_C_PARAM | SIP_C_HEADERS,
	[':'] = ANY | SIP_C_PARAM | SIP_C_HEADERS | SIP_C_V6,
	/* "#" belongs to telephone numbers that many phones put into the user part unescaped. */
	['#'] = ANY | SIP_C_USER,
	['{'] = ANY,
	['|'] = ANY,
	['}'] = ANY,
	['^'] = ANY,
	['@'] = ANY,
	['\\'] = ANY,
	[','] = SIP_C_USER | SIP_C_PASSWORD | SIP_C_CUT,
	[';'] = SIP_C_USER | SIP_C_PARAM | SIP_C_CUT,
	['"'] = SIP_C_CUT,
	['<'] = SIP_C_CUT,
	['>'] = SIP_C_CUT,
};

bool sip_all(struct slice s, uint16_t mask)
{
	for (size_t i = 0; i < s.len; i++)
		if (!sip_is(s.p[i], mask))
			return false;
	return s.len != 0;
}

int sip_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sip_all_escaped(struct slice s, uint16_t mask)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '%') {
			if (s.len - i < 3 || sip_hex(s.p[i + 1]) < 0 || sip_hex(s.p[i + 2]) < 0)
				return false;
			i += 2;
		} else if (!sip_is(s.p[i], mask)) {
			return false;
		}
	}
	return true;
}

size_t sip_quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Offset of the first `sep` outside quotes and <>; the length when there is none. */
static size_t find_outside(struct slice s, char sep)
{
	bool angle = false;
	ptrdiff_t first = slice_find(s, sep);
	if (first < 0)
		return s.len;
	struct slice before = slice_of(s.p, (size_t)first);
	if (slice_find(before, '"') < 0 && slice_find(before, '<') < 0)
		return before.len;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		if (!sip_is(c, SIP_C_CUT))
			continue;
		if (c == '"' && !angle) {
			size_t n = sip_quoted_len(slice_from(s, i));
			if (!n)
				return s.len;
			i += n - 1;
		} else if (angle) {
			angle = c != '>';
		} else if (c == sep) {
			return i;
		} else {
			angle = c == '<';
		}
	}
	return s.len;
}

struct slice sip_cut(struct slice *s, char sep)
{
	if (!slice_is_set(*s))
		return SLICE_NONE;
	struct slice whole = *s;
	size_t at = find_outside(whole, sep);
	*s = at == whole.len ? SLICE_NONE : slice_from(whole, at + 1);
	return slice_trim(slice_of(whole.p, at));
}

bool sip_param_next(struct slice *rest, struct sip_param_item *ret, unsigned *empty)
{
	while (slice_is_set(*rest)) {
		struct slice item = sip_cut(rest, ';');
		if (!item.len) {
			if (empty)
				++*empty;
			continue;
		}
		ptrdiff_t eq = slice_find(item, '=');
		*ret = (struct sip_param_item){.name = item};
		if (eq < 0)
			return true;
		ret->name = slice_trim(slice_of(item.p, (size_t)eq));
		ret->value = slice_trim(slice_from(item, (size_t)eq + 1));
		if (ret->value.len >= 2 && ret->value.p[0] == '"' && sip_quoted_len(ret->value) == ret->value.len) {
			ret->value = slice_of(ret->value.p + 1, ret->value.len - 2);
			ret->quoted = true;
		}
		return true;
	}
	return false;
}

bool sip_param_valid(const struct sip_param_item *it)
{
	return sip_all(it->name, SIP_C_TOKEN) && (it->quoted || !it->value.len || sip_all(it->value, SIP_C_VALUE));
}

struct slice sip_param(struct slice params, struct slice name)
{
	struct sip_param_item it;
	while (sip_param_next(&params, &it, NULL))
		if (slice_caseeq(it.name, name))
			return slice_is_set(it.value) ? it.value : slice_of(slice_end(it.name), 0);
	return SLICE_NONE;
}
