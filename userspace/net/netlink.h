/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to the kernel by netlink: one socket, one request at a time, answered at once. */
#pragma once
#include "base/buf.h"
#include <libmnl/libmnl.h>

struct netlink {
	struct mnl_socket *socket; /* NULL: closed */
	unsigned seq;
};

/* `bus` is NETLINK_ROUTE, NETLINK_GENERIC, ...; `groups` those to be heard, `flags` 0 or SOCK_NONBLOCK. 0 or negative errno. */
int netlink_open(struct netlink *n, int bus, unsigned groups, int flags);
void netlink_close(struct netlink *n);
/* Sends a request and gives each answer to `fn` (mnl_cb_run(3)), which may be NULL. 0 or negative errno; then `why`, when it is not NULL,
 * has the kernel's own words for it (extended acknowledgement), or stays as it was. */
int netlink_ask(struct netlink *n, struct nlmsghdr *h, mnl_cb_t fn, void *arg, struct buf *why);
