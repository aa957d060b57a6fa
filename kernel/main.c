// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relay in netfilter, for what XDP cannot take: interfaces without it, packets in pieces,
 * tunnels, VRFs. It judges by the slot table that XDP and the daemon use too (tandem/flow.h), which
 * it is given by generic netlink and holds on to.
 */
#include <linux/init.h>
#include <net/netns/generic.h>

#include "compat.h"
#include "hook.h"
#include "netlink.h"

static unsigned int tandem_net_id __read_mostly;

struct tandem_net *tandem_net_of(const struct net *net)
{
	return net_generic(net, tandem_net_id);
}

static int __net_init tandem_net_begin(struct net *net)
{
	tandem_net_init(tandem_net_of(net), net);
	return 0;
}

/* A grace period lies between these two, as one has to between detaching a table and putting it. */
static void __net_exit tandem_net_pre_exit(struct net *net)
{
	struct tandem_net *tn = tandem_net_of(net);

	tn->last = tandem_net_detach(tn);
}

static void __net_exit tandem_net_exit(struct net *net)
{
	tandem_table_put(tandem_net_of(net)->last);
}

static struct pernet_operations tandem_net_ops = {
	.init = tandem_net_begin,
	.pre_exit = tandem_net_pre_exit,
	.exit = tandem_net_exit,
	.id = &tandem_net_id,
	.size = sizeof(struct tandem_net),
};

/*
 * As a device, not a subsystem: routes are given back before the devices they hold on to and the
 * protocols they are of.
 */
static int __init tandem_init(void)
{
	int err = register_pernet_device(&tandem_net_ops);

	if (err)
		return err;
	err = genl_register_family(&tandem_family);
	if (err)
		unregister_pernet_device(&tandem_net_ops);
	return err;
}

static void __exit tandem_exit(void)
{
	genl_unregister_family(&tandem_family);
	unregister_pernet_device(&tandem_net_ops);
}

module_init(tandem_init);
module_exit(tandem_exit);
MODULE_DESCRIPTION("Tandem packet relay");
MODULE_VERSION(TANDEM_VERSION);
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(TANDEM_NL_FAMILY); /* whoever asks for the family has the module loaded */
TANDEM_IMPORT_BPF();
