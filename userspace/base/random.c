// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/random.h"
#include "base/buf.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A signal may interrupt what is more than 256 bytes, or leave some out (getrandom(2)). */
static void fill(uint8_t *to, size_t n)
{
	while (n) {
		ssize_t got = getrandom(to, n, 0);
		if (got < 0 && errno != EINTR)
			abort(); /* a kernel without it */
		to += got > 0 ? got : 0;
		n -= got > 0 ? (size_t)got : 0;
	}
}

void random_bytes(void *out, size_t n)
{
	static uint8_t pool[4096];
	static size_t left;
	if (left < n) {
		fill(pool, sizeof pool);
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
