/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit error rate tests: the pseudo-random sequence of 2047 bits for channels of 64 kbit/s (ITU-T O.152, O.150 5.3), made and held against what
 * comes back. Pure: whoever tests reads and writes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tdm_bert {
	uint16_t sent;   /* the last 11 bits sent; 0: nothing yet */
	uint16_t heard;  /* those of the sequence that what comes is held against */
	bool in_sync;    /* what comes is the sequence */
	unsigned right;  /* while not in sync: bits in a row that were as foretold */
	unsigned window, window_errors;
	uint64_t bits, errors; /* compared, and wrong, while in sync */
	unsigned losses; /* of the sequence, once found */
};

/* The next octets to send. */
void tdm_bert_fill(struct tdm_bert *b, uint8_t *octets, size_t n);
/* What came. It is in sync when 64 bits in a row were right, and no longer when of 1024 every fifth was wrong. */
void tdm_bert_check(struct tdm_bert *b, const uint8_t *octets, size_t n);
