// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/tones.h"
#include <errno.h>
#include <spandsp/telephony.h>
#include <spandsp/complex.h>
#include <spandsp/dds.h>

#define HZ_MAX    3999u
#define MS_MAX    600000u
#define LEVEL_MIN (-60)
#define AM        TONE_FREQUENCIES /* where the modulating oscillator is */

static int read_frequencies(struct tone_step *s, struct slice text)
{
	uint64_t hz;
	ptrdiff_t star = slice_find(text, '*');
	if (star >= 0) {
		if (slice_u64(slice_from(text, (size_t)star + 1), HZ_MAX, &hz) || !hz)
			return -EINVAL;
		s->modulated = (uint16_t)hz;
		text.len = (size_t)star;
	}
	for (unsigned i = 0; slice_is_set(text); i++) {
		struct slice part = slice_cut(&text, '+');
		if (i == TONE_FREQUENCIES || slice_u64(part, HZ_MAX, &hz))
			return -EINVAL;
		if (!hz && (i || slice_is_set(text) || s->modulated))
			return -EINVAL;
		s->hz[i] = (uint16_t)hz;
	}
	return s->modulated && s->hz[1] ? -EINVAL : 0;
}

static int read_step(struct tone_step *s, struct slice text)
{
	uint64_t ms = 0;
	struct slice frequencies = slice_cut(&text, '/');
	if (slice_is_set(text) && (slice_u64(text, MS_MAX, &ms) || !ms))
		return -EINVAL;
	s->length = (uint32_t)ms * 8;
	return read_frequencies(s, frequencies);
}

static int read_level(struct tone *t, struct slice *text)
{
	uint64_t level;
	ptrdiff_t colon = slice_find(*text, ':');
	t->level = TONE_LEVEL;
	if (colon < 0)
		return 0;
	struct slice digits = slice_cut(text, ':');
	bool minus = slice_starts(digits, SLICE("-"));
	if (slice_u64(slice_from(digits, minus), minus ? -LEVEL_MIN : 3, &level))
		return -EINVAL;
	t->level = minus ? -(int)level : (int)level;
	return 0;
}

int tone_read(struct tone *ret, struct slice text)
{
	struct tone t = {0};
	bool repeats = false;
	text = slice_trim(text);
	if (slice_empty(text) || read_level(&t, &text))
		return -EINVAL;
	while (slice_is_set(text)) {
		struct slice part = slice_trim(slice_cut(&text, ','));
		bool once = slice_starts(part, SLICE("!"));
		if (t.count == TONE_STEPS || (once && repeats) || read_step(&t.step[t.count], slice_from(part, once)))
			return -EINVAL;
		if (!t.step[t.count].length && (once || slice_is_set(text)))
			return -EINVAL;
		t.count++;
		t.again = once ? t.count : t.again;
		repeats = !once;
	}
	*ret = t;
	return 0;
}

static void enter(struct tone_player *p)
{
	const struct tone_step *s = &p->tone->step[p->step];
	p->left = s->length;
	for (unsigned i = 0; i < TONE_FREQUENCIES; i++) {
		p->rate[i] = s->hz[i] ? dds_phase_rate(s->hz[i]) : 0;
		p->phase[i] = 0;
	}
	p->rate[AM] = s->modulated ? dds_phase_rate(s->modulated) : 0;
	p->phase[AM] = 0;
}

void tone_start(struct tone_player *p, const struct tone *tone)
{
	*p = (struct tone_player){.tone = tone, .scale = dds_scaling_dbm0((float)tone->level), .done = !tone->count};
	if (!p->done)
		enter(p);
}

static void next(struct tone_player *p)
{
	p->step++;
	if (p->step == p->tone->count)
		p->step = p->tone->again;
	if (p->step == p->tone->count)
		p->done = true;
	else
		enter(p);
}

static int16_t sample(struct tone_player *p)
{
	int32_t sum = 0;
	for (unsigned i = 0; i < TONE_FREQUENCIES && p->rate[i]; i++)
		sum += dds_mod(&p->phase[i], p->rate[i], p->scale, 0);
	if (p->rate[AM])
		sum = sum * (INT16_MAX + dds(&p->phase[AM], p->rate[AM])) / (2 * INT16_MAX);
	return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

bool tone_make(struct tone_player *p, int16_t *out, size_t n)
{
	bool sounds = !p->done;
	for (size_t i = 0; i < n; i++) {
		out[i] = p->done ? 0 : sample(p);
		if (!p->done && p->left && !--p->left)
			next(p);
	}
	return sounds;
}
