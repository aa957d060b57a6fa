/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP of who ends a stream (RFC 3550 section 6): what it says of what it sends and receives. */
#pragma once
#include "rtp/rtcp.h"

#define RTCP_REPORT_MAX 360 /* bytes that one may have */

struct rtcp_own {
	uint32_t ssrc;
	bool sends;                 /* a sender report, and */
	uint64_t utc_ms;            /* when, */
	uint32_t rtp_time, packets, octets; /* what was sent until then */
	bool hears;                 /* there is a block */
	struct rtcp_report heard;
	struct slice cname;         /* at most 255 bytes */
	bool bye;                   /* it ends */
};

/* Writes a compound packet, and returns its length. */
size_t rtcp_report_write(const struct rtcp_own *o, uint8_t out[RTCP_REPORT_MAX]);

/* What a report says of a stream that is received: packets lost in all and since the report before. */
struct rtcp_reception {
	uint32_t expected, received; /* at the last report */
	uint32_t lsr, lsr_at;        /* the peer's last sender report, and when it came; middle 32 bits of NTP time; 0: none */
};

/* Fills a block and begins a new interval (A.3). `expected` and `received` are since the beginning, `now` is rtcp_ntp_mid(). */
void rtcp_reception_report(struct rtcp_reception *r, uint32_t expected, uint32_t received, uint32_t now, struct rtcp_report *ret);
