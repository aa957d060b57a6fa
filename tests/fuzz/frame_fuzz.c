// SPDX-License-Identifier: GPL-3.0-or-later
/* Messages in a stream: however it is cut, the same frames come out, each within what is there. */
#include "sip/frame.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of((const char *)data, size);
	struct sip_frame f;
	while ((f = sip_frame(all, 4096)).kind == SIP_FRAME_MESSAGE || f.kind == SIP_FRAME_CRLF) {
		if (!f.len || f.len > all.len || f.len > 4096)
			abort();
		for (size_t n = f.len > 40 ? f.len - 40 : 0; n < f.len; n++)
			if (sip_frame(slice_of(all.p, n), 4096).kind != SIP_FRAME_MORE)
				abort();
		all = slice_from(all, f.len);
	}
	if (f.kind == SIP_FRAME_BAD && slice_is_set(f.header) && (f.header.p != all.p || f.header.len > all.len))
		abort();
	return 0;
}
