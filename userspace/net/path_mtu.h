/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How large a packet may be on the way to somebody, as far as the kernel knows: the link's MTU, the route's, and what routers on the way have told. */
#pragma once
#include "net/addr.h"

/* Bytes with the IP header; 0: not known. Five system calls. */
unsigned path_mtu(const struct addr *from, const struct addr *to);
