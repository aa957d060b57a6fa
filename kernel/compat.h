/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernel versions the module is built for (6.1 to 6.18). Nothing else
 * looks at the version.
 */
#ifndef TANDEM_COMPAT_H
#define TANDEM_COMPAT_H

#include <linux/bpf.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/version.h>
#include <net/flow.h>
#include <net/inet_dscp.h>
#include <net/route.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

/* bpf_map_get() moved into this name space; importing one that does not exist is no error. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define TANDEM_IMPORT_BPF() MODULE_IMPORT_NS("BPF_INTERNAL")
#else
#define TANDEM_IMPORT_BPF() MODULE_IMPORT_NS(BPF_INTERNAL)
#endif

/* Whether the values of a map hold objects of the kernel's, which nobody may write over. */
static inline bool tandem_map_has_objects(const struct bpf_map *map)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return !IS_ERR_OR_NULL(map->record);
#else
	return map_value_has_spin_lock(map) || map_value_has_timer(map) || map_value_has_kptrs(map);
#endif
}

static inline void tandem_flow4_set_tos(struct flowi4 *fl4, u8 tos)
{
#ifdef flowi4_dscp
	fl4->flowi4_dscp = inet_dsfield_to_dscp(tos);
#else
	fl4->flowi4_tos = tos & INET_DSCP_MASK;
#endif
}

/* Gives a received IPv4 packet the route it would have got. Caller holds the RCU read lock. 0 or an error. */
static inline int tandem_route_input(struct sk_buff *skb)
{
	const struct iphdr *ip = ip_hdr(skb);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return ip_route_input_noref(skb, ip->daddr, ip->saddr, inet_dsfield_to_dscp(ip->tos), skb->dev) ? -EINVAL : 0;
#else
	return ip_route_input_noref(skb, ip->daddr, ip->saddr, ip->tos, skb->dev);
#endif
}

#endif
