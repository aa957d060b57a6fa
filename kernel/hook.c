// SPDX-License-Identifier: GPL-2.0-only
#include "hook.h"

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "relay.h"

static unsigned int tandem_hook_v4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct tandem_net *tn = priv;
	const struct tandem_table *t = rcu_dereference(tn->table);

	return likely(t) ? tandem_relay_v4(t, skb, state) : NF_ACCEPT;
}

static unsigned int tandem_hook_v6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct tandem_net *tn = priv;
	const struct tandem_table *t = rcu_dereference(tn->table);

	return likely(t) ? tandem_relay_v6(t, skb, state) : NF_ACCEPT;
}

/*
 * Right behind reassembly: before connection tracking, and before anything an operator has to say
 * about raw packets.
 */
static const struct nf_hook_ops tandem_hooks[TANDEM_HOOKS] = {
	{
		.hook = tandem_hook_v4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_CONNTRACK_DEFRAG + 1,
	},
	{
		.hook = tandem_hook_v6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP6_PRI_CONNTRACK_DEFRAG + 1,
	},
};

void tandem_net_init(struct tandem_net *tn, struct net *net)
{
	int i;

	tn->net = net;
	memcpy(tn->hooks, tandem_hooks, sizeof(tn->hooks));
	for (i = 0; i < TANDEM_HOOKS; i++)
		tn->hooks[i].priv = tn;
}

static int tandem_net_hook(struct tandem_net *tn)
{
	int err = nf_defrag_ipv4_enable(tn->net);

	if (err)
		return err;
	err = nf_defrag_ipv6_enable(tn->net);
	if (err)
		goto out_v4;
	err = nf_register_net_hooks(tn->net, tn->hooks, TANDEM_HOOKS);
	if (!err)
		return 0;
	nf_defrag_ipv6_disable(tn->net);
out_v4:
	nf_defrag_ipv4_disable(tn->net);
	return err;
}

static void tandem_net_unhook(struct tandem_net *tn)
{
	nf_unregister_net_hooks(tn->net, tn->hooks, TANDEM_HOOKS);
	nf_defrag_ipv6_disable(tn->net);
	nf_defrag_ipv4_disable(tn->net);
}

int tandem_net_attach(struct tandem_net *tn, struct tandem_table *t)
{
	struct tandem_table *before = rcu_dereference_protected(tn->table, 1);
	int err = before ? 0 : tandem_net_hook(tn);

	if (err)
		return err;
	rcu_assign_pointer(tn->table, t);
	if (before) {
		synchronize_rcu();
		tandem_table_put(before);
	}
	return 0;
}

struct tandem_table *tandem_net_detach(struct tandem_net *tn)
{
	struct tandem_table *t = rcu_dereference_protected(tn->table, 1);

	if (!t)
		return NULL;
	tandem_net_unhook(tn);
	RCU_INIT_POINTER(tn->table, NULL);
	return t;
}
