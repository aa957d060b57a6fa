/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Call progress heard: which of a country's tones a line carries (dial tone before dialling, busy tone as a disconnect), over spandsp's supervisory tones. */
#pragma once
#include "media/tones.h"

/* A tone was known by its frequencies and cadence, or, when not `begun`, has ended. TONE_DIAL, TONE_RINGBACK, TONE_BUSY, and TONE_REORDER for congestion too;
 * where a country has one tone for all of these it is TONE_BUSY. The ringing tone of Great Britain is not known: its frequencies are too close to those of its dial tone. */
typedef void (*progress_fn)(void *arg, enum tone_signal signal, bool begun);

struct progress;

/* 0, -ENOENT (no such country) or -ENOMEM. `arg` must outlive it; ends by mem_deref(). */
int progress_new(struct progress **ret, struct slice country, progress_fn heard, void *arg);
void progress_hear(struct progress *p, const int16_t *linear, size_t n);
