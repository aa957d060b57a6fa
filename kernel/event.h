/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens on streams, told to whoever listens in the network namespace. */
#ifndef TANDEM_EVENT_H
#define TANDEM_EVENT_H

#include <net/net_namespace.h>

#include "tandem/flow.h"

/* Any context. Nobody is told when there is no memory: the slot says the same. */
void tandem_event_send(struct net *net, u32 slot, enum tandem_event_kind kind, u32 value);

#endif
