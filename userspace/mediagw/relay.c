// SPDX-License-Identifier: GPL-3.0-or-later
/* RTCP between the two connections of an endpoint: read, stripped of what names or locates its sender, and sent on; and what the fast path
 * tells of their RTP. */
#include "base/log.h"
#include "base/timer.h"
#include "mediagw/counters.h"
#include "mediagw/digits.h"
#include "mediagw/events.h"
#include "mediagw/gateway.h"

/* What the peer of `c` reports about us, and the sender reports that `to` is about to get. */
static void read_reports(struct conn *c, struct conn *to, const uint8_t *data, size_t len)
{
	struct rtcp_packet k;
	struct rtcp_report r;
	struct rtcp_sender s;
	uint32_t now = rtcp_ntp_mid(clock_utc_ms());
	while (rtcp_next(&data, &len, &k) > 0) {
		for (unsigned i = 0; !rtcp_report(&k, i, &r); i++)
			rtp_peer_view_report(&c->view, &r, now);
		if (!rtcp_sender(&k, &s) && to)
			rtp_peer_view_sent(&to->view, s.ntp_mid, now);
		else if (k.type == RTCP_SR && c->line)
			reports_heard(c, s.ntp_mid);
	}
}

static void send_on(struct conn *to, const uint8_t *data, size_t len, enum mg_counter as)
{
	uint32_t slot = to->mux ? to->rtp.slot : to->rtcp.slot;
	mg_count[fastpath_send(to->gw->p.fp, slot, data, len) ? MG_RTCP_UNSENT : as]++;
}

static void relay(struct conn *from, struct conn *to, const uint8_t *data, size_t len)
{
	static uint8_t out[65536];
	size_t out_len = 0;
	/* Beyond the first eight bytes SRTCP is unreadable (RFC 3711 3.4). */
	if (from->secure) {
		send_on(to, data, len, MG_RTCP_PASSED);
		return;
	}
	if (rtcp_rewrite(data, len, slice_str(to->cname), out, sizeof out, &out_len))
		mg_count[MG_RTCP_MALFORMED]++;
	else if (!out_len)
		mg_count[MG_RTCP_EMPTY]++;
	else
		send_on(to, out, out_len, MG_RTCP_REWRITTEN);
}

void gateway_rtcp(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len)
{
	struct conn *c = conn_by_slot(arg, slot), *to = c ? endpoint_partner(c) : NULL;
	mg_count[MG_RTCP_IN]++;
	if (c) {
		c->last_rtcp_ms = clock_ms();
		if (!c->secure && !rtcp_check(data, len))
			read_reports(c, to, data, len);
	}
	if (to)
		relay(c, to, data, len);
	else if (!c || !c->line)
		mg_count[MG_RTCP_NO_PEER]++;
}

/* --- what happens on streams -------------------------------------------------------------------------------------- */

static void told(const struct conn *c, const char *what)
{
	struct fp_stats st;
	char text[ADDR_STR_LEN];
	conn_received(c, &st);
	log_debug(c->ep ? c->ep->name : NULL, "call %s connection %s: %s, media comes from and goes to %s, SSRC %08x", c->call, c->id, what,
		  addr_str(&st.remote, text), st.ssrc);
}

static void on_latch(struct conn *c, uint32_t value)
{
	told(c, "its source is known");
	if (c->ep)
		streams_media(c);
}

static void on_rebind(struct conn *c, uint32_t value)
{
	c->rebinds++;
	told(c, "it moved by itself");
}

static void on_ssrc(struct conn *c, uint32_t value)
{
	c->ssrcs++;
	told(c, "a new SSRC");
}

/* The connection is named to whoever asked by connection. */
static void tell_digit(const struct conn *c, char digit)
{
	const struct mgcp_event_type *type = mgcp_event_type_find(&mgcp_package_d, slice_of(&digit, 1));
	struct slice where = slice_str(c->id);
	const struct mgcp_requested *r = mgcp_notifier_requested(c->ep->notifier, &mgcp_package_d, type, where);
	events_seen(c->ep, &mgcp_package_d, type->name, r && slice_is_set(r->connection) ? where : SLICE_NONE, SLICE_NONE);
}

/* Digits may be somebody's secret: no log has them. */
static void on_digit(struct conn *c, uint32_t value)
{
	c->digits++;
	log_debug(c->ep ? c->ep->name : NULL, "call %s connection %s: a telephone-event began", c->call, c->id);
	if (c->ep && c->ep->notifier && digits_name(value))
		tell_digit(c, digits_name(value));
}

static void on_digit_end(struct conn *c, uint32_t value)
{
	log_debug(c->ep ? c->ep->name : NULL, "call %s connection %s: a telephone-event ended after %u units", c->call, c->id, value & 0xffffff);
}

static const struct {
	void (*fn)(struct conn *c, uint32_t value);
	enum mg_counter counts; /* MG_COUNTERS: nothing */
} happenings[] = {
	[TANDEM_EV_LATCH] = {on_latch, MG_LATCHED},
	[TANDEM_EV_REBIND] = {on_rebind, MG_REBOUND},
	[TANDEM_EV_SSRC] = {on_ssrc, MG_NEW_SSRC},
	[TANDEM_EV_DTMF] = {on_digit, MG_DIGITS},
	[TANDEM_EV_DTMF_END] = {on_digit_end, MG_COUNTERS},
};

void gateway_event(void *arg, uint32_t slot, unsigned event, uint32_t value)
{
	struct conn *c = conn_by_slot(arg, slot);
	if (!c || c->rtp.slot != slot || event >= sizeof happenings / sizeof happenings[0] || !happenings[event].fn)
		return;
	if (happenings[event].counts != MG_COUNTERS)
		mg_count[happenings[event].counts]++;
	happenings[event].fn(c, value);
}
