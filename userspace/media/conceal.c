// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/conceal.h"
#include <string.h>

#define CHUNK 160

void conceal_init(struct conceal *c, enum law law)
{
	*c = (struct conceal){.law = law};
	plc_init(&c->plc);
	memset(c->history, law_idle[law], sizeof c->history);
}

static void remember(struct conceal *c, const uint8_t *octets, size_t n)
{
	if (n > sizeof c->history) {
		octets += n - sizeof c->history;
		n = sizeof c->history;
	}
	size_t first = sizeof c->history - c->at;
	if (first > n)
		first = n;
	memcpy(c->history + c->at, octets, first);
	memcpy(c->history, octets + first, n - first);
	c->at = (unsigned)((c->at + n) % sizeof c->history);
}

/* The concealer hears what has been played up to now. */
static void recall(struct conceal *c)
{
	int16_t linear[sizeof c->history];
	size_t first = sizeof c->history - c->at;
	law_decode(c->law, linear, c->history + c->at, first);
	law_decode(c->law, linear + first, c->history, c->at);
	plc_init(&c->plc);
	plc_rx(&c->plc, linear, (int)sizeof c->history);
}

/* Blends what was made up into the first quarter of a pitch period of what came. */
static void blend(struct conceal *c, uint8_t *octets, size_t n)
{
	int16_t linear[CHUNK];
	if (n > CHUNK)
		n = CHUNK;
	if (c->ahead)
		c->plc.pitch_offset = (int)(sizeof c->made - c->ahead) % c->plc.pitch;
	law_decode(c->law, linear, octets, n);
	plc_rx(&c->plc, linear, (int)n);
	law_encode(c->law, octets, linear, n);
	c->missing = false;
}

void conceal_heard(struct conceal *c, uint8_t *octets, size_t n)
{
	if (c->missing && n)
		blend(c, octets, n);
	remember(c, octets, n);
}

static void begin(struct conceal *c)
{
	int16_t linear[sizeof c->made];
	recall(c);
	plc_fillin(&c->plc, linear, (int)sizeof c->made);
	law_encode(c->law, c->made, linear, sizeof c->made);
	c->ahead = sizeof c->made;
	c->missing = true;
}

/* One step of at most CHUNK octets; returns how many were made. */
static size_t fill(struct conceal *c, uint8_t *out, size_t n)
{
	int16_t linear[CHUNK];
	if (c->ahead) {
		n = n < c->ahead ? n : c->ahead;
		memcpy(out, c->made + sizeof c->made - c->ahead, n);
		c->ahead -= (unsigned)n;
		return n;
	}
	n = n < CHUNK ? n : CHUNK;
	plc_fillin(&c->plc, linear, (int)n);
	law_encode(c->law, out, linear, n);
	return n;
}

void conceal_fill(struct conceal *c, uint8_t *out, size_t n)
{
	if (!c->missing && n)
		begin(c);
	while (n) {
		size_t part = fill(c, out, n);
		remember(c, out, part);
		out += part;
		n -= part;
	}
}
