// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/options.h"

#define GAIN_MAX_DB 24

static unsigned opt_ignored(struct slice v, struct options *o, const char **why)
{
	return 0;
}

static unsigned opt_codecs(struct slice v, struct options *o, const char **why)
{
	o->codecs = v;
	return 0;
}

/* Type of service: two hexadecimal digits, the whole octet. */
static unsigned opt_tos(struct slice v, struct options *o, const char **why)
{
	uint32_t tos;
	*why = "t: is one or two hexadecimal digits";
	if (v.len > 2 || slice_hex32(v, &tos))
		return 532;
	o->dscp = (int)(tos >> 2);
	return 0;
}

static unsigned opt_network(struct slice v, struct options *o, const char **why)
{
	*why = "only network type IN is supported";
	return slice_caseeq(v, SLICE("IN")) ? 0 : 532;
}

static unsigned opt_period(struct slice v, struct options *o, const char **why)
{
	struct slice low = slice_cut(&v, '-');
	*why = "p: is milliseconds or a range of them";
	if (slice_u32(low, &o->ptime_min) || (slice_is_set(v) && slice_u32(v, &o->ptime_max)))
		return 535;
	if (!slice_is_set(v))
		o->ptime_max = o->ptime_min;
	return o->ptime_min && o->ptime_min <= o->ptime_max ? 0 : 535;
}

static unsigned on_or_off(struct slice v, enum option_switch *ret)
{
	bool on = slice_caseeq(v, SLICE("on"));
	if (!on && !slice_caseeq(v, SLICE("off")))
		return 532;
	*ret = on ? OPTION_ON : OPTION_OFF;
	return 0;
}

static unsigned opt_echo(struct slice v, struct options *o, const char **why)
{
	*why = "e: is on or off";
	return on_or_off(v, &o->echo);
}

static unsigned opt_silence(struct slice v, struct options *o, const char **why)
{
	*why = "s: is on or off";
	return on_or_off(v, &o->silence);
}

/* "auto" leaves it to us: nothing is added to what the channel is configured for. */
static unsigned opt_gain(struct slice v, struct options *o, const char **why)
{
	uint32_t db = 0;
	bool minus = slice_starts(v, SLICE("-")), sign = minus || slice_starts(v, SLICE("+"));
	*why = "gc: is auto or a number of decibels, at most 24";
	if (!slice_caseeq(v, SLICE("auto")) && (slice_u32(sign ? slice_from(v, 1) : v, &db) || db > GAIN_MAX_DB))
		return 532;
	o->has_gain = true;
	o->gain_db = minus ? -(int)db : (int)db;
	return 0;
}

static unsigned opt_security(struct slice v, struct options *o, const char **why)
{
	*why = "this gateway does not encrypt";
	return 532;
}

static const struct {
	struct slice name;
	unsigned (*parse)(struct slice v, struct options *o, const char **why);
} table[] = {
	{SLICE("p"), opt_period}, {SLICE("mp"), opt_ignored}, {SLICE("a"), opt_codecs}, {SLICE("b"), opt_ignored},
	{SLICE("t"), opt_tos},    {SLICE("nt"), opt_network}, {SLICE("e"), opt_echo},	{SLICE("s"), opt_silence},
	{SLICE("gc"), opt_gain},  {SLICE("r"), opt_ignored},  {SLICE("k"), opt_security},
};

/* Bit i of `said`: table[i] has come before. Of two values we cannot choose (2.4). */
static unsigned option(struct slice name, struct slice value, struct options *o, uint32_t *said, const char **why)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (!slice_caseeq(table[i].name, name))
			continue;
		*why = "an option is twice in L:";
		if (*said & 1u << i)
			return 524;
		*said |= 1u << i;
		return table[i].parse(value, o, why);
	}
	*why = "unknown mandatory option in L:";
	if (slice_casestarts(name, SLICE("x+")))
		return 525;
	/* x-name, and package/name of packages we need not know, are ignored. */
	*why = "unknown option in L:";
	return slice_casestarts(name, SLICE("x-")) || slice_find(name, '/') > 0 ? 0 : 541;
}

unsigned options_parse(struct options *ret, struct slice list, const char **why)
{
	struct options o = {.dscp = -1};
	uint32_t said = 0;
	*why = "L: is too long";
	if (list.len > OPTIONS_MAX)
		return 541;
	while (slice_is_set(list)) {
		struct slice value = slice_trim(slice_cut(&list, ',')), name;
		if (slice_empty(value))
			continue;
		name = slice_trim(slice_cut(&value, ':'));
		unsigned code = option(name, slice_trim(value), &o, &said, why);
		if (code)
			return code;
	}
	*ret = o;
	*why = NULL;
	return 0;
}
