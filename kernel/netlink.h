/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family, made of the tables in tandem/netlink.h. */
#ifndef TANDEM_NETLINK_H
#define TANDEM_NETLINK_H

#include <net/genetlink.h>

#include "tandem/netlink.h"

enum tandem_group { TANDEM_GROUP_EVENTS, TANDEM_GROUPS };

extern struct genl_family tandem_family;

#endif
