// SPDX-License-Identifier: GPL-2.0-only
#include "event.h"

#include <net/genetlink.h>

#include "netlink.h"

static int tandem_event_fill(struct sk_buff *skb, const struct tandem_event *event)
{
	void *header = genlmsg_put(skb, 0, 0, &tandem_family, 0, TANDEM_C_EVENT);

	if (!header || nla_put(skb, TANDEM_A_EVENT, sizeof(*event), event))
		return -EMSGSIZE;
	genlmsg_end(skb, header);
	return 0;
}

void tandem_event_send(struct net *net, u32 slot, enum tandem_event_kind kind, u32 value)
{
	const struct tandem_event event = { .slot = slot, .kind = kind, .value = value };
	struct sk_buff *skb;

	if (!genl_has_listeners(&tandem_family, net, TANDEM_GROUP_EVENTS))
		return;
	skb = genlmsg_new(nla_total_size(sizeof(event)), GFP_ATOMIC);
	if (!skb)
		return;
	if (tandem_event_fill(skb, &event)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_multicast_netns(&tandem_family, net, skb, 0, TANDEM_GROUP_EVENTS, GFP_ATOMIC);
}
