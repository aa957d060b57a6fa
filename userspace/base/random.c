// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/random.h"
#include "base/buf.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n)
{
	static uint8_t pool[4096];
	static size_t left;
	if (left < n) {
		if (getrandom(pool, sizeof pool, 0) != sizeof pool)
			abort(); /* cannot happen once the pool of the kernel is ready */
		left = sizeof pool;
	}
	left -= n;
	memcpy(out, pool + left, n);
	memset(pool + left, 0, n);
}

int random_id(char *id, size_t size)
{
	uint8_t bytes[8];
	random_bytes(bytes, sizeof(bytes));
	struct buf b = buf_fixed(id, size);
	buf_hex(&b, bytes, sizeof(bytes));
	buf_z(&b);
	return b.err;
}
