// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/addr.h"
#include <errno.h>

static unsigned max_bits(const struct addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

/* An address alone is a network of one. Bits set after the prefix are a mistake of the writer: refused. */
int prefix_parse(struct prefix *ret, struct slice text)
{
	struct prefix p;
	struct slice ip = slice_cut(&text, '/');
	uint64_t bits;
	int err = addr_parse_ip(&p.net, ip);
	if (err)
		return err;
	bits = max_bits(&p.net);
	if (slice_is_set(text) && slice_u64(text, bits, &bits))
		return -EINVAL;
	p.bits = (unsigned)bits;
	for (unsigned i = p.bits; i < max_bits(&p.net); i++)
		if (p.net.bytes[i / 8] & 0x80u >> i % 8)
			return -EINVAL;
	*ret = p;
	return 0;
}

bool prefix_has(const struct prefix *p, const struct addr *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;
	if (a->family != p->net.family || memcmp(a->bytes, p->net.bytes, whole))
		return false;
	return !rest || !((a->bytes[whole] ^ p->net.bytes[whole]) & (uint8_t)(0xff << (8 - rest)));
}
