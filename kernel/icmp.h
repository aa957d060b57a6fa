/* SPDX-License-Identifier: GPL-2.0-only */
/* Path MTU: RFC 7915 4.2 and 5.2, RFC 1191, RFC 8201. */
#ifndef TANDEM_ICMP_H
#define TANDEM_ICMP_H

#include "relay.h"
#include "route.h"

/*
 * Whether a packet is larger than its path takes and may not be fragmented; if so, its sender has
 * been told, unless others were told so often just now. Hook context.
 */
bool tandem_icmp_too_big(const struct tandem_arrival *a, const struct tandem_route *r);

#endif
