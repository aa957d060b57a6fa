/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The RTP fixed header (RFC 3550 5.1), and what an engine loads from a packet before it asks the logic. */
#pragma once
#include "tandem/flow.h"

#define TANDEM_RTP_HEADER 12u
#define TANDEM_RTP_EXTENDED 0x10u /* in vpxcc: a header extension follows */

struct tandem_rtp {
	__u8 vpxcc, mpt;
	__u16 seq;
	__u32 timestamp;
	__u32 ssrc;
};

/* A received packet as the logic sees it. */
struct tandem_packet {
	struct tandem_ip src;
	__u16 src_port; /* network order */
	__u16 seq; /* host order */
	__u32 timestamp; /* host order */
	__u32 ssrc; /* as on the wire */
	__u32 len; /* UDP payload */
	__u8 pt; /* payload type */
	__u8 marker;
};

TANDEM_INLINE void tandem_rtp_load(struct tandem_packet *p, const struct tandem_rtp *h)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	p->seq = __builtin_bswap16(h->seq);
	p->timestamp = __builtin_bswap32(h->timestamp);
#else
	p->seq = h->seq;
	p->timestamp = h->timestamp;
#endif
	p->ssrc = h->ssrc;
	p->pt = h->mpt & 0x7f;
	p->marker = h->mpt >> 7;
}

/* Where the payload begins, or the header extension when there is one (5.3.1): behind the list of contributing sources. */
TANDEM_INLINE __u32 tandem_rtp_behind_sources(__u8 vpxcc)
{
	return TANDEM_RTP_HEADER + 4u * (vpxcc & 15);
}

/* Length of a header extension whose first four bytes are, as a number, `head`. */
TANDEM_INLINE __u32 tandem_rtp_extension(__u32 head)
{
	return 4u + 4u * (head & 0xffff);
}
