// SPDX-License-Identifier: GPL-3.0-or-later
/* What a rule makes of the called number and of the caller. */
#include "routing/route.h"
#include <errno.h>

int rule_rewrite_called(const struct rule *r, const char *called, char *out, size_t size)
{
	struct buf b = buf_fixed(out, size);
	struct slice rest = slice_from(slice_str(called), (size_t)conf_int(r->conf, "strip"));
	buf_str(&b, conf_string(r->conf, "prepend"));
	if (r->replace)
		pattern_replace(r->replace, rest, conf_string(r->conf, "with"), &b);
	else
		buf_slice(&b, rest);
	buf_z(&b);
	return b.err ? -ENOSPC : 0;
}

static int rewrite_number(const struct rule *r, struct shown *caller)
{
	char was[sizeof(caller->number)];
	const char *fixed = conf_string(r->conf, "caller-number");
	struct buf b = buf_fixed(caller->number, sizeof(caller->number));
	memcpy(was, caller->number, sizeof(was));
	struct slice rest = slice_from(slice_str(was), (size_t)conf_int(r->conf, "caller-strip"));
	buf_str(&b, *fixed ? "" : conf_string(r->conf, "caller-prepend"));
	if (*fixed)
		buf_str(&b, fixed);
	else if (r->caller_replace)
		pattern_replace(r->caller_replace, rest, conf_string(r->conf, "caller-with"), &b);
	else
		buf_slice(&b, rest);
	buf_z(&b);
	return b.err ? -ENOSPC : 0;
}

int rule_rewrite_caller(const struct rule *r, struct shown *caller)
{
	enum presentation p = (enum presentation)conf_int(r->conf, "presentation");
	const char *display = conf_string(r->conf, "caller-display");
	struct shown s = *caller;
	if (*display && slice_copy(slice_str(display), s.display, sizeof(s.display)))
		return -ENOSPC;
	if (p != PRESENT_AS_SENT)
		s.presentation = p;
	int err = rewrite_number(r, &s);
	if (!err)
		*caller = s;
	return err;
}
