/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What modems and fax machines begin with, over spandsp: whoever hears it takes echo canceller, concealment and silence suppression out of the call and fixes the
 * buffer (RFC 3435 2.3.5, ITU-T V.152). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum voiceband {
	VOICEBAND_NONE,
	VOICEBAND_ANSWER,          /* ANS or CED: 2100 Hz (V.25) */
	VOICEBAND_ANSWER_REVERSED, /* /ANS: with phase reversals, which disable echo cancellers (G.168) */
	VOICEBAND_V8,              /* ANSam: modulated (V.8) */
	VOICEBAND_V8_REVERSED,     /* /ANSam */
	VOICEBAND_FAX_CALLING,     /* CNG: 1100 Hz (T.30) */
	VOICEBAND_FAX,             /* V.21 flags: a fax machine's first frame (T.30) */
	VOICEBAND_KINDS,
};

/* Something was heard, or, with VOICEBAND_NONE, has ended. */
typedef void (*voiceband_fn)(void *arg, enum voiceband kind);

struct voiceband_detector;

/* NULL when memory is out. `fax`: hears the tones of fax machines too, which costs more. `arg` must outlive it. */
struct voiceband_detector *voiceband_new(bool fax, voiceband_fn heard, void *arg);
void voiceband_hear(struct voiceband_detector *d, const int16_t *linear, size_t n);
