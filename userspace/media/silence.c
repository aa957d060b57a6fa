// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/silence.h"
#include <stdlib.h>

#define LOUDEST  40    /* -dBov: what is louder than this is never taken for silence, */
#define FAINTEST 65    /* and what is fainter than this always */
#define ABOVE    6     /* dB over the background: speech */
#define HANGOVER 1600  /* octets: the faint ends of words */
#define RISE     8000  /* octets in which the background is taken to be 1 dB louder */
#define TELL     8000  /* octets after which the level is told again, */
#define CHANGE   3     /* or dB by which it differs */

void silence_init(struct silence *s)
{
	*s = (struct silence){.floor = LOUDEST};
}

/* The background is the faintest that was heard, and slowly becomes louder again where nothing so faint is. */
static void follow(struct silence *s, uint8_t level, size_t n)
{
	s->since += (uint32_t)n;
	if (level > s->floor)
		s->floor = level;
	else if (s->floor > LOUDEST && !s->quiet && s->since / RISE != (s->since - (uint32_t)n) / RISE)
		s->floor--;
}

enum silence_verdict silence_judge(struct silence *s, uint8_t level, size_t n)
{
	follow(s, level, n);
	bool speech = level < LOUDEST || (level < FAINTEST && level + ABOVE < s->floor);
	if (speech) {
		s->quiet = false;
		s->hangover = HANGOVER;
		return SILENCE_SPEECH;
	}
	if (s->hangover) {
		s->hangover -= s->hangover < n ? s->hangover : (uint32_t)n;
		return SILENCE_SPEECH;
	}
	if (s->quiet && s->since < TELL && abs(level - s->told) < CHANGE)
		return SILENCE_QUIET;
	s->quiet = true;
	s->told = level;
	s->since = 0;
	return SILENCE_TELL;
}
