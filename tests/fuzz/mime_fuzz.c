// SPDX-License-Identifier: GPL-3.0-or-later
/* Multipart bodies: the first line is the type. What is found is in the body, and exchanging it for itself changes nothing. Replaces too. */
#include "sip/mime.h"
#include "sip/replaces.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_of((const char *)data, size), type = slice_line(&body);
	struct buf again = buf_growing();
	struct sip_replaces r;
	sip_replaces_parse(&r, type);
	if (!slice_is_set(body))
		return 0;
	struct slice found = sip_body_find(type, body, SLICE("application/sdp"));
	sip_body_check(type, body);
	if (slice_is_set(found)) {
		if (found.p < body.p || found.p + found.len > body.p + body.len)
			abort();
		if (sip_body_exchange(&again, type, body, SLICE("application/sdp"), found) || !slice_eq(buf_text(&again), body))
			abort();
	}
	struct slice joined, first;
	buf_reset(&again);
	if (!sip_body_join(&again, &joined, SLICE("a/b"), SLICE("first"), SLICE("c/d"), body)) {
		first = sip_body_find(joined, buf_text(&again), SLICE("a/b"));
		if (!slice_eq(first, SLICE("first")) || !slice_eq(sip_body_find(joined, buf_text(&again), SLICE("c/d")), body))
			abort();
	}
	buf_reset(&again);
	return 0;
}
