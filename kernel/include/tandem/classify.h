/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a packet on a media port is, by its first bytes: RFC 7983 section 7, and RFC 5761 section 4 for RTCP among RTP. */
#pragma once
#include "tandem/reasons.h"
#include "tandem/rtp.h"

enum tandem_kind { TANDEM_KIND_RTP, TANDEM_KIND_RTCP, TANDEM_KIND_STUN, TANDEM_KIND_DTLS, TANDEM_KIND_RUNT, TANDEM_KIND_OTHER };

/* `b0` and `b1` are the first two bytes of a payload of `len` bytes (0 where the payload is shorter). */
TANDEM_INLINE enum tandem_kind tandem_classify(__u8 b0, __u8 b1, __u32 len)
{
	if (!len)
		return TANDEM_KIND_RUNT;
	if (b0 >= 128 && b0 <= 191) {
		if (len >= 2 && b1 >= 192 && b1 <= 223)
			return len >= 8 ? TANDEM_KIND_RTCP : TANDEM_KIND_RUNT;
		return len >= TANDEM_RTP_HEADER + 4u * (b0 & 15) ? TANDEM_KIND_RTP : TANDEM_KIND_RUNT;
	}
	if (b0 <= 3)
		return len >= 20 ? TANDEM_KIND_STUN : TANDEM_KIND_RUNT;
	if (b0 >= 20 && b0 <= 63)
		return len >= 13 ? TANDEM_KIND_DTLS : TANDEM_KIND_RUNT;
	return TANDEM_KIND_OTHER;
}
