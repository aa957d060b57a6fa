// SPDX-License-Identifier: GPL-3.0-or-later
/* Tests of trunks by package T (RFC 3660 2.3), and of connections by R (2.10): loops and transponders, and the tones and patterns that come back. */
#include "mediagw/circuit_internal.h"
#include "mgcp/gateway.h"
#include <stdio.h>
#include <string.h>

#define T_RETURN_MS    1000 /* so soon after the go tone the return tone is gone, too (ANSI T1.113.4 annex B) */
#define PATTERN        95   /* of T/tp, when none is given */

/* --- loop and transponder ------------------------------------------------------------------------------------------ */

void circuit_loop(struct circuit *c, const struct mgcp_signal *s)
{
	c->testing = s->type;
	c->p.h->test(c->p.arg, BEARER_LOOPBACK, -1);
}

/* "in=co1,out=co2": enum transponder_tone of `in`, -1 for what means nothing. */
static int tone_in(struct slice params)
{
	struct slice in = circuit_param(params, "in"), out = circuit_param(params, "out");
	bool first = slice_caseeq(in, SLICE("co1")) || slice_caseeq(out, SLICE("co2")), second = slice_caseeq(in, SLICE("co2")) || slice_caseeq(out, SLICE("co1"));
	return first == second ? -1 : first ? TRANSPONDER_CO1 : TRANSPONDER_CO2;
}

unsigned circuit_transponder_check(const struct mgcp_signal *s, const char **why)
{
	bool any = slice_is_set(circuit_param(s->params, "in")) || slice_is_set(circuit_param(s->params, "out"));
	*why = "in and out are co1 and co2, one each";
	return any && tone_in(s->params) < 0 ? 538 : 0;
}

/* Without parameters it answers to either, as the connection mode conttest does. */
void circuit_transponder(struct circuit *c, const struct mgcp_signal *s)
{
	c->testing = s->type;
	c->p.h->test(c->p.arg, BEARER_CONTTEST, tone_in(s->params));
}

void circuit_test_over(struct circuit *c, const struct mgcp_signal *s)
{
	if (c->testing != s->type)
		return; /* the other one has taken its place */
	c->testing = NULL;
	c->p.h->test(c->p.arg, BEARER_INACTIVE, -1);
}

/* --- tones that come back ------------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum test_tone tone;
} tones[] = {
	{"co1", TEST_CO1}, {"co2", TEST_CO2}, {"om", TEST_OLD_MILLIWATT}, {"nm", TEST_NEW_MILLIWATT}, {"mm", TEST_NEWEST_MILLIWATT}, {"tl", TEST_LINE},
	{"sit", TEST_SPECIAL}, {"zz", TEST_SPECIAL},
};

#define TONES (sizeof tones / sizeof *tones)

static const struct mgcp_package *package_of(enum bearer_side side)
{
	return side == BEARER_LINE ? &mgcp_package_t : &mgcp_package_r;
}

static const struct mgcp_requested *asked(const struct circuit *c, const struct mgcp_package *package, const char *name)
{
	return mgcp_packages_have(c->kind->packages, package) ? c->p.h->requested(c->p.arg, package, name) : NULL;
}

int circuit_pattern(struct slice params)
{
	uint32_t n = PATTERN;
	struct slice list = params;
	while (slice_is_set(list)) {
		struct slice one = mgcp_list_next(&list);
		if (!slice_empty(one) && !slice_casestarts(one, SLICE("to")) && (slice_u32(one, &n) || n > 255))
			return -1;
	}
	return (int)n;
}

bool circuit_test_params(const struct mgcp_requested *r)
{
	uint32_t n;
	if (!r->type || (r->package != &mgcp_package_t && r->package != &mgcp_package_h))
		return true;
	if (!strcmp(r->type->name, "tp"))
		return circuit_pattern(r->params) >= 0;
	return strcmp(r->type->name, "sit") != 0 || (!slice_u32(slice_trim(r->params), &n) && n >= 1 && n <= 7);
}

unsigned circuit_tests_listen(const struct circuit *c)
{
	const struct mgcp_requested *pattern = asked(c, &mgcp_package_t, "tp");
	unsigned what = pattern ? LISTEN_PATTERN | (unsigned)circuit_pattern(pattern->params) * LISTEN_OCTET : 0;
	for (size_t i = 0; i < TONES; i++)
		if (asked(c, &mgcp_package_t, tones[i].name) || (tones[i].tone == TEST_SPECIAL && asked(c, &mgcp_package_h, "sit")))
			what |= LISTEN_TESTS;
	if (asked(c, &mgcp_package_r, "co1") || asked(c, &mgcp_package_r, "co2"))
		what |= LISTEN_NETWORK_TESTS;
	if (asked(c, &mgcp_package_t, "ro") || asked(c, &mgcp_package_h, "ro") || asked(c, &mgcp_package_h, "nbz"))
		what |= LISTEN_PROGRESS;
	return what;
}

static void tell(struct circuit *c, enum bearer_side side, const char *name)
{
	c->p.h->event(c->p.arg, side, package_of(side), name, SLICE_NONE);
}

/* A go tone is being sent there. */
static bool goes(const struct circuit *c, enum bearer_side side)
{
	const struct mgcp_signal *s = c->sounding[side];
	return s && s->package == package_of(side) && (!strcmp(s->type->name, "co1") || !strcmp(s->type->name, "co2"));
}

