/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet's new headers, for either family in and out (RFC 7915), and its way out. */
#ifndef TANDEM_TRANSLATE_H
#define TANDEM_TRANSLATE_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "relay.h"
#include "route.h"
#include "tandem/rtp.h"

/* Of an IPv6 packet of the least size every path takes, across: RFC 7915 5. */
#define TANDEM_LEAST_V6_AS_V4 1260u

static __always_inline u32 tandem_header_len(bool v4)
{
	return v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

/* Length of the packet that leaves. */
static __always_inline u32 tandem_out_len(const struct tandem_arrival *a, const struct tandem_route *r)
{
	return tandem_header_len(r->out.family == 4) + a->udp_len;
}

/*
 * Whether what leaves must not be taken to pieces: what no router of the sender's family would
 * have, RFC 7915 4 and 5.1.
 */
static __always_inline bool tandem_is_whole(const struct tandem_arrival *a, const struct tandem_route *r)
{
	return a->whole && (a->v4 || r->out.family == 6 || tandem_out_len(a, r) > TANDEM_LEAST_V6_AS_V4);
}

/* Replaces the headers. 0 or -ENOMEM, the packet being as it was then. */
int tandem_translate(const struct tandem_arrival *a, const struct tandem_route *r, const struct tandem_packet *pkt);

/* Sends a translated packet, which is gone afterwards: 0, or an error when it was dropped on the way. */
int tandem_output(const struct tandem_arrival *a, const struct tandem_route *r);

#endif
