// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/endpoint.h"
#include "base/mem.h"
#include "mediagw/bearer.h"
#include "mediagw/counters.h"
#include "mediagw/events.h"
#include "mediagw/line_media.h"
#include "mediagw/line_signal.h"
#include "mediagw/service.h"
#include <errno.h>
#include <stdio.h>

static void destroy(void *obj)
{
	struct endpoint *e = obj;
	/* The signals that are on are the notifier's, and what happens from here on is not kept. */
	e->busy = true;
	if (e->line)
		line_close(e->line);
	events_free(e);
	while (!list_empty(&e->conns))
		endpoint_remove(e, container_of(list_first(&e->conns), struct conn, link));
	list_remove(&e->link);
	mem_deref(e->notified);
	mem_deref(e->line);
	if (e->gw->places[e->place] != e)
		return;
	e->gw->places[e->place] = NULL;
	mg_count[MG_ENDPOINTS]--;
	if (e->kind == endpoint_relay)
		numbers_give(e->gw->numbers, e->place);
}

uint32_t endpoint_places(const struct gateway *gw)
{
	return gw->relays + (gw->p.tdm ? TDM_MAX_CHANNELS : 0);
}

uint32_t endpoint_channel_place(const struct gateway *gw, unsigned channel)
{
	return gw->relays + channel - 1;
}

struct tdm_channel *endpoint_channel(const struct gateway *gw, uint32_t place)
{
	return place < gw->relays ? NULL : tdm_channel(gw->p.tdm, place - gw->relays + 1);
}

int endpoints_init(struct gateway *gw, uint32_t relays)
{
	gw->relays = relays;
	size_t size = endpoint_places(gw) * sizeof *gw->places;
	gw->places = mem_raw(size);
	if (!gw->places)
		return -ENOMEM;
	memset(gw->places, 0, size);
	return numbers_new(&gw->numbers, relays);
}

void endpoints_clear(struct gateway *gw)
{
	while (!list_empty(&gw->endpoints))
		mem_deref(container_of(list_first(&gw->endpoints), struct endpoint, link));
}

void endpoints_free(struct gateway *gw)
{
	endpoints_clear(gw);
	mem_free(gw->places);
	gw->places = NULL;
	gw->numbers = mem_deref(gw->numbers);
}

struct endpoint *endpoint_find(const struct gateway *gw, uint32_t place)
{
	return gw->places[place];
}

static const struct endpoint_kind *kind_of_channel(const struct tdm_channel *c)
{
	char name[TDM_ENDPOINT_MAX];
	tdm_endpoint_name(c, name);
	struct slice rest = slice_str(name), type = slice_cut(&rest, '/');
	const struct endpoint_kind *k = endpoint_kinds;
	while (!slice_eq(type, slice_str(k->type)))
		k++;
	return k;
}

static int endpoint_new(struct gateway *gw, uint32_t place, struct endpoint **ret)
{
	struct tdm_channel *channel = endpoint_channel(gw, place);
	struct endpoint *e = mem_alloc(sizeof *e, destroy);
	if (!e)
		return -ENOMEM;
	e->gw = gw;
	e->place = place;
	e->events = channel ? &line_events : &relay_events;
	e->packages = relay_packages;
	e->notified = mem_ref(gw->notified);
	e->notify_source = !gw->notified->entities.n;
	e->kind = channel ? kind_of_channel(channel) : endpoint_relay;
	if (channel)
		tdm_endpoint_name(channel, e->name);
	else
		snprintf(e->name, sizeof e->name, "%s/%u", e->kind->type, place + 1);
	int err = channel ? line_new(e, channel) : 0;
	if (err) {
		mem_deref(e);
		return err;
	}
	gw->places[place] = e;
	list_append(&gw->endpoints, &e->link);
	mg_count[MG_ENDPOINTS]++;
	*ret = e;
	return 0;
}

/* `number` is taken from the free ones already. */
static int relay_new(struct gateway *gw, uint32_t number, struct endpoint **ret)
{
	int err = endpoint_new(gw, number, ret);
	if (err)
		numbers_give(gw->numbers, number);
	return err;
}

int endpoint_get(struct gateway *gw, uint32_t place, struct endpoint **ret)
{
	*ret = endpoint_find(gw, place);
	if (*ret)
		return 0;
	if (place >= gw->relays)
		return endpoint_new(gw, place, ret);
	int err = numbers_claim(gw->numbers, place);
	return err ? err : relay_new(gw, place, ret);
}

void endpoint_release_idle(struct endpoint *e)
{
	if (e->n_conns)
		return;
	if (e->kind->vacate)
		e->kind->vacate(e);
	if (!e->kind->lasting && events_idle(e))
		mem_deref(e);
}

static bool turns_round(const struct conn *c)
{
	return c->mode == CONN_NETWLOOP || c->mode == CONN_NETWTEST;
}

