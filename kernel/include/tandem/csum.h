/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Internet checksums (RFC 1071) and their incremental update (RFC 1624). Sums are one's complement sums of words as
 * they lie in memory: byte order does not matter as long as all words are loaded the same way. */
#pragma once
#include "tandem/flow.h"

TANDEM_INLINE __u16 tandem_csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)(sum + (sum >> 16));
}

/* Whether a sum, not 0, that includes its checksum is right: folds to 0xffff, that is, is a multiple of 0xffff. The multiplier is the inverse of
 * 0xffff modulo 2^64: it takes multiples, and nothing else, to their quotients. */
TANDEM_INLINE int tandem_csum_good(__u64 sum)
{
	return sum * 0xfffefffefffeffffull <= ~0ull / 0xffff;
}

TANDEM_INLINE __u64 tandem_csum_words(const __u32 *w, unsigned n)
{
	__u64 sum = 0;
	for (unsigned i = 0; i < n; i++)
		sum += w[i];
	return sum;
}

TANDEM_INLINE int tandem_ip_is_v4(const struct tandem_ip *ip)
{
	return !ip->w[0] && !ip->w[1] && ip->w[2] == (__u32)__builtin_bswap32(0xffff);
}

/* What addresses and ports count in a UDP checksum, for either family. */
TANDEM_INLINE __u64 tandem_csum_ends(int v4, const struct tandem_ip *src, const struct tandem_ip *dst, __u16 sport, __u16 dport)
{
	__u64 sum = (__u64)sport + dport;
	if (v4)
		return sum + src->w[3] + dst->w[3];
	return sum + tandem_csum_words(src->w, 4) + tandem_csum_words(dst->w, 4);
}

/* The checksum of a UDP packet whose addresses and ports summed to `from` and now sum to `to` (both below 2^47: the subtraction is
 * from a multiple of 0xffff). Never 0, which would say "no checksum". A wrong checksum stays wrong. */
TANDEM_INLINE __u16 tandem_csum_update(__u16 check, __u64 from, __u64 to)
{
	__u16 sum = tandem_csum_fold((__u16)~check + to + (0xffffull << 32) - from);
	return sum == 0xffff ? 0xffff : (__u16)~sum;
}

/* The pseudo-header's protocol and length, in network order words; `udp_len` as in the header. */
TANDEM_INLINE __u64 tandem_csum_pseudo(__u16 udp_len)
{
	return (__u64)__builtin_bswap16(17) + udp_len;
}

/* One's complement sum of `len` bytes at any address. Not for BPF programs, which cannot walk a packet so. */
TANDEM_INLINE __u64 tandem_csum_bytes(const void *data, __u32 len)
{
	const unsigned char *p = (const unsigned char *)data;
	__u64 sum = 0;
	for (; len >= 4; len -= 4, p += 4) {
		__u32 w;
		__builtin_memcpy(&w, p, 4);
		sum += w;
	}
	unsigned char tail[4] = {0};
	for (__u32 i = 0; i < len; i++)
		tail[i] = p[i];
	__u32 w;
	__builtin_memcpy(&w, tail, 4);
	return sum + w;
}
