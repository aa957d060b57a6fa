/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets that were joined by the receiving device, or never taken apart by a local sender. */
#ifndef TANDEM_SEGMENT_H
#define TANDEM_SEGMENT_H

#include "relay.h"

/* Relays each of them by itself; what is to go up the stack goes on from here. A verdict on the whole. */
unsigned int tandem_segments(const struct tandem_table *t, struct sk_buff *skb, const struct nf_hook_state *state);

#endif
