// SPDX-License-Identifier: GPL-3.0-or-later
#include "rtp/stats.h"
#include "rtp/mos.h"
#include <errno.h>

void rtp_peer_view_sent(struct rtp_peer_view *v, uint32_t ntp_mid, uint32_t now_ntp_mid)
{
	unsigned i = v->n_sent++ % RTP_SENT_REPORTS;
	v->sent[i].ntp_mid = ntp_mid;
	v->sent[i].at = now_ntp_mid;
}

/* The block with the time we passed the sender report on in place of the report's own. */
static int on_our_clock(const struct rtp_peer_view *v, struct rtcp_report *r)
{
	unsigned n = v->n_sent < RTP_SENT_REPORTS ? v->n_sent : RTP_SENT_REPORTS;
	for (unsigned i = 0; r->lsr && i < n; i++)
		if (v->sent[i].ntp_mid == r->lsr) {
			r->lsr = v->sent[i].at;
			return 0;
		}
	return -ENOENT;
}

void rtp_peer_view_report(struct rtp_peer_view *v, const struct rtcp_report *r, uint32_t now_ntp_mid)
{
	uint32_t rtt;
	v->reported = true;
	v->fraction = r->fraction;
	v->lost = r->lost;
	v->jitter = r->jitter;
	struct rtcp_report ours = *r;
	if (on_our_clock(v, &ours) || rtcp_round_trip(&ours, now_ntp_mid, &rtt))
		return;
	uint32_t ms = (uint32_t)((uint64_t)rtt * 1000 >> 16);
	v->rtt_ms = v->rtt_known ? (v->rtt_ms * 7 + ms) / 8 : ms;
	v->rtt_known = true;
}

void rtp_figures(struct rtp_figures *ret, const struct rtp_received *in, const struct rtp_peer_view *v, struct slice codec)
{
	uint64_t expected = in->packets + in->lost;
	*ret = (struct rtp_figures){
		.loss = expected ? (double)in->lost / (double)expected : 0,
		.jitter_ms = in->jitter * 1000.0 / (in->clock_hz ? in->clock_hz : 8000),
	};
	if (!in->packets)
		return;
	struct mos_input m = {
		.codec = codec, .loss = ret->loss, .jitter_ms = ret->jitter_ms, .delay_ms = v->rtt_known ? v->rtt_ms / 2.0 : 0,
	};
	ret->mos = mos_estimate(&m);
}
