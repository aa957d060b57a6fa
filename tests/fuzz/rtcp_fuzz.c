// SPDX-License-Identifier: GPL-3.0-or-later
/* RTCP: what is read never leaves the packet, and what was rewritten is itself well-formed and rewrites to itself. */
#include "rtp/rtcp.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t once[65536], twice[65536];
	size_t len, again;
	const uint8_t *p = data;
	struct rtcp_packet k;
	struct rtcp_report r;
	struct rtcp_sender s;
	for (size_t left = size; rtcp_next(&p, &left, &k) > 0;) {
		rtcp_sender(&k, &s);
		for (unsigned i = 0; !rtcp_report(&k, i, &r); i++)
			;
	}
	if (rtcp_rewrite(data, size, SLICE("0123456789abcdef"), once, sizeof once, &len) || !len)
		return 0;
	assert(!rtcp_check(once, len));
	assert(!rtcp_rewrite(once, len, SLICE("0123456789abcdef"), twice, sizeof twice, &again));
	assert(again == len && !memcmp(once, twice, len));
	return 0;
}
