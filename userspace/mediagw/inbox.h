/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP on its way from the threads that receive it to the one that plays it: a ring with many writers and one reader, none of whom waits or calls the
 * kernel. Nobody is woken: the reader looks when its channels' clock has it look. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INBOX_BYTES 1700 /* the longest packet: 200 ms of G.711 and header extensions */

struct inbox; /* mem_deref() frees it */

struct inbox_packet {
	uint32_t slot, to;
	uint64_t arrival_ns;
	size_t len;
	uint8_t data[INBOX_BYTES];
};

/* NULL when memory is out. */
struct inbox *inbox_new(void);
/* False when there is no room, or it is too long. */
bool inbox_put(struct inbox *b, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns);
/* The first packet, NULL when there is none; until inbox_done(). */
const struct inbox_packet *inbox_first(const struct inbox *b);
void inbox_done(struct inbox *b);
