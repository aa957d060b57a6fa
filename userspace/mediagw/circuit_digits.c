// SPDX-License-Identifier: GPL-3.0-or-later
/* Digits by package D (RFC 3660 2.2): as events when they begin, D/L when one lasts for two seconds, D/dd for how long it lasts. */
#include "mediagw/circuit_internal.h"
#include "mgcp/gateway.h"
#include <string.h>

#define LONG_MS     2000
#define DURATION_MAX 60000

struct slice circuit_param(struct slice params, const char *name)
{
	while (slice_is_set(params)) {
		struct slice value = mgcp_list_next(&params), key = slice_cut(&value, '=');
		if (slice_caseeq(slice_trim(key), slice_str(name)))
			return slice_trim(value);
	}
	return SLICE_NONE;
}

char circuit_signal_digit(const struct mgcp_signal *s)
{
	struct slice dg;
	if (s->package != &mgcp_package_d)
		return '\0';
	if (s->type->event & MGCP_DIGIT && strcmp(s->type->name, "T") != 0)
		return s->type->name[0];
	dg = circuit_param(s->params, "dg");
	return dg.len == 1 && mgcp_digit_bit(dg.p[0]) ? dg.p[0] : '\0';
}

static void is_long(void *arg)
{
	circuit_event(arg, &mgcp_package_d, "l");
}

/* "dd(dg=#,to=2000)" */
static void tell_duration(struct circuit *c, uint32_t ms)
{
	char text[32];
	struct buf b = buf_fixed(text, sizeof text);
	buf_printf(&b, "dg=%c,to=%u", c->digit, ms);
	circuit_event_with(c, &mgcp_package_d, "dd", buf_z(&b));
}

/* What is asked about durations of this digit; *ms: once it lasts for so long, 0: when it is over. */
static bool duration_asked(const struct circuit *c, uint32_t *ms)
{
	const struct mgcp_requested *r = c->p.h->requested(c->p.arg, &mgcp_package_d, "dd");
	struct slice digit = r ? circuit_param(r->params, "dg") : SLICE_NONE, limit = r ? circuit_param(r->params, "to") : SLICE_NONE;
	uint32_t set = 0;
	*ms = 0;
	if (!r || (slice_is_set(digit) && (mgcp_digit_set(&digit, &set) || !(set & mgcp_digit_bit(c->digit)))))
		return false;
	return !slice_is_set(limit) || (!slice_u32(limit, ms) && *ms <= DURATION_MAX);
}

static void is_due(void *arg)
{
	struct circuit *c = arg;
	uint32_t ms;
	if (duration_asked(c, &ms) && ms)
		tell_duration(c, ms);
}

static void begins(struct circuit *c)
{
	const char name[] = {c->digit, '\0'};
	uint32_t ms;
	c->digit_from = clock_ms();
	timer_start(&c->digit_long, LONG_MS, is_long, c);
	if (duration_asked(c, &ms) && ms)
		timer_start(&c->digit_due, ms, is_due, c);
	circuit_event(c, &mgcp_package_d, name);
}

static void ends(struct circuit *c)
{
	uint64_t lasted = clock_ms() - c->digit_from;
	uint32_t ms;
	if (c->digit && duration_asked(c, &ms) && !ms)
		tell_duration(c, lasted > DURATION_MAX ? DURATION_MAX : (uint32_t)lasted);
	circuit_digits_stop(c);
}

void circuit_digit(struct circuit *c, char digit)
{
	ends(c);
	if (!digit || !mgcp_packages_have(c->kind->packages, &mgcp_package_d))
		return;
	c->digit = digit;
	begins(c);
}

void circuit_digits_stop(struct circuit *c)
{
	timer_stop(&c->digit_long);
	timer_stop(&c->digit_due);
	c->digit = '\0';
}
