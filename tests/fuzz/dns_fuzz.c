// SPDX-License-Identifier: GPL-3.0-or-later
/* DNS answers: the first byte chooses the type asked for, the rest is the message; what is read is inside what was made for it. */
#include "base/mem.h"
#include "net/dns_priv.h"
#include <stdlib.h>

static size_t touch(const struct dns_answer *a)
{
	struct buf text = buf_growing();
	dns_answer_text(&text, a);
	size_t n = text.len;
	buf_reset(&text);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR};
	struct dns_answer *a = NULL;
	if (!size)
		return 0;
	int err = dns_message_read(&a, "a.example", types[data[0] & 3], data + 1, size - 1);
	if (err ? a != NULL : !a || (a->err != 0) != (a->n == 0) || !touch(a))
		abort();
	mem_deref(a);
	if (mem_blocks())
		abort();
	return 0;
}
