/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is played to somebody: a tone with its cadence, digits, who is calling. Made on the main loop (mem_deref() ends it), played by one bearer, once. */
#pragma once
#include "media/callerid.h"
#include "media/digits.h"
#include "media/tones.h"

struct sound;

/* `pauses`: in its silence the other party is heard, as with call waiting. 0 or -ENOMEM. */
int sound_tone(struct sound **ret, const struct tone *t, bool pauses);
/* Digits; of DTMF times in ms, 0: the usual ones. 0, -EINVAL (no such digits, or too many) or -ENOMEM. */
int sound_digits(struct sound **ret, enum digit_kind kind, struct slice digits, unsigned on_ms, unsigned off_ms);
/* One octet, for ever (RFC 3660 2.3, T/tp). */
int sound_pattern(struct sound **ret, uint8_t octet);
int sound_caller_id(struct sound **ret, enum caller_id_modem modem, const struct caller_id *c, bool on_hook);

/* --- in the span's thread ------------------------------------------------------------------------------------------ */

enum sound_state { SOUND_ON, SOUND_PAUSE, SOUND_OVER };
/* Makes samples, and tells what they are; with SOUND_PAUSE and SOUND_OVER they are silence. */
enum sound_state sound_make(struct sound *s, int16_t *out, size_t n);
/* Of a pattern the octet that the channel is to carry whatever its law, of others -1. */
int sound_octet(const struct sound *s);
