// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/watch.h"
#include "base/log.h"
#include "mediagw/counters.h"
#include "mediagw/events.h"
#include "mediagw/gateway.h"
#include "mediagw/rqnt.h"
#include "mgcp/gateway.h"

static uint32_t time_out(const struct conn *c)
{
	return c->rto_s ? c->rto_s : c->silence_s;
}

/* Whether the peer owes us packets: we listen, and its description says that it sends. */
static bool due(const struct conn *c)
{
	return time_out(c) && c->mode & CONN_RECVONLY && c->remote_sdp && c->peer_sends && addr_is_set(&c->remote);
}

static void report(struct conn *c)
{
	char observed[64];
	struct buf b = buf_fixed(observed, sizeof observed);
	mg_count[MG_SILENCE]++;
	log_info(c->ep->name, "call %s connection %s: no media from the peer for %u s", c->call, c->id, time_out(c));
	if (c->rto_s) {
		buf_u64(&b, c->rto_s);
		events_seen(c->ep, &mgcp_package_r, "rto", slice_str(c->id), buf_text(&b));
	} else {
		buf_printf(&b, MGCP_EVENT_SILENCE "@%s(%u)", c->id, c->silence_s);
		events_tell(c->ep, buf_z(&b));
	}
}

static void check(void *arg)
{
	struct conn *c = arg;
	struct fp_stats st;
	uint64_t alive = c->watch_from_ms, now = clock_ms(), limit = time_out(c) * 1000ull;
	conn_received(c, &st);
	if (st.last_rx_ms > alive)
		alive = st.last_rx_ms;
	if (c->last_rtcp_ms > alive)
		alive = c->last_rtcp_ms;
	/* Packets may be stamped by a clock slightly ahead of this turn's. */
	uint64_t quiet = now > alive ? now - alive : 0;
	if (quiet < limit)
		timer_start(&c->watch, limit - quiet, check, c);
	else
		report(c); /* once, until something changes: RFC 3660 makes it a one-shot event */
}

void watch_update(struct conn *c)
{
	c->watch_from_ms = clock_ms();
	if (due(c))
		timer_start(&c->watch, time_out(c) * 1000ull, check, c);
	else
		timer_stop(&c->watch);
}

void watch_asked(struct conn *c)
{
	const struct mgcp_event_type *rto = mgcp_event_type_find(&mgcp_package_r, SLICE("rto"));
	const struct mgcp_notifier *n = c->ep->notifier;
	const struct mgcp_requested *r = n ? mgcp_notifier_requested(n, &mgcp_package_r, rto, slice_str(c->id)) : NULL;
	if (!r || request_rto(r->params, &c->rto_s))
		c->rto_s = 0;
	streams_asked(c);
	watch_update(c);
}
