/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that a test has as text. */
#pragma once
#include "base/buf.h"
#include <stdio.h>

/* Appends the bytes that these hexadecimal digits are. */
static inline void add_hex(struct buf *out, const char *digits)
{
	unsigned byte;
	for (; sscanf(digits, "%2x", &byte) == 1; digits += 2)
		buf_char(out, (char)byte);
}
