// SPDX-License-Identifier: GPL-3.0-or-later
/* What of one side's message reaches the other: whatever came in, it is header lines of the table, one a line, and the message they go
 * into is read as it was meant. */
#include "base/mem.h"
#include "routing/headers.h"
#include <stdlib.h>

#define BASE "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"

static void check(struct slice lines, const struct sip_msg *from)
{
	struct buf whole = buf_growing();
	struct sip_msg *m;
	unsigned status, n = 0;
	const char *why;
	for (struct slice rest = lines; slice_is_set(rest) && rest.len; n++)
		if (sip_has_control(slice_line(&rest)))
			abort();
	buf_str(&whole, BASE);
	buf_slice(&whole, lines);
	buf_str(&whole, "Content-Length: 3\r\n\r\nabc");
	if (n <= from->n_hdrs + 4 && n < 200) {
		if (sip_msg_parse(&m, whole.p, whole.len, &status, &why))
			abort();
		if (m->n_hdrs != n + 6 || !slice_eq(m->body, SLICE("abc")))
			abort();
		mem_deref(m);
	}
	buf_reset(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_msg *m = NULL;
	unsigned status;
	const char *why;
	if (size && !sip_msg_parse(&m, (const char *)data + 1, size - 1, &status, &why)) {
		const struct headers_way way = {.host = SLICE("192.0.2.1"), .identity = data[0] & 1 ? SLICE("<sip:1001") : SLICE_NONE, .to_user = data[0] & 2};
		struct buf out = buf_growing();
		headers_pass(&out, m, &way);
		check(buf_text(&out), m);
		buf_reset(&out);
	}
	mem_deref(m);
	if (mem_blocks())
		abort();
	return 0;
}
