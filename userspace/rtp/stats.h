/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures derived from what was counted on one stream, and from what its peer reports by RTCP. */
#pragma once
#include "rtp/rtcp.h"

/* As received here (RFC 3550 A.3, A.8). */
struct rtp_received {
	uint64_t packets;
	uint32_t lost;      /* expected - received */
	uint32_t jitter;    /* in clock units */
	uint32_t clock_hz;  /* 0: 8000 is assumed */
};

#define RTP_SENT_REPORTS 8

/* What the peer says it received from us, and the way there and back. A relay does not share the clock of the sender reports it passes on: it
 * notes when it passed which, and knows them again by their LSR. */
struct rtp_peer_view {
	struct {
		uint32_t ntp_mid, at; /* the report's own time; when we sent it, on our clock */
	} sent[RTP_SENT_REPORTS];
	unsigned n_sent;
	bool reported;
	uint8_t fraction;
	int32_t lost;
	uint32_t jitter;
	bool rtt_known;
	uint32_t rtt_ms;      /* smoothed */
};

/* A sender report went to this peer. Times are middle 32 bits of NTP time. */
void rtp_peer_view_sent(struct rtp_peer_view *v, uint32_t ntp_mid, uint32_t now_ntp_mid);
/* Takes a report block of the peer in, with the time it came (rtcp_ntp_mid()). */
void rtp_peer_view_report(struct rtp_peer_view *v, const struct rtcp_report *r, uint32_t now_ntp_mid);

struct rtp_figures {
	double loss;      /* 0..1 */
	double jitter_ms;
	double mos;       /* 0: nothing received, nothing to judge */
};
void rtp_figures(struct rtp_figures *ret, const struct rtp_received *in, const struct rtp_peer_view *v, struct slice codec);
