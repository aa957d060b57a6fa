// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/streams.h"
#include "mediagw/bearer.h"
#include "mediagw/conn.h"
#include "mediagw/events.h"
#include "mediagw/line.h"
#include "mediagw/quality.h"
#include "mediagw/rqnt.h"
#include <stdio.h>
#include <string.h>

#define LOOK_MS    1000
#define LONG_MS    3600000 /* RFC 3660 2.1, "ld": an hour */
#define MOS_BAD    3.1     /* "nearly all users dissatisfied" (ITU-T G.107 annex B): loss, delay and jitter in one figure */
#define MOS_FROM   250     /* packets that it takes to say so */
#define LOSS_UNIT  100000
#define LOSS_FROM  50
#define DEPTH_STEP 5       /* ms by which a de-jitter buffer is another */

/* --- what is seen: true when it is to be told, with what O: has in parentheses ---------------------------------------- */

static bool media(struct conn *c, const struct mgcp_requested *r, struct buf *params)
{
	struct fp_stats st;
	conn_received(c, &st);
	bool starts = st.rx_packets && !c->seen.media;
	c->seen.media |= starts;
	return starts;
}

static bool loss(struct conn *c, const struct mgcp_requested *r, struct buf *params)
{
	struct fp_stats st;
	uint32_t limit = 0;
	conn_received(c, &st);
	uint64_t came = st.rx_packets - c->seen.packets, lost = st.lost > c->seen.missing ? st.lost - c->seen.missing : 0;
	if (c->seen.lost || slice_u32(slice_trim(r->params), &limit) || came + lost < LOSS_FROM || lost * LOSS_UNIT <= limit * (came + lost))
		return false;
	buf_u64(params, limit);
	c->seen.lost = true;
	return true;
}

static bool quality(struct conn *c, const struct mgcp_requested *r, struct buf *params)
{
	struct quality q;
	quality_read(c, &q);
	bool bad = !c->seen.bad && q.packets >= MOS_FROM && q.figures.mos < MOS_BAD;
	c->seen.bad |= bad;
	return bad;
}

static bool lasting(struct conn *c, const struct mgcp_requested *r, struct buf *params)
{
	bool is = !c->seen.lasting && clock_ms() >= c->made_ms + LONG_MS;
	c->seen.lasting |= is;
	return is;
}

/* Whether a figure that is known is another than it was. */
static bool differs(uint32_t *was, uint32_t is, uint32_t step)
{
	uint32_t before = *was, by = is > before ? is - before : before - is;
	if (!is || (before && by < step))
		return false;
	*was = is;
	return before;
}

static bool depth(struct conn *c, const struct mgcp_requested *r, struct buf *params)
{
	uint64_t counted[BEARER_COUNTERS] = {0};
	if (c->line && c->line->bearer)
		bearer_read(c->line->bearer, counted);
	bool other = differs(&c->seen.depth_ms, (uint32_t)counted[BEARER_DEPTH] / 8, DEPTH_STEP);
	buf_u64(params, c->seen.depth_ms);
	return other;
}

static struct bearer_heard heard(const struct conn *c)
{
	return c->line && c->line->bearer ? bearer_heard(c->line->bearer, c->rtp.slot) : (struct bearer_heard){.pt = -1};
}

static bool packet_time(struct conn *c, const struct mgcp_requested *r, struct buf *params)
{
	bool other = differs(&c->seen.ptime_ms, heard(c).ptime, 1);
	buf_u64(params, c->seen.ptime_ms);
	return other;
}

static bool codec(struct conn *c, const struct mgcp_requested *r, struct buf *params)
{
	int pt = heard(c).pt, before = c->seen.pt;
	c->seen.pt = pt < 0 ? before : pt;
	buf_printf(params, "%x", (unsigned)c->seen.pt);
	return pt >= 0 && before >= 0 && pt != before;
}

static const struct row {
	const struct mgcp_package *package;
	const char *name;
	bool line; /* only there: packets of relays are not looked into */
	bool (*look)(struct conn *c, const struct mgcp_requested *r, struct buf *params);
} rows[] = {
	{&mgcp_package_r, "ma", false, media},      {&mgcp_package_r, "pl", false, loss}, {&mgcp_package_r, "qa", false, quality},
	{&mgcp_package_r, "ji", true, depth},       {&mgcp_package_r, "sr", true, packet_time}, {&mgcp_package_r, "uc", true, codec},
	{&mgcp_package_g, "ld", false, lasting},
};

#define ROWS (sizeof rows / sizeof *rows)

/* --- looking -------------------------------------------------------------------------------------------------------- */

static const struct mgcp_requested *asked(const struct conn *c, const struct row *row)
{
	const struct mgcp_notifier *n = c->ep ? c->ep->notifier : NULL;
	return n ? mgcp_notifier_requested(n, row->package, mgcp_event_type_find(row->package, slice_str(row->name)), slice_str(c->id)) : NULL;
}

static bool look_at(struct conn *c, const struct row *row)
{
	const struct mgcp_requested *r = asked(c, row);
	char text[16];
	struct buf params = buf_fixed(text, sizeof text);
	if (!r)
		return false;
	if (row->look(c, r, &params))
		events_seen(c->ep, row->package, row->name, slice_str(c->id), params.len ? buf_text(&params) : SLICE_NONE);
	return true;
}

static void look(void *arg)
{
	struct conn *c = arg;
	bool any = false;
	for (size_t i = 0; i < ROWS; i++)
		any |= look_at(c, &rows[i]);
	if (any)
		timer_start(&c->seen.timer, LOOK_MS, look, c);
}

void streams_asked(struct conn *c)
{
	struct fp_stats st;
	conn_received(c, &st);
	c->seen.lost = c->seen.bad = false;
	c->seen.packets = st.rx_packets;
	c->seen.missing = st.lost;
	timer_stop(&c->seen.timer);
	for (size_t i = 0; i < ROWS; i++)
		if (asked(c, &rows[i]))
			timer_start(&c->seen.timer, c->seen.media || !st.rx_packets ? LOOK_MS : 0, look, c);
}

void streams_media(struct conn *c)
{
	look_at(c, &rows[0]);
}

/* --- what can be asked for ----------------------------------------------------------------------------------------- */

bool streams_have(const struct mgcp_requested *r, bool line)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].package == r->package && r->type && !strcmp(rows[i].name, r->type->name))
			return line || !rows[i].line;
	return false;
}

bool streams_params(const struct mgcp_requested *r)
{
	uint32_t n;
	if (!r->type || r->package != &mgcp_package_r)
		return true;
	if (!strcmp(r->type->name, "rto"))
		return !request_rto(r->params, &n);
	return strcmp(r->type->name, "pl") != 0 || (!slice_u32(slice_trim(r->params), &n) && n >= 1 && n <= LOSS_UNIT);
}
