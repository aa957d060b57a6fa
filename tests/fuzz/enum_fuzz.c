// SPDX-License-Identifier: GPL-3.0-or-later
/* ENUM's substitution expressions: one, as a record holds it, applied to a number. What it costs is bounded, what it makes fits. */
#include "sip/enum_rewrite.h"
#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024];
	struct buf out = buf_fixed(text, sizeof text);
	if (memchr(data, '\0', size))
		return 0;
	int err = sip_enum_rewrite(&out, slice_of((const char *)data, size), "+441632960083");
	if (out.len > sizeof text || (err && err != -ENOSPC && out.len))
		abort();
	return 0;
}
