// SPDX-License-Identifier: GPL-2.0-only
#include "icmp.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ktime.h>
#include <net/icmp.h>
#include <net/ipv6.h>

#include "compat.h"
#include "translate.h"

#define TANDEM_TELL_EVERY_NS (10 * NSEC_PER_MSEC) /* an ICMP error at most so often, on each CPU ... */
#define TANDEM_TELL_BURST 20 /* ... but so many at once */

/* RFC 4443 2.4 (f), RFC 1812 4.3.2.8. The kernel itself does not ration these two errors. */
static bool tandem_may_tell(const struct tandem_table *t)
{
	struct tandem_reasons *r = this_cpu_ptr(t->reasons);
	u64 now = ktime_get_ns();

	if (r->told_ns > now + TANDEM_TELL_BURST * TANDEM_TELL_EVERY_NS)
		return false;
	r->told_ns = max(r->told_ns, now) + TANDEM_TELL_EVERY_NS;
	return true;
}

/* The largest packet of the family it came in that would fit when it leaves. */
static u32 tandem_mtu_across(const struct tandem_arrival *a, const struct tandem_route *r, u32 mtu)
{
	mtu = mtu - tandem_header_len(r->out.family == 4) + tandem_header_len(a->v4);
	return a->v4 ? mtu : max_t(u32, mtu, IPV6_MIN_MTU);
}

/* An ICMP error quotes its packet, which for IPv4 needs the route that it has not got yet. */
static void tandem_icmp_send_v4(struct sk_buff *skb, u32 mtu)
{
	if (!skb_dst(skb) && tandem_route_input(skb))
		return;
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
}

bool tandem_icmp_too_big(const struct tandem_arrival *a, const struct tandem_route *r)
{
	u32 mtu = dst_mtu(r->dst);

	if (tandem_out_len(a, r) <= mtu || !tandem_is_whole(a, r))
		return false;
	mtu = tandem_mtu_across(a, r, mtu);
	if (!tandem_may_tell(a->table))
		return true;
	if (a->v4)
		tandem_icmp_send_v4(a->skb, mtu);
	else
		icmpv6_send(a->skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return true;
}
