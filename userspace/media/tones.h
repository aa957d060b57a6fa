/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Call progress tones: what each country's telephones sound like (ITU-T E.180, supplement 2) as data, in a notation that an operator may write too, and a
 * generator. Times are octets of 8000 Hz where nothing else is said. */
#pragma once
#include "base/buf.h"

#define TONE_FREQUENCIES 4
#define TONE_STEPS       32
#define TONE_LEVEL       (-13) /* dBm0, of each frequency, unless the tone says otherwise */

enum tone_signal {
	TONE_DIAL,
	TONE_MESSAGE_WAITING, /* dial tone with messages in the box */
	TONE_RINGBACK,
	TONE_BUSY,
	TONE_REORDER,         /* not to be had: dialled wrongly, refused */
	TONE_CONGESTION,      /* no free circuit */
	TONE_CALL_WAITING,
	TONE_SPECIAL,         /* special information */
	TONE_HOWLER,          /* off hook for too long */
	TONE_SIGNALS,
};

struct tone_step {
	uint16_t hz[TONE_FREQUENCIES]; /* none: silence */
	uint16_t modulated;            /* amplitude of the first, in Hz; 0: not */
	uint32_t length;               /* 0: for ever */
};

/* Steps; those from `again` on are repeated, with none of these it ends in silence. */
struct tone {
	int level; /* dBm0, of each frequency */
	unsigned count, again;
	struct tone_step step[TONE_STEPS];
};

/* Reads "350+440", "480+620/500,0/500", "!950/330,!1400/330,!1800/330,0": frequencies in Hz joined by '+', or one modulated by another with '*', a length in ms
 * behind '/'; 0 is silence, '!' what is not repeated. What has no length goes on for ever. A level in dBm0 may come first: "-3:1400+2060". 0 or -EINVAL. */
int tone_read(struct tone *ret, struct slice text);
/* The tone of a country (ISO 3166, two letters, either case; what DAHDI calls a zone will do, too); one that sounds as in most of the world when the country has none of its own. -ENOENT: no such country. */
int tone_of(struct tone *ret, struct slice country, enum tone_signal signal);
/* "dial", "message-waiting", ...; absent past the last. */
struct slice tone_name(enum tone_signal signal);
/* The countries known, one after the other; absent past the last. */
struct slice tone_country(unsigned i);
/* A country by its name or DAHDI's name of its zone ("uk"), in two letters; absent when its tones are not known. */
struct slice tone_country_of(struct slice name);
/* The same of a configuration, in two letters: 0, or -EINVAL and said behind `where`, with those that are known. */
int tone_country_read(char ret[static 4], const char *name, const char *where, struct buf *why);

struct tone_player {
	const struct tone *tone;
	unsigned step;
	uint32_t left;
	int16_t scale;
	bool done;
	uint32_t phase[TONE_FREQUENCIES + 1];
	int32_t rate[TONE_FREQUENCIES + 1];
};

/* Starts from the first step; the tone stays the caller's, for as long as it is played. */
void tone_start(struct tone_player *p, const struct tone *tone);
/* Makes linear samples; false when the tone is over and these are silence. */
bool tone_make(struct tone_player *p, int16_t *out, size_t n);
