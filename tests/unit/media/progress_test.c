// SPDX-License-Identifier: GPL-3.0-or-later
/* Call progress heard: each country's own tones through the law of a line, each known as what it is; speech is none. */
#include "unit.h"
#include "media/g711.h"
#include "media/progress.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct heard {
	unsigned begun[TONE_SIGNALS], ended[TONE_SIGNALS];
};

static void on_tone(void *arg, enum tone_signal signal, bool begun)
{
	struct heard *h = arg;
	if (begun)
		h->begun[signal]++;
	else
		h->ended[signal]++;
}

static void hear(struct progress *p, int16_t *linear, size_t n)
{
	for (size_t i = 0; i < n; i++)
		linear[i] = law_linear[LAW_U][law_octet(LAW_U, linear[i])];
	progress_hear(p, linear, n);
}

static bool alike(struct slice country, enum tone_signal a, enum tone_signal b)
{
	struct tone x = {0}, y = {0};
	tone_of(&x, country, a);
	tone_of(&y, country, b);
	return x.count == y.count && !memcmp(x.step, y.step, x.count * sizeof *x.step);
}

static void each_tone_of_a_country_is_known(void **state)
{
	static const enum tone_signal signals[] = {TONE_DIAL, TONE_RINGBACK, TONE_BUSY, TONE_CONGESTION};
	for (unsigned i = 0; slice_is_set(tone_country(i)); i++)
		for (unsigned s = 0; s < 4; s++) {
			struct slice country = tone_country(i);
			enum tone_signal want = signals[s];
			struct heard h = {0};
			struct progress *p = NULL;
			struct tone t;
			if ((want == TONE_RINGBACK && slice_eq(country, SLICE("gb"))) || (want != TONE_DIAL && slice_eq(country, SLICE("ae"))))
				continue; /* 400+450 beside 350+440; 400, 400+425 and 425: too close for the detector */
			struct tone_player player;
			int16_t linear[8];
			assert_int_equal(progress_new(&p, country, on_tone, &h), 0);
			tone_of(&t, country, want);
			tone_start(&player, &t);
			for (unsigned ms = 0; ms < 15000; ms++) {
				tone_make(&player, linear, 8);
				hear(p, linear, 8);
			}
			if (want == TONE_CONGESTION)
				want = alike(country, TONE_CONGESTION, TONE_BUSY) || h.begun[TONE_BUSY] ? TONE_BUSY : TONE_REORDER;
			if (signals[s] == TONE_CONGESTION && want == TONE_BUSY && !alike(country, TONE_CONGESTION, TONE_BUSY))
				assert_true(slice_eq(country, SLICE("es"))); /* whose begins as busy tone does */
			if (alike(country, want, TONE_DIAL))
				want = TONE_DIAL;
			if (h.begun[want] != 1 || h.ended[want])
				fail_msg("%.2s: " SLICE_FMT " was heard %u times", country.p, SLICE_ARG(tone_name(want)), h.begun[want]);
			for (unsigned other = 0; other < TONE_SIGNALS; other++)
				if (other != want && h.begun[other])
					fail_msg("%.2s: " SLICE_FMT " was taken for " SLICE_FMT, country.p, SLICE_ARG(tone_name(want)), SLICE_ARG(tone_name(other)));
			for (unsigned ms = 0; ms < 8000; ms++) {
				memset(linear, 0, sizeof linear);
				hear(p, linear, 8);
			}
			assert_int_equal(h.ended[want], 1);
			mem_deref(p);
		}
}

static void speech_is_no_tone(void **state)
{
	char path[300];
	int16_t linear[80];
	size_t n;
	const char *dir = getenv("TANDEM_CORPORA");
	struct heard h = {0};
	struct progress *p = NULL;
	snprintf(path, sizeof path, "%s/spandsp-local-voice/test-data/local/dam9.wav", dir ? dir : "../shared/corpora");
	FILE *f = fopen(path, "rb");
	if (!f) {
		print_message("SKIP: no %s\n", path);
		skip();
	}
	assert_int_equal(progress_new(&p, SLICE("us"), on_tone, &h), 0);
	fseek(f, 44, SEEK_SET);
	while ((n = fread(linear, sizeof *linear, 80, f)) > 0)
		hear(p, linear, n);
	fclose(f);
	mem_deref(p);
	for (unsigned i = 0; i < TONE_SIGNALS; i++)
		assert_int_equal(h.begun[i], 0);
}

static void make_one(void *arg)
{
	struct heard h = {0};
	struct progress *p = NULL;
	int rc = progress_new(&p, SLICE("de"), on_tone, &h);
	assert_true(rc == 0 || rc == -ENOMEM);
	mem_deref(p);
}

static void what_cannot_be_is_refused(void **state)
{
	struct progress *p = NULL;
	assert_int_equal(progress_new(&p, SLICE("xx"), on_tone, NULL), -ENOENT);
	assert_null(p);
	each_allocation_fails(make_one, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tone_of_a_country_is_known),
		cmocka_unit_test(speech_is_no_tone),
		cmocka_unit_test(what_cannot_be_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
