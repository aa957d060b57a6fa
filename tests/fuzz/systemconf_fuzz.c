// SPDX-License-Identifier: GPL-3.0-or-later
/* Any text as DAHDI's system.conf: taken, or refused with a reason. */
#include "base/mem.h"
#include "tdm/setup.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	if (tdm_system_conf(s, "system.conf", slice_of((const char *)data, size), &why) ? !why.len : why.len > 0)
		abort();
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
		if (s->channels[n].signalling >= TDM_SIGNALLINGS || s->channels[n].master > n)
			abort();
	mem_deref(s);
	buf_reset(&why);
	return 0;
}
