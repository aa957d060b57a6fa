/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP checksums. Nearly always the change of addresses and ports is all that counts; the payload is summed up only where a
 * packet came without a checksum or with half of one, and before a packet may change a stream. */
#pragma once
#include "parse.h"

#define MAX_PAYLOAD 2048
/* Keeps the compiler from arithmetic on the end of the packet, which the verifier refuses. */
#define KEEP(end) __asm__ volatile("" : "+r"(end))
#define MAX_HEADERS (sizeof(struct ethhdr) + MAX_TAGS * sizeof(struct vlan_tag) + sizeof(struct ipv6hdr) + sizeof(struct udphdr))

/* One's complement sum, folded, of `len` bytes that begin `off` bytes into the frame. A function of its own for the verifier, which then walks
 * the loop once. */
__noinline __u32 payload_sum(struct xdp_md *ctx, __u32 off, __u32 len)
{
	void *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 sum = 0;
	if (off > MAX_HEADERS || len > MAX_PAYLOAD)
		return 0;
	p += off;
	for (int i = 0; i < MAX_PAYLOAD / 8 && len >= 8; i++, len -= 8, p += 8) {
		KEEP(end);
		if (p + 8 > end)
			return 0;
		sum += *(__u32 *)p;
		sum += *(__u32 *)(p + 4);
	}
	for (int i = 0; i < 3 && len >= 2; i++, len -= 2, p += 2) {
		KEEP(end);
		if (p + 2 > end)
			return 0;
		sum += *(__u16 *)p;
	}
	KEEP(end);
	if (len && p + 1 > end)
		return 0;
	if (len)
		sum += bpf_htons(*(__u8 *)p << 8);
	return tandem_csum_fold(sum);
}

/* A packet's checksum and what it covers beside the payload. */
struct covered {
	__u64 ends; /* sum of addresses and ports */
	__u32 at; /* offset of the UDP header in the frame */
	__u32 ports; /* sum of the ports alone */
	__u16 udp_len, check; /* as in the header */
};

static __always_inline struct covered covered(struct xdp_md *ctx, const struct parsed *p)
{
	__u32 ports = (__u32)p->udp->source + p->udp->dest;
	return (struct covered){.ends = address_sum(p) + ports, .at = (__u32)((void *)p->udp - (void *)(long)ctx->data), .ports = ports,
				.udp_len = p->udp->len, .check = p->udp->check};
}

/* A local sender on a veth or tap leaves the sum of the pseudo-header alone there, for hardware to complete: whether this one looks so. */
static __always_inline int is_partial(const struct covered *c)
{
	return tandem_csum_good(c->ends - c->ports + tandem_csum_pseudo(c->udp_len) + (__u16)~c->check);
}

/* The sum of all that a UDP checksum covers but addresses and ports. */
static __always_inline __u64 rest_of(struct xdp_md *ctx, const struct covered *c)
{
	return tandem_csum_pseudo(c->udp_len) + c->udp_len +
	       payload_sum(ctx, c->at + sizeof(struct udphdr), bpf_ntohs(c->udp_len) - sizeof(struct udphdr));
}

/* Whether a packet may be believed: its checksum is right, or it has none that could be wrong. */
static __always_inline int believable(struct xdp_md *ctx, const struct covered *c)
{
	return !c->check || is_partial(c) || tandem_csum_good(c->ends + c->check + rest_of(ctx, c));
}

/* A packet without a checksum gets one. One that looks half done and is not valid as it stands is completed; in generic mode,
 * where the kernel still remembers to complete it, its new pseudo-header is put there instead. */
static __noinline __u32 full_check(struct xdp_md *ctx, const struct covered *c, __u32 out_sum, __u32 out_ports, int generic)
{
	__u64 rest = rest_of(ctx, c);
	if (c->check && tandem_csum_good(c->ends + c->check + rest))
		return tandem_csum_update(c->check, c->ends, out_sum);
	if (c->check && generic)
		return tandem_csum_fold((__u64)out_sum + (__u16)~tandem_csum_fold(out_ports) + tandem_csum_pseudo(c->udp_len));
	__u16 sum = tandem_csum_fold(out_sum + rest);
	return sum == 0xffff ? 0xffff : (__u16)~sum;
}

/* The UDP checksum of what leaves. */
static __always_inline __u16 new_check(struct xdp_md *ctx, const struct parsed *p, const struct tandem_out *out, int generic)
{
	struct covered c = covered(ctx, p);
	if (likely(c.check && !is_partial(&c)))
		return tandem_csum_update(c.check, c.ends, out->sum);
	struct covered copy = c; /* only this one needs to be in memory */
	return (__u16)full_check(ctx, &copy, out->sum, (__u32)out->src_port + out->dst_port, generic);
}
