/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comfort noise: the payload of RFC 3389, and noise of the level and spectrum it describes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define COMFORT_ORDER   12  /* reflection coefficients that are heeded; more are read over */
#define COMFORT_SILENCE 127 /* the lowest level */

/* What a comfort noise payload says. */
struct comfort_noise {
	uint8_t level;                  /* -dBov, 0..127 */
	uint8_t order;                  /* of the spectral model; 0: white */
	uint8_t reflection[COMFORT_ORDER]; /* quantised, as on the wire (3.2) */
};

/* Reads a payload: 0, or -EBADMSG when it is empty or has the reserved level bit or index set. */
int comfort_read(struct comfort_noise *ret, const uint8_t *payload, size_t len);
/* Writes a payload of at most 1 + COMFORT_ORDER bytes to `out` and returns its length. */
size_t comfort_write(const struct comfort_noise *c, uint8_t *out);
/* The level in -dBov of linear samples, 0..127; for a sender that goes silent. */
uint8_t comfort_level(const int16_t *linear, size_t n);

struct comfort {
	uint32_t seed;
	float gain;
	unsigned order;
	float k[COMFORT_ORDER], state[COMFORT_ORDER + 1];
};

/* Starts a generator. One that is set anew goes on without a click. */
void comfort_init(struct comfort *g, uint32_t seed);
void comfort_set(struct comfort *g, const struct comfort_noise *c);
void comfort_make(struct comfort *g, int16_t *out, size_t n);
