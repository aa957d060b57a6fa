// SPDX-License-Identifier: GPL-3.0-or-later
/* Caller ID: a message, and the same octets as digits; what is read can be written and is read the same. */
#include "media/callerid.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct caller_id c, back;
	uint8_t msg[CALLER_ID_MESSAGE];
	caller_id_digits(&c, slice_of((const char *)data, size));
	if (caller_id_read(&c, data, size))
		return 0;
	size_t n = caller_id_write(&c, msg);
	assert(n <= sizeof msg && !caller_id_read(&back, msg, n));
	assert(!strcmp(c.number, back.number) && !strcmp(c.name, back.name) && !strcmp(c.time, back.time));
	return 0;
}
