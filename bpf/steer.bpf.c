// SPDX-License-Identifier: GPL-2.0-only
/* Steers what arrives for any of our media ports to a socket of the thread that the port belongs to, so that setting up a stream costs
 * no socket, no unreachable leaves for a port between two calls, and one stream is one thread's. */
#include <linux/bpf.h>
#include "locals.h"
#include <bpf/bpf_endian.h>
#include <linux/in.h>

/* Kernel's AF_INET6; its header would bring the C library along. */
#define FAMILY_INET6 10

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2 * TANDEM_STEER_PLACES); /* IPv4, then IPv6; however many threads there are, each place has a socket */
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

SEC("sk_lookup")
int steer(struct bpf_sk_lookup *ctx)
{
	__u32 which = ctx->family == FAMILY_INET6, place;
	struct tandem_ip ip = {{0, 0, bpf_htonl(0xffff), ctx->local_ip4}};
	if (ctx->protocol != IPPROTO_UDP)
		return SK_PASS;
	if (which)
		ip = (struct tandem_ip){{ctx->local_ip6[0], ctx->local_ip6[1], ctx->local_ip6[2], ctx->local_ip6[3]}};
	const struct tandem_local *local = bpf_map_lookup_elem(&locals, &ip);
	if (!local || !local_has(local, ctx->local_port))
		return SK_PASS;
	place = which * TANDEM_STEER_PLACES + (ctx->local_port >> 1) % TANDEM_STEER_PLACES;
	struct bpf_sock *sk = bpf_map_lookup_elem(&sockets, &place);
	if (!sk)
		return SK_PASS;
	bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return SK_PASS;
}

char _license[] SEC("license") = "GPL";
