/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How large a request may be to go by UDP (RFC 3261 18.1.1). What the kernel knows of a way is remembered for a while. */
#pragma once
#include "net/addr.h"

struct sip_paths; /* reference-counted */

/* How it is found out; path_mtu() unless a test says otherwise. */
typedef unsigned (*sip_mtu_fn)(const struct addr *from, const struct addr *to);

int sip_paths_new(struct sip_paths **ret, sip_mtu_fn mtu);
/* Whether a request of that length has to go over a congestion-controlled transport: it is within 200 bytes of the path's MTU, or larger than 1,300 bytes. */
bool sip_path_is_narrow(struct sip_paths *ps, const struct addr *from, const struct addr *to, size_t len);
/* The way has changed: a router has said so. */
void sip_path_forget(struct sip_paths *ps, const struct addr *to);
