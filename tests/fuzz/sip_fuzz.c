// SPDX-License-Identifier: GPL-3.0-or-later
/* SIP: a datagram; every header value of what parses is walked, and nothing may be left afterwards. */
#include "base/mem.h"
#include "sip/digest_hash.h"
#include <stdlib.h>

static void walk(const struct sip_msg *m)
{
	for (unsigned id = 0; id < SIP_HDR_MAX; id++) {
		struct sip_values it = {0};
		struct slice value;
		struct sip_via via;
		struct sip_nameaddr n;
		struct digest_fields f;
		while (sip_msg_each(m, id, &it, &value)) {
			if (value.p < m->data || slice_end(value) > m->data + m->len)
				abort();
			sip_via_parse(&via, value);
			sip_nameaddr_parse(&n, value);
			digest_parse(&f, value);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_msg *m;
	unsigned status = 0;
	const char *why = NULL;
	int err = sip_msg_parse(&m, (const char *)data, size, &status, &why);
	if (err ? !status || !why || !m != (status == SIP_BADMSG_IGNORE) : !m || status)
		abort();
	if (m)
		walk(m);
	mem_deref(m);
	if (mem_blocks())
		abort();
	return 0;
}
