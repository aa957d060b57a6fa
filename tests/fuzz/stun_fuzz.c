// SPDX-License-Identifier: GPL-3.0-or-later
/* STUN: a datagram; what is read is answered, and the answer is STUN. */
#include "base/mem.h"
#include "stun/stun.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct addr src = {.family = AF_INET6, .port = 5060};
	struct stun_msg m, back;
	struct buf out = buf_growing();
	if (stun_read(&m, data, size))
		return 0;
	stun_write_answer(&out, &m, &src);
	if (stun_read(&back, out.p, out.len) || back.fingerprint != m.fingerprint)
		abort();
	buf_reset(&out);
	return 0;
}