struct conn *endpoint_partner(const struct conn *c)
{
	struct conn *other = conn_other(c);
	return other && !turns_round(c) && !turns_round(other) ? other : NULL;
}

/* --- packet relays: the two connections on one are joined --------------------------------------------------------- */

static int relay_any(struct gateway *gw, const struct endpoint_name *name, struct endpoint **ret)
{
	uint32_t n;
	int err = numbers_take(gw->numbers, &n);
	return err ? err : relay_new(gw, n, ret);
}

/* What arrives at a connection goes to the other one, or back where it came from (network loopback, 2.3). */
static int lead(struct conn *c)
{
	const struct conn *to = !c ? NULL : c->mode == CONN_NETWLOOP ? c : endpoint_partner(c);
	return c ? fastpath_join(c->gw->p.fp, c->rtp.slot, to ? to->rtp.slot : NO_SLOT) : 0;
}

static int relay_change(struct endpoint *e, struct conn *c)
{
	struct conn *other = conn_other(c);
	int err = lead(other);
	if (!err)
		err = lead(c);
	if (!err)
		err = conn_follow(c);
	return err ? err : conn_follow(other);
}

/* One taken over from an earlier process is joined still; the other one is yet to come, and packets go on meanwhile. */
static int relay_join(struct endpoint *e, struct conn *c)
{
	return conn_other(c) || turns_round(c) ? relay_change(e, c) : conn_follow(c);
}

static void relay_part(struct endpoint *e, struct conn *c)
{
	struct conn *other = conn_other(c);
	struct fp_stats st;
	if (!other)
		return;
	conn_received(c, &st);
	other->sent_packets += st.rx_packets;
	other->sent_bytes += st.rx_bytes;
	fastpath_join(e->gw->p.fp, c->rtp.slot, NO_SLOT);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

int endpoint_add(struct endpoint *e, struct conn *c)
{
	if (e->n_conns >= e->kind->connections)
		return -EBUSY;
	list_append(&e->conns, &c->link);
	e->n_conns++;
	c->ep = e;
	int err = e->kind->join(e, c);
	if (err) {
		list_remove(&c->link);
		e->n_conns--;
		c->ep = NULL;
	}
	return err;
}

void endpoint_remove(struct endpoint *e, struct conn *c)
{
	events_connection_gone(e, c);
	e->kind->part(e, c);
	list_remove(&c->link);
	e->n_conns--;
	c->ep = NULL;
	mem_deref(c);
	service_connection_gone(e->gw);
}

bool endpoint_has_mode(const struct endpoint *e, enum conn_mode mode)
{
	struct slice modes = mgcp_option(slice_str(e->kind->capabilities), SLICE("m"), ':');
	while (slice_is_set(modes))
		if (slice_eq(slice_trim(slice_cut(&modes, ';')), slice_str(conn_mode_name(mode))))
			return true;
	return false;
}

int endpoint_changed(struct endpoint *e, struct conn *c)
{
	return e->kind->change ? e->kind->change(e, c) : 0;
}

struct conn *endpoint_conn(const struct endpoint *e, struct slice id)
{
	struct conn *it;
	list_foreach(it, &e->conns, link)
		if (slice_caseeq(id, slice_str(it->id)))
			return it;
	return NULL;
}

/* --- kinds -------------------------------------------------------------------------------------------------------- */

#define LINE_CAPABILITIES "a:PCMU;PCMA;CLEARMODE, p:5-60, e:on, s:on, gc:on, nt:IN, m:sendrecv;sendonly;recvonly;inactive;loopback;conttest;netwloop;netwtest;confrnce"
#define LINE_CONNECTIONS BEARER_STREAMS /* in mode confrnce they are mixed */

const struct endpoint_kind endpoint_kinds[] = {
	/* A relay carries whatever codec both sides agree on. */
	{"rtpbridge", 2, false, "nt:IN, m:sendrecv;sendonly;recvonly;inactive;netwloop;netwtest", "no packet relay is free", endpoint_relay_parse, relay_any,
	 NULL, relay_join, relay_change, relay_part, NULL},
	{"ds", LINE_CONNECTIONS, true, LINE_CAPABILITIES, "no channel is free", endpoint_channel_parse, line_any, line_admit, line_join, NULL, line_part, line_vacate},
	{"bri", LINE_CONNECTIONS, true, LINE_CAPABILITIES, "no channel is free", endpoint_channel_parse, line_any, line_admit, line_join, NULL, line_part, line_vacate},
	{"aaln", LINE_CONNECTIONS, true, LINE_CAPABILITIES, "no line is free", endpoint_channel_parse, line_any, line_admit, line_join, NULL, line_part, line_vacate},
	{0},
};
const struct endpoint_kind *const endpoint_relay = &endpoint_kinds[0];
