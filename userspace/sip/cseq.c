// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/msg.h"
#include "sip/parse.h"
#include <errno.h>

/* RFC 3261 8.1.1.5: the number is less than 2^31. */
int sip_cseq_parse(struct sip_cseq *ret, struct slice value)
{
	struct slice v = slice_trim(value);
	size_t digits = 0;
	while (digits < v.len && v.p[digits] >= '0' && v.p[digits] <= '9')
		digits++;
	struct slice method = slice_trim(slice_from(v, digits));
	uint64_t number;
	if (slice_u64(slice_of(v.p, digits), INT32_MAX, &number) || !sip_all(method, SIP_C_TOKEN) ||
	    method.p == v.p + digits)
		return -EINVAL;
	*ret = (struct sip_cseq){(uint32_t)number, sip_method_parse(method), method};
	return 0;
}
