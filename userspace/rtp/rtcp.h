/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP (RFC 3550 section 6; reduced-size packets of RFC 5506): read a compound packet, and rewrite it so that nothing in it
 * names or locates the sender to the other side of a back-to-back user agent. */
#pragma once
#include "base/slice.h"

enum rtcp_type {
	RTCP_FIR = 192, RTCP_NACK = 193, /* RFC 2032 */
	RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_BYE = 203, RTCP_APP = 204,
	RTCP_RTPFB = 205, RTCP_PSFB = 206, /* RFC 4585 */
	RTCP_XR = 207,                     /* RFC 3611 */
};

/* One packet of a compound; points into it. */
struct rtcp_packet {
	uint8_t type;
	uint8_t count;         /* report, source or format count: the five bits after the padding bit */
	const uint8_t *p;      /* the whole packet, header first */
	size_t len;            /* of it, padding included */
	const uint8_t *body;   /* after the four bytes of header */
	size_t body_len;       /* padding excluded */
};

/* Reads the packet at *p and moves *p and *left past it: 1, 0 at the end, -EBADMSG when lengths do not fit (A.2). */
int rtcp_next(const uint8_t **p, size_t *left, struct rtcp_packet *ret);
/* Whether the whole datagram is RTCP: every length fits, every type is one of 192..223, padding only in the last: 0 or -EBADMSG. */
int rtcp_check(const uint8_t *data, size_t len);

struct rtcp_sender {
	uint32_t ssrc;
	uint32_t ntp_mid; /* middle 32 bits of the NTP time: what comes back as LSR */
	uint32_t rtp_time, packets, octets;
};
/* Sender information of an SR: 0 or -EBADMSG. */
int rtcp_sender(const struct rtcp_packet *k, struct rtcp_sender *ret);

struct rtcp_report {
	uint32_t about;    /* the SSRC reported on */
	uint8_t fraction;  /* lost since the last report, of 256 */
	int32_t lost;      /* in all; negative when duplicates came */
	uint32_t ext_max_seq, jitter, lsr, dlsr;
};
/* The i-th report block of an SR or RR: 0, -ENOENT past the last, -EBADMSG. */
int rtcp_report(const struct rtcp_packet *k, unsigned i, struct rtcp_report *ret);

/* Round trip of RFC 3550 6.4.1 in units of 1/65536 s, from when the report arrived (middle 32 bits of NTP time); -ENOENT when the block
 * answers no SR, -ERANGE when it is not plausible (negative, or over 60 s). */
int rtcp_round_trip(const struct rtcp_report *r, uint32_t now_ntp_mid, uint32_t *ret);
/* Middle 32 bits of the NTP timestamp of a UTC time in milliseconds since 1970. */
uint32_t rtcp_ntp_mid(uint64_t utc_ms);

/* Copies a compound packet to `out`, with the name of every source replaced by `cname` and everything else that tells
 * who or where the sender is left out: other SDES items, the words of BYE, APP and unknown packets, padding. *out_len is 0 when nothing is left to
 * send. -EBADMSG on malformed input, -ENOSPC when `cap` does not hold the result (nothing may then be sent). */
int rtcp_rewrite(const uint8_t *data, size_t len, struct slice cname, uint8_t *out, size_t cap, size_t *out_len);
