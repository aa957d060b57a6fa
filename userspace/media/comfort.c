// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/comfort.h"
#include <errno.h>
#include <math.h>
#include <string.h>

#define FULL_SCALE 32767.0f
#define RESERVED   255 /* index of a reflection coefficient (3.2) */

int comfort_read(struct comfort_noise *ret, const uint8_t *payload, size_t len)
{
	struct comfort_noise c = {0};
	if (!len || payload[0] > COMFORT_SILENCE)
		return -EBADMSG;
	c.level = payload[0];
	for (size_t i = 1; i < len; i++)
		if (payload[i] == RESERVED)
			return -EBADMSG;
	c.order = (uint8_t)(len - 1 < COMFORT_ORDER ? len - 1 : COMFORT_ORDER);
	memcpy(c.reflection, payload + 1, c.order);
	*ret = c;
	return 0;
}

size_t comfort_write(const struct comfort_noise *c, uint8_t *out)
{
	out[0] = c->level;
	memcpy(out + 1, c->reflection, c->order);
	return 1u + c->order;
}

uint8_t comfort_level(const int16_t *linear, size_t n)
{
	float power = 0;
	for (size_t i = 0; i < n; i++)
		power += (float)linear[i] * linear[i];
	if (power <= 0)
		return COMFORT_SILENCE;
	float dbov = 10 * log10f(power / (float)n / (FULL_SCALE * FULL_SCALE));
	return (uint8_t)(dbov >= 0 ? 0 : dbov <= -COMFORT_SILENCE ? COMFORT_SILENCE : lrintf(-dbov));
}

void comfort_init(struct comfort *g, uint32_t seed)
{
	*g = (struct comfort){.seed = seed ? seed : 1};
}

void comfort_set(struct comfort *g, const struct comfort_noise *c)
{
	/* Excitation evenly spread over +-1 has a power of 1/3; an all-pole filter raises it by the product of 1 / (1 - k^2). */
	float power = 3;
	for (unsigned i = 0; i < c->order; i++) {
		float k = 258.0f * (c->reflection[i] - 127) / 32768;
		g->k[i] = k;
		power *= 1 - k * k;
	}
	if (c->order != g->order)
		memset(g->state, 0, sizeof g->state);
	g->order = c->order;
	g->gain = c->level == COMFORT_SILENCE ? 0 : FULL_SCALE * powf(10, -c->level / 20.0f) * sqrtf(power);
}

static float excitation(struct comfort *g)
{
	g->seed = g->seed * 1664525 + 1013904223;
	return (float)(int32_t)g->seed * (1.0f / 2147483648.0f);
}

/* One sample through the lattice whose stages are the reflection coefficients, the highest first. */
static float shape(struct comfort *g, float sample)
{
	for (unsigned i = g->order; i-- > 0;) {
		sample -= g->k[i] * g->state[i];
		g->state[i + 1] = g->state[i] + g->k[i] * sample;
	}
	g->state[0] = sample;
	return sample;
}

void comfort_make(struct comfort *g, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float sample = g->gain * excitation(g);
		sample = g->order ? shape(g, sample) : sample;
		out[i] = (int16_t)(sample > FULL_SCALE ? FULL_SCALE : sample < -FULL_SCALE ? -FULL_SCALE : sample);
	}
}
