// SPDX-License-Identifier: GPL-3.0-or-later
/* Comfort noise (RFC 3389): a payload; what is read is written the same, and its noise is made. */
#include "media/comfort.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct comfort_noise c;
	struct comfort g;
	uint8_t back[1 + COMFORT_ORDER];
	int16_t out[80];
	if (comfort_read(&c, data, size))
		return 0;
	size_t n = comfort_write(&c, back);
	if (n > size || memcmp(back, data, n))
		abort();
	comfort_init(&g, 1);
	comfort_set(&g, &c);
	comfort_make(&g, out, sizeof out / sizeof *out);
	return 0;
}
