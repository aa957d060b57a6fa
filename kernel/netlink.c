// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"

#include "hook.h"
#include "tandem/flow.h"

/* --- what the contract's tables become ------------------------------------------------------------------------- */

#define POLICY_U32(len)	       { .type = NLA_U32 }
#define POLICY_U64(len)	       { .type = NLA_U64 }
#define POLICY_NESTED(len)     { .type = NLA_NESTED }
#define POLICY_BINARY(len)     NLA_POLICY_EXACT_LEN(len)
#define POLICY_NUL_STRING(max) { .type = NLA_NUL_STRING, .len = (max) }

#define TANDEM_POLICY(name, type, len) [TANDEM_A_##name] = POLICY_##type(len),
static const struct nla_policy tandem_policy[TANDEM_A_COUNT] = { TANDEM_NL_ATTRS(TANDEM_POLICY) };

/* --- commands -------------------------------------------------------------------------------------------------- */

static int tandem_put_reasons(struct sk_buff *reply, const struct tandem_table *t)
{
	enum tandem_reason why;

	for (why = 0; why < TANDEM_REASON_COUNT; why++) {
		struct nlattr *nest = nla_nest_start(reply, TANDEM_A_REASON);

		if (!nest || nla_put_u32(reply, TANDEM_A_REASON_INDEX, why) ||
		    nla_put_u64_64bit(reply, TANDEM_A_REASON_COUNT, tandem_table_counter(t, why), TANDEM_A_UNSPEC))
			return -EMSGSIZE;
		nla_nest_end(reply, nest);
	}
	return 0;
}

static int tandem_put_state(struct sk_buff *reply, const struct tandem_table *t)
{
	if (nla_put_u32(reply, TANDEM_A_LAYOUT, TANDEM_LAYOUT) ||
	    nla_put_string(reply, TANDEM_A_VERSION, TANDEM_VERSION))
		return -EMSGSIZE;
	if (!t)
		return 0;
	if (nla_put_u32(reply, TANDEM_A_SLOTS_ID, t->map->id) || nla_put_u32(reply, TANDEM_A_SLOTS, t->n_slots))
		return -EMSGSIZE;
	return tandem_put_reasons(reply, t);
}

static int tandem_do_GET(struct sk_buff *skb, struct genl_info *info)
{
	struct tandem_net *tn = tandem_net_of(genl_info_net(info));
	struct sk_buff *reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!reply)
		return -ENOMEM;
	header = genlmsg_put_reply(reply, info, &tandem_family, 0, TANDEM_C_GET);
	if (!header || tandem_put_state(reply, rcu_dereference_protected(tn->table, 1))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static int tandem_add_local(struct tandem_table *t, const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TANDEM_A_COUNT];
	struct tandem_local local;
	struct tandem_ip ip;
	int err = nla_parse_nested(tb, TANDEM_A_COUNT - 1, attr, tandem_policy, extack);

	if (err)
		return err;
	if (!tb[TANDEM_A_IP] || !tb[TANDEM_A_RANGE]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "LOCAL needs IP and RANGE");
		return -EINVAL;
	}
	nla_memcpy(&ip, tb[TANDEM_A_IP], sizeof(ip));
	nla_memcpy(&local, tb[TANDEM_A_RANGE], sizeof(local));
	NL_SET_BAD_ATTR(extack, attr);
	return tandem_table_add_local(t, &ip, &local, extack);
}

/* The attributes of one kind that a message holds several of are met in turn. */
static int tandem_add_locals(struct tandem_table *t, struct genl_info *info)
{
	const struct nlattr *attr;
	int rem, err = 0;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) == TANDEM_A_LOCAL)
			err = tandem_add_local(t, attr, info->extack);
		if (err)
			return err;
	}
	if (!t->n_locals) {
		NL_SET_ERR_MSG(info->extack, "no LOCAL address is given");
		return -EINVAL;
	}
	return 0;
}

static int tandem_check_layout(struct genl_info *info)
{
	if (!info->attrs[TANDEM_A_LAYOUT] || !info->attrs[TANDEM_A_SLOTS_FD]) {
		NL_SET_ERR_MSG(info->extack, "LAYOUT and SLOTS_FD must be given");
		return -EINVAL;
	}
	if (nla_get_u32(info->attrs[TANDEM_A_LAYOUT]) != TANDEM_LAYOUT) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[TANDEM_A_LAYOUT],
				    "the module has another layout of the slot table");
		return -EPROTO;
	}
	return 0;
}

static int tandem_do_ATTACH(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct tandem_table *t;
	int err = tandem_check_layout(info);

	if (err)
		return err;
	t = tandem_table_new(net, nla_get_u32(info->attrs[TANDEM_A_SLOTS_FD]), info->extack);
	if (IS_ERR(t))
		return PTR_ERR(t);
	err = tandem_add_locals(t, info);
	if (err)
		goto out;
	err = tandem_net_attach(tandem_net_of(net), t);
	if (err)
		NL_SET_ERR_MSG(info->extack, "the netfilter hooks cannot be registered");
out:
	if (err)
		tandem_table_put(t);
	return err;
}

static int tandem_do_DETACH(struct sk_buff *skb, struct genl_info *info)
{
	struct tandem_table *t = tandem_net_detach(tandem_net_of(genl_info_net(info)));

	if (!t) {
		NL_SET_ERR_MSG(info->extack, "no table is attached");
		return -ENOENT;
	}
	synchronize_rcu();
	tandem_table_put(t);
	return 0;
}

/* --- the family ------------------------------------------------------------------------------------------------ */

#define TANDEM_OP_ANYONE(name)	{ .cmd = TANDEM_C_##name, .doit = tandem_do_##name },
#define TANDEM_OP_ADMIN(name)	{ .cmd = TANDEM_C_##name, .doit = tandem_do_##name, .flags = GENL_UNS_ADMIN_PERM },
#define TANDEM_OP_NOBODY(name)
#define TANDEM_OP(name, who)	TANDEM_OP_##who(name)
static const struct genl_small_ops tandem_ops[] = { TANDEM_NL_COMMANDS(TANDEM_OP) };

static const struct genl_multicast_group tandem_groups[TANDEM_GROUPS] = {
	[TANDEM_GROUP_EVENTS] = { .name = TANDEM_NL_EVENTS },
};

struct genl_family tandem_family __ro_after_init = {
	.name = TANDEM_NL_FAMILY,
	.version = TANDEM_NL_VERSION,
	.maxattr = TANDEM_A_COUNT - 1,
	.policy = tandem_policy,
	.small_ops = tandem_ops,
	.n_small_ops = ARRAY_SIZE(tandem_ops),
	.resv_start_op = TANDEM_C_UNSPEC + 1,
	.mcgrps = tandem_groups,
	.n_mcgrps = ARRAY_SIZE(tandem_groups),
	.netnsok = true,
	.module = THIS_MODULE,
};
