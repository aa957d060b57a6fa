// SPDX-License-Identifier: GPL-3.0-or-later
#include "mgcp/caller.h"
#include "mgcp/gateway.h"

static struct slice unquoted(struct slice s)
{
	s = slice_trim(s);
	return s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"' ? slice_of(s.p + 1, s.len - 2) : s;
}

/* What is longer is cut. */
static void take(struct mgcp_caller *c, struct slice text, char *out, size_t size)
{
	struct slice s = unquoted(text);
	bool absent = slice_eq(s, SLICE("O")) || slice_eq(s, SLICE("P"));
	c->hidden |= slice_eq(s, SLICE("P"));
	if (absent || slice_copy(slice_of(s.p, s.len < size ? s.len : size - 1), out, size))
		out[0] = '\0';
}

void mgcp_caller_read(struct mgcp_caller *ret, struct slice params)
{
	*ret = (struct mgcp_caller){0};
	mgcp_list_next(&params); /* the time */
	if (slice_is_set(params))
		take(ret, mgcp_list_next(&params), ret->number, sizeof ret->number);
	if (slice_is_set(params))
		take(ret, mgcp_list_next(&params), ret->name, sizeof ret->name);
}

static void write_quoted(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text; text++)
		if ((unsigned char)*text >= ' ' && !strchr("\"\\()", *text) && *text != 0x7f)
			buf_char(out, *text);
	buf_char(out, '"');
}

void mgcp_caller_write(struct buf *out, const struct mgcp_caller *c, time_t now)
{
	const char *absent = c->hidden ? "P" : "O";
	struct tm t;
	localtime_r(&now, &t);
	buf_printf(out, "%02d/%02d/%02d/%02d,", t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min);
	write_quoted(out, c->hidden || !*c->number ? absent : c->number);
	buf_char(out, ',');
	write_quoted(out, c->hidden || !*c->name ? absent : c->name);
}

void mgcp_digits_read(char *out, size_t size, struct slice list)
{
	size_t n = 0;
	while (slice_is_set(list) && !slice_empty(slice_trim(list))) {
		struct slice one = slice_trim(mgcp_list_next(&list));
		if (one.len == 1 && strchr("0123456789*#", one.p[0]) && n + 1 < size)
			out[n++] = one.p[0];
	}
	out[n] = '\0';
}

void mgcp_digits_write(struct buf *out, const char *name, bool mf, const char *before, const char *digits)
{
	const char *comma = mf ? "," : "";
	buf_printf(out, "%s(%s", name, mf ? "k0" : "");
	for (int part = 0; part < 2; part++)
		for (const char *p = part ? digits : before; *p; p++)
			if (strchr(mf ? "0123456789" : "0123456789*#ABCD", *p)) {
				buf_printf(out, "%s%c", comma, *p);
				comma = ",";
			}
	buf_str(out, mf ? ",s0)" : ")");
}
