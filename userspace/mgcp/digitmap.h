/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digit maps (RFC 3435 2.1.5, with the letter P of RFC 3660 2.7): compiled once, then fed one digit at a time in bounded time and
 * without memory. The same sets of digits name groups of events, as in "D/[0-9#T]". */
#pragma once
#include "base/slice.h"

/* A set of digits is a word: bit n for each of these, in this order. */
#define MGCP_DIGITS "0123456789*#ABCDT"

/* The bit of a digit (either case); 0: it is none. */
uint32_t mgcp_digit_bit(char digit);
/* Takes one letter, "x" or a range in brackets off *text: 0 or the response code of RFC 3435 2.4, 510 or 537 (a letter nobody here knows). */
unsigned mgcp_digit_set(struct slice *text, uint32_t *ret);

#define MGCP_DIGITMAP_POSITIONS 2048 /* as many as the standard's 2048 bytes can hold */

struct mgcp_digitmap; /* reference-counted, never changed */

/* "(0T|00T|[1-7]xxx)" or one string: 0 or a response code: 510, 537, 502 (too long) or 403 (memory is out); *why is one line then. */
unsigned mgcp_digitmap_new(struct mgcp_digitmap **ret, struct slice text, const char **why);
/* As it was given. */
struct slice mgcp_digitmap_text(const struct mgcp_digitmap *map);

/* What the digits so far are. */
enum mgcp_dialled {
	MGCP_DIALLED_PARTIAL,  /* more digits are needed: timer T runs for T-partial */
	MGCP_DIALLED_CRITICAL, /* timer T is all that is needed for a match: T-critical */
	MGCP_DIALLED_MATCH,    /* one of the alternatives; nothing more is waited for */
	MGCP_DIALLED_NEVER,    /* nothing that follows could match: "impossible match" */
};

/* Where in a map the current dial string has led. */
struct mgcp_dial {
	const struct mgcp_digitmap *map; /* whoever holds this holds the map */
	uint64_t at[MGCP_DIGITMAP_POSITIONS / 64];
};

/* The empty dial string. */
void mgcp_dial_start(struct mgcp_dial *d, const struct mgcp_digitmap *map);
/* One more digit, or T for the timer. What is no digit never matches. */
enum mgcp_dialled mgcp_dial_add(struct mgcp_dial *d, char digit);
