// SPDX-License-Identifier: GPL-2.0-only
#include "route.h"

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "compat.h"

/* RFC 8200 5, and the kernel's own lower bound on what it believes of ICMP (net.ipv4.route.min_pmtu). */
#define TANDEM_SMALL_V6 1280u
#define TANDEM_SMALL_V4 552u

/*
 * Routes are looked up as for a socket bound to the source address. That has to be an address of
 * this host, so a table in the wrong hands cannot make the kernel lie about who sends; and the VRF
 * it is in is where the packet stays.
 */
static struct dst_entry *tandem_lookup_v4(struct net *net, const struct tandem_out *out)
{
	struct flowi4 fl4 = {
		.saddr = (__force __be32)out->src.w[3],
		.daddr = (__force __be32)out->dst.w[3],
		.fl4_sport = (__force __be16)out->src_port,
		.fl4_dport = (__force __be16)out->dst_port,
		.flowi4_proto = IPPROTO_UDP,
	};
	const struct net_device *dev = __ip_dev_find(net, fl4.saddr, false);
	struct rtable *rt;

	if (!dev || ipv4_is_zeronet(fl4.daddr))
		return ERR_PTR(-EADDRNOTAVAIL);
	fl4.flowi4_oif = l3mdev_master_ifindex_rcu(dev);
	tandem_flow4_set_tos(&fl4, out->tos);
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) {
		ip_rt_put(rt);
		return ERR_PTR(-EACCES);
	}
	return &rt->dst;
}

/*
 * The VRF device that an address of ours is in, 0 for none; -EADDRNOTAVAIL when it is not ours. The
 * kernel finds an IPv6 address only in a VRF that it is told.
 */
static int tandem_vrf_v6(struct net *net, const struct in6_addr *ip)
{
	struct net_device *dev;

	if (ipv6_chk_addr_and_flags(net, ip, NULL, true, 1, IFA_F_TENTATIVE))
		return 0;
	for_each_netdev_rcu(net, dev)
		if (netif_is_l3_master(dev) && ipv6_chk_addr_and_flags(net, ip, dev, true, 1, IFA_F_TENTATIVE))
			return dev->ifindex;
	return -EADDRNOTAVAIL;
}

static struct dst_entry *tandem_lookup_v6(struct net *net, const struct tandem_out *out)
{
	struct flowi6 fl6 = {
		.fl6_sport = (__force __be16)out->src_port,
		.fl6_dport = (__force __be16)out->dst_port,
		.flowi6_proto = IPPROTO_UDP,
		.flowlabel = ip6_make_flowinfo(out->tos, 0),
	};
	struct dst_entry *dst;
	int err, vrf;

	memcpy(&fl6.saddr, &out->src, sizeof(fl6.saddr));
	memcpy(&fl6.daddr, &out->dst, sizeof(fl6.daddr));
	vrf = tandem_vrf_v6(net, &fl6.saddr);
	if (vrf < 0 || ipv6_addr_any(&fl6.daddr) || ipv6_addr_is_multicast(&fl6.daddr))
		return ERR_PTR(-EADDRNOTAVAIL);
	fl6.flowi6_oif = vrf;
	dst = ip6_route_output(net, NULL, &fl6);
	if (dst->error) {
		err = dst->error;
		dst_release(dst);
		return ERR_PTR(err);
	}
	return xfrm_lookup(net, dst, flowi6_to_flowi(&fl6), NULL, 0);
}

static int tandem_read_out(const struct tandem_slot *s, struct tandem_out *out, u32 *seq)
{
	*seq = tandem_seq_read(&s->out.seq);
	memcpy(out, &s->out, offsetof(struct tandem_out, reserved));
	return tandem_seq_good(&s->out.seq, *seq);
}

static struct tandem_route *tandem_route_new(struct dst_entry *dst, const struct tandem_out *out, u32 seq)
{
	struct tandem_route *r = kmalloc(sizeof(*r), GFP_ATOMIC | __GFP_NOWARN);
	bool v4 = out->family == 4;

	if (!r)
		return NULL;
	r->dst = dst;
	r->cookie = v4 ? 0 : rt6_get_cookie((const struct rt6_info *)dst);
	r->seq = seq;
	r->out = *out;
	r->ends = tandem_csum_fold(tandem_csum_ends(v4, &out->src, &out->dst, 0, 0));
	r->out.sum = tandem_csum_fold((u64)r->ends + out->src_port + out->dst_port);
	r->small = min(dst_mtu(dst), v4 ? TANDEM_SMALL_V4 : TANDEM_SMALL_V6);
	return r;
}

enum tandem_reason tandem_route_renew(const struct tandem_table *t, u32 index, const struct tandem_route **ret)
{
	struct tandem_out out = {};
	struct tandem_route *r;
	struct dst_entry *dst;
	u32 seq;

	if (!tandem_read_out(&t->slots[index], &out, &seq))
		return TANDEM_BUSY;
	if ((out.family != 4 && out.family != 6) || !out.dst_port)
		return TANDEM_NO_PEER;
	dst = out.family == 4 ? tandem_lookup_v4(t->net, &out) : tandem_lookup_v6(t->net, &out);
	if (IS_ERR(dst))
		return TANDEM_UNRESOLVED;
	r = tandem_route_new(dst, &out, seq);
	if (!r) {
		dst_release(dst);
		return TANDEM_SEND_FAILED;
	}
	*ret = r;
	tandem_route_drop(unrcu_pointer(xchg(&t->routes[index], RCU_INITIALIZER(r))));
	return TANDEM_FORWARDED;
}

/*
 * The dst_entry goes at once: dst_release() itself waits for its readers, and what it counts ends
 * with the network namespace.
 */
void tandem_route_drop(struct tandem_route *r)
{
	if (!r)
		return;
	dst_release(r->dst);
	kfree_rcu(r, rcu);
}
