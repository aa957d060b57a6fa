// SPDX-License-Identifier: GPL-3.0-or-later
/* Callers and digits in the parameters of MGCP's events: what is read and written again reads the same. */
#include "mgcp/caller.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mgcp_caller c, again;
	char digits[32], more[32], text[512];
	struct buf b = buf_fixed(text, sizeof text);
	struct slice in = slice_of((const char *)data, size);
	mgcp_caller_read(&c, in);
	mgcp_caller_write(&b, &c, 0);
	struct slice out = buf_text(&b);
	mgcp_caller_read(&again, out);
	if (b.err || strlen(again.number) > strlen(c.number))
		abort();
	mgcp_digits_read(digits, sizeof digits, in);
	b.len = 0;
	mgcp_digits_write(&b, "", true, "", digits);
	mgcp_digits_read(more, sizeof more, slice_of(buf_text(&b).p + 1, buf_text(&b).len - 2));
	if (b.err || strlen(more) > strlen(digits))
		abort();
	return 0;
}
