// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/reports.h"
#include "base/random.h"
#include "mediagw/counters.h"
#include "mediagw/line_media.h"
#include "mediagw/record.h"

/* 6.2 and 6.3.1: about five seconds apart, half of that for the first, and never at the same time as others. */
#define INTERVAL_MS  5000
#define COMPENSATION 1.21828

static void on_time(void *arg);

static void wait(struct conn *c, uint32_t interval_ms)
{
	uint16_t random;
	random_bytes(&random, sizeof random);
	timer_start(&c->reports.timer, (uint64_t)(interval_ms * (0.5 + random / 65536.0) / COMPENSATION), on_time, c);
}

/* About what the peer sends; false while it sends nothing. */
static bool received(struct conn *c, uint32_t now, struct rtcp_report *ret)
{
	struct fp_stats st;
	conn_received(c, &st);
	if (!st.rx_packets)
		return false;
	*ret = (struct rtcp_report){.about = st.ssrc, .ext_max_seq = st.ext_max_seq, .jitter = st.jitter};
	rtcp_reception_report(&c->reports.reception, st.ext_max_seq - st.base_seq + 1, (uint32_t)st.rx_packets, now, ret);
	return true;
}

static void send_report(struct conn *c, bool bye)
{
	struct reports *r = &c->reports;
	struct bearer_sent sent;
	uint8_t out[RTCP_REPORT_MAX];
	struct rtcp_own o = {.utc_ms = clock_utc_ms(), .cname = slice_str(c->cname), .bye = bye};
	if (!c->line->bearer || !bearer_sent(c->line->bearer, c->rtp.slot, &sent) || !addr_is_set(c->mux ? &c->remote : &c->remote_rtcp))
		return;
	uint32_t now = rtcp_ntp_mid(o.utc_ms);
	o.ssrc = sent.ssrc;
	/* Who was silent for two intervals is no sender (6.4). */
	bool now_sent = (uint32_t)sent.packets != r->packets;
	o.sends = now_sent || r->sent;
	r->sent = now_sent;
	o.rtp_time = sent.timestamp;
	o.packets = r->packets = (uint32_t)sent.packets;
	o.octets = (uint32_t)sent.octets;
	o.hears = received(c, now, &o.heard);
	size_t len = rtcp_report_write(&o, out);
	bool failed = fastpath_send(c->gw->p.fp, c->mux ? c->rtp.slot : c->rtcp.slot, out, len);
	mg_count[failed ? MG_RTCP_UNSENT : MG_RTCP_OWN]++;
	r->told |= !failed;
	if (o.sends && !failed)
		rtp_peer_view_sent(&c->view, now, now);
}

static void on_time(void *arg)
{
	struct conn *c = arg;
	send_report(c, false);
	record_put(c); /* its figures */
	wait(c, INTERVAL_MS);
}

void reports_start(struct conn *c)
{
	wait(c, INTERVAL_MS / 2);
}

void reports_stop(struct conn *c)
{
	timer_stop(&c->reports.timer);
	if (c->reports.told)
		send_report(c, true);
}

void reports_heard(struct conn *c, uint32_t ntp_mid)
{
	c->reports.reception.lsr = ntp_mid;
	c->reports.reception.lsr_at = rtcp_ntp_mid(clock_utc_ms());
}
