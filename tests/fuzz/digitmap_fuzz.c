// SPDX-License-Identifier: GPL-3.0-or-later
/* A digit map in the first line and what is dialled in the rest. What matched or never can has nothing more to say. */
#include "base/mem.h"
#include "mgcp/digitmap.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice digits = slice_of((const char *)data, size), map = slice_cut(&digits, '\n');
	struct mgcp_digitmap *m = NULL;
	const char *why = NULL;
	struct mgcp_dial d;
	if (mgcp_digitmap_new(&m, map, &why)) {
		if (!why || m || mem_blocks())
			abort();
		return 0;
	}
	mgcp_dial_start(&d, m);
	for (size_t i = 0; i < digits.len && i < 64; i++)
		if (mgcp_dial_add(&d, digits.p[i]) == MGCP_DIALLED_NEVER && mgcp_dial_add(&d, '1') != MGCP_DIALLED_NEVER)
			abort();
	mem_deref(m);
	if (mem_blocks())
		abort();
	return 0;
}
