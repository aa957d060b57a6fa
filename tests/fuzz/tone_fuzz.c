// SPDX-License-Identifier: GPL-3.0-or-later
/* The notation of tones: what is read can be played. */
#include "media/tones.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tone t;
	struct tone_player p;
	int16_t out[2000];
	if (tone_read(&t, slice_of((const char *)data, size)))
		return 0;
	assert(t.count && t.count <= TONE_STEPS && t.again <= t.count);
	tone_start(&p, &t);
	assert(tone_make(&p, out, sizeof out / sizeof *out));
	return 0;
}