static void failed(struct circuit *c, enum bearer_side side)
{
	c->returned[side] = 0;
	circuit_done(c, &c->sounding[side], true);
}

static void line_failed(void *arg)
{
	failed(arg, BEARER_LINE);
}

static void network_failed(void *arg)
{
	failed(arg, BEARER_NETWORK);
}

/* The go tone is taken away: if the return tone goes with it, the test has succeeded. */
static void returns(struct circuit *c, enum bearer_side side, enum test_tone tone)
{
	c->returned[side] = (int)tone + 1;
	c->p.h->play(c->p.arg, side, NULL, false);
	timer_start(&c->return_over[side], T_RETURN_MS, side == BEARER_LINE ? line_failed : network_failed, c);
}

static void special(struct circuit *c, unsigned number)
{
	static const struct mgcp_package *const packages[] = {&mgcp_package_t, &mgcp_package_h};
	char params[12];
	uint32_t wanted;
	snprintf(params, sizeof params, "%u", number);
	for (unsigned i = 0; i < 2; i++) {
		const struct mgcp_requested *r = asked(c, packages[i], "sit");
		if (r && !slice_u32(slice_trim(r->params), &wanted) && wanted == number)
			circuit_event_with(c, packages[i], "sit", params);
	}
	if (number == 2 && asked(c, &mgcp_package_t, "zz"))
		circuit_event(c, &mgcp_package_t, "zz");
}

void circuit_test_tone(struct circuit *c, enum bearer_side side, enum test_tone tone, bool begun)
{
	if (tone >= TEST_SPECIAL) {
		special(c, tone - TEST_SPECIAL + 1);
		return;
	}
	const char *name = tones[0].name;
	for (size_t i = 0; i < TONES; i++)
		name = tones[i].tone == tone ? tones[i].name : name;
	if (!asked(c, package_of(side), name))
		return;
	bool continuity = tone == TEST_CO1 || tone == TEST_CO2;
	if (begun && continuity && goes(c, side)) {
		returns(c, side, tone);
	} else if (begun) {
		tell(c, side, name);
	} else if (c->returned[side] == (int)tone + 1) {
		c->returned[side] = 0;
		timer_stop(&c->return_over[side]);
		tell(c, side, name);
	}
}

void circuit_pattern_heard(struct circuit *c)
{
	const struct mgcp_requested *r = asked(c, &mgcp_package_t, "tp");
	char params[12];
	if (!r)
		return;
	snprintf(params, sizeof params, "%d", circuit_pattern(r->params));
	circuit_event_with(c, &mgcp_package_t, "tp", params);
}

void circuit_progress_heard(struct circuit *c, enum tone_signal tone)
{
	if (tone == TONE_REORDER && asked(c, &mgcp_package_t, "ro"))
		circuit_event(c, &mgcp_package_t, "ro");
}

void circuit_tests_stop(struct circuit *c)
{
	for (enum bearer_side side = 0; side < BEARER_SIDES; side++) {
		timer_stop(&c->return_over[side]);
		c->returned[side] = 0;
	}
}
