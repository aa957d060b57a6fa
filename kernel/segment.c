// SPDX-License-Identifier: GPL-2.0-only
#include "segment.h"

#include <linux/netdevice.h>

#include "compat.h"

static void tandem_segment(const struct tandem_table *t, struct sk_buff *skb, const struct nf_hook_state *state)
{
	unsigned int verdict;

	if (state->pf == NFPROTO_IPV4)
		verdict = tandem_relay_v4(t, skb, state);
	else
		verdict = tandem_relay_v6(t, skb, state);
	if (verdict == NF_ACCEPT)
		state->okfn(state->net, state->sk, skb);
	else if (verdict != NF_STOLEN)
		kfree_skb(skb);
}

unsigned int tandem_segments(const struct tandem_table *t, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct sk_buff *segments = __skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM, false), *next;

	if (IS_ERR_OR_NULL(segments))
		return NF_DROP;
	consume_skb(skb); /* at once: it may be the first of its segments, which must be nobody else's to be rewritten */
	skb_list_walk_safe(segments, segments, next) {
		skb_mark_not_on_list(segments);
		tandem_segment(t, segments, state);
	}
	return NF_STOLEN;
}
