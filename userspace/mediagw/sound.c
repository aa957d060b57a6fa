// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/sound.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

struct sound {
	enum sound_state (*make)(struct sound *s, int16_t *out, size_t n);
	struct tone tone;
	struct tone_player player;
	bool pauses;
	struct digit_sender *digits;
	struct caller_id_sender *caller;
	int octet;
};

static void sound_destroy(void *obj)
{
	struct sound *s = obj;
	mem_deref(s->digits);
	mem_deref(s->caller);
}

static struct sound *sound_new(enum sound_state (*make)(struct sound *s, int16_t *out, size_t n))
{
	struct sound *s = mem_alloc(sizeof *s, sound_destroy);
	if (!s)
		return NULL;
	s->make = make;
	s->octet = -1;
	return s;
}

static bool is_silent(const struct tone_player *p)
{
	return !p->done && !p->rate[0];
}

static enum sound_state make_tone(struct sound *s, int16_t *out, size_t n)
{
	bool silent = is_silent(&s->player);
	if (!tone_make(&s->player, out, n))
		return SOUND_OVER;
	return silent && s->pauses && is_silent(&s->player) ? SOUND_PAUSE : SOUND_ON;
}

int sound_tone(struct sound **ret, const struct tone *t, bool pauses)
{
	struct sound *s = sound_new(make_tone);
	if (!s)
		return -ENOMEM;
	s->tone = *t;
	s->pauses = pauses;
	tone_start(&s->player, &s->tone);
	*ret = s;
	return 0;
}

static enum sound_state make_digits(struct sound *s, int16_t *out, size_t n)
{
	return digit_sender_make(s->digits, out, n) ? SOUND_ON : SOUND_OVER;
}

int sound_digits(struct sound **ret, enum digit_kind kind, struct slice digits, unsigned on_ms, unsigned off_ms)
{
	struct sound *s = sound_new(make_digits);
	if (!s)
		return -ENOMEM;
	s->digits = digit_sender_new(kind);
	int err = s->digits ? 0 : -ENOMEM;
	if (!err && on_ms)
		digit_sender_shape(s->digits, on_ms, off_ms, TONE_LEVEL);
	if (!err && digit_sender_put(s->digits, digits) != digits.len)
		err = -EINVAL;
	if (err)
		mem_deref(s);
	else
		*ret = s;
	return err;
}

static enum sound_state make_caller(struct sound *s, int16_t *out, size_t n)
{
	return caller_id_sender_make(s->caller, out, n) ? SOUND_ON : SOUND_OVER;
}

int sound_caller_id(struct sound **ret, enum caller_id_modem modem, const struct caller_id *c, bool on_hook)
{
	struct sound *s = sound_new(make_caller);
	if (!s)
		return -ENOMEM;
	s->caller = caller_id_sender_new(modem, c, on_hook);
	if (!s->caller) {
		mem_deref(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

static enum sound_state make_pattern(struct sound *s, int16_t *out, size_t n)
{
	memset(out, 0, n * sizeof *out);
	return SOUND_ON;
}

int sound_pattern(struct sound **ret, uint8_t octet)
{
	struct sound *s = sound_new(make_pattern);
	if (!s)
		return -ENOMEM;
	s->octet = octet;
	*ret = s;
	return 0;
}

int sound_octet(const struct sound *s)
{
	return s->octet;
}

enum sound_state sound_make(struct sound *s, int16_t *out, size_t n)
{
	return s->make(s, out, n);
}
