// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/number.h"
#include "sip/uri.h"
#include <ctype.h>
#include <errno.h>

/* ITU-T E.164: at most 15 digits; what is shorter than this is a local or service number. */
#define DIGITS_MIN 7

/* Digits of `text` with a + in front if it has one; false: there is something else in it. RFC 3966 3: "-", ".", "(" and ")" only please the eye. */
static bool digits_of(struct slice text, char *out, size_t size)
{
	struct slice rest = text, number = slice_cut(&rest, ';');
	struct buf b = buf_fixed(out, size);
	for (size_t i = 0; i < number.len; i++) {
		char c = number.p[i];
		if (isdigit((unsigned char)c) || (c == '+' && !i))
			buf_char(&b, c);
		else if (!strchr("-.() ", c))
			return false;
	}
	buf_z(&b);
	return !b.err && b.len > 0;
}

static int copy(struct slice text, char *out, size_t size)
{
	return slice_copy(text, out, size) ? -ENOSPC : 0;
}

static int join(char *out, size_t size, const char *a, const char *b, struct slice rest)
{
	struct buf buf = buf_fixed(out, size);
	buf_printf(&buf, "%s%s", a, b);
	buf_slice(&buf, rest);
	buf_z(&buf);
	return buf.err ? -ENOSPC : 0;
}

/* As somebody dials it there. */
static int read_dialled(const struct numbering *n, struct slice d, char *out, size_t size)
{
	struct slice international = slice_str(n->international), national = slice_str(n->national);
	if (international.len && slice_starts(d, international))
		return join(out, size, "+", "", slice_from(d, international.len));
	if (!*n->country || d.len < DIGITS_MIN)
		return copy(d, out, size);
	if (national.len && slice_starts(d, national))
		return join(out, size, "+", n->country, slice_from(d, national.len));
	if (!national.len || *n->area) {
		struct buf b = buf_fixed(out, size);
		buf_printf(&b, "+%s%s", n->country, national.len ? n->area : "");
		buf_slice(&b, d);
		buf_z(&b);
		return b.err ? -ENOSPC : 0;
	}
	return copy(d, out, size);
}

int number_read(const struct numbering *n, enum number_format f, struct slice text, char *out, size_t size)
{
	char digits[128];
	if (f == NUMBER_AS_IS || !digits_of(text, digits, sizeof(digits)))
		return copy(text, out, size);
	struct slice d = slice_str(digits);
	if (d.p[0] == '+')
		return copy(d, out, size);
	if (f == NUMBER_E164 || f == NUMBER_DIGITS)
		return d.len < DIGITS_MIN ? copy(d, out, size) : join(out, size, "+", "", d);
	return read_dialled(n, d, out, size);
}

/* +4930123 as that country dials it; the rest with the international prefix. */
static int write_national(const struct numbering *n, struct slice e164, char *out, size_t size)
{
	struct slice own = slice_str(n->country), rest = slice_from(e164, 1);
	if (own.len && slice_starts(rest, own))
		return join(out, size, n->national, "", slice_from(rest, own.len));
	return join(out, size, n->international, "", rest);
}

int number_write(const struct numbering *n, enum number_format f, struct slice number, char *out, size_t size)
{
	char e164[128];
	if (f == NUMBER_AS_IS)
		return copy(number, out, size);
	int err = number_read(n, NUMBER_NATIONAL, number, e164, sizeof(e164));
	if (err || e164[0] != '+')
		return err ? err : copy(number, out, size);
	struct slice e = slice_str(e164);
	switch (f) {
	case NUMBER_DIGITS:
		return copy(slice_from(e, 1), out, size);
	case NUMBER_NATIONAL:
		return write_national(n, e, out, size);
	case NUMBER_INTERNATIONAL:
		return join(out, size, n->international, "", slice_from(e, 1));
	default:
		return copy(e, out, size);
	}
}

void number_uri(struct buf *out, enum number_uri kind, const struct numbering *n, struct slice written, struct slice host)
{
	bool is_number = written.len && (isdigit((unsigned char)written.p[0]) || written.p[0] == '+');
	if (kind == NUMBER_TEL && is_number) {
		buf_str(out, "tel:");
		buf_slice(out, written);
		if (written.p[0] != '+' && *n->country)
			buf_printf(out, ";phone-context=+%s", n->country);
		else if (written.p[0] != '+') {
			buf_str(out, ";phone-context=");
			buf_slice(out, host);
		}
		return;
	}
	buf_str(out, "sip:");
	sip_uri_escape_user(out, written);
	if (written.len)
		buf_char(out, '@');
	buf_slice(out, host);
	if (kind == NUMBER_PHONE && is_number)
		buf_str(out, ";user=phone");
}
