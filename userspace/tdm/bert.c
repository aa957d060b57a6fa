// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/bert.h"

#define ALL       0x7ff
#define FOUND     64   /* bits in a row */
#define WINDOW    1024 /* bits */
#define TOO_WRONG (WINDOW / 5)

/* Each bit is the sum of those nine and eleven before it. */
static unsigned next_bit(uint16_t last)
{
	return (last >> 8 ^ last >> 10) & 1;
}

static uint16_t shift(uint16_t last, unsigned bit)
{
	return (last << 1 | bit) & ALL;
}

void tdm_bert_fill(struct tdm_bert *b, uint8_t *octets, size_t n)
{
	if (!b->sent)
		b->sent = ALL;
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++)
			b->sent = shift(b->sent, next_bit(b->sent));
		octets[i] = b->sent & 0xff;
	}
}

/* The register holds what came; eleven zeroes foretell zeroes for ever and are not the sequence. */
static void seek(struct tdm_bert *b, unsigned bit)
{
	bool as_foretold = b->heard && next_bit(b->heard) == bit;
	b->right = as_foretold ? b->right + 1 : 0;
	b->heard = shift(b->heard, bit);
	b->in_sync = b->right >= FOUND;
	b->window = b->window_errors = 0;
}

/* The register goes on by itself, so that a wrong bit is one error. */
static void compare(struct tdm_bert *b, unsigned bit)
{
	unsigned foretold = next_bit(b->heard);
	b->heard = shift(b->heard, foretold);
	b->bits++;
	b->window++;
	if (bit != foretold) {
		b->errors++;
		b->window_errors++;
	}
	if (b->window < WINDOW)
		return;
	if (b->window_errors > TOO_WRONG) {
		b->in_sync = false;
		b->right = 0;
		b->losses++;
	}
	b->window = b->window_errors = 0;
}

void tdm_bert_check(struct tdm_bert *b, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (int bit = 7; bit >= 0; bit--) {
			if (b->in_sync)
				compare(b, octets[i] >> bit & 1);
			else
				seek(b, octets[i] >> bit & 1);
		}
}
