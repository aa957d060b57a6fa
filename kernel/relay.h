/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet relay: what XDP does with a frame (bpf/relay.bpf.c), done with a reassembled packet. */
#ifndef TANDEM_RELAY_H
#define TANDEM_RELAY_H

#include <linux/netfilter.h>

#include "table.h"

/* UDP for one of our media ports. Offsets are from skb->data, which is at the IP header. */
struct tandem_arrival {
	const struct tandem_table *table;
	struct sk_buff *skb;
	struct tandem_slot *slot;
	u32 index; /* of the slot */
	u16 udp_at;
	u16 udp_len;
	bool v4;
	bool whole; /* its sender does not want it in pieces */
	u8 tos;
	u8 hop_limit;
};

/* A netfilter verdict on an IP packet before routing. RCU read lock held. */
unsigned int tandem_relay_v4(const struct tandem_table *t, struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int tandem_relay_v6(const struct tandem_table *t, struct sk_buff *skb, const struct nf_hook_state *state);

#endif
