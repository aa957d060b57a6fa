// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/endpoint.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/gateway.h"
#include <errno.h>
#include <stdio.h>

enum name_kind endpoint_name_parse(struct slice local, uint32_t max, uint32_t *number)
{
	struct slice rest = local, term = slice_cut(&rest, '/');
	bool typed = slice_caseeq(term, SLICE(ENDPOINT_TYPE));
	bool all = slice_eq(term, SLICE("*")), any = slice_eq(term, SLICE("$"));
	uint32_t n;
	if (!typed && !all && !any)
		return NAME_UNKNOWN;
	if (!slice_is_set(rest))
		return typed ? NAME_UNKNOWN : all ? NAME_ALL : NAME_ANY;
	if (slice_eq(rest, SLICE("$")))
		return NAME_ANY;
	if (slice_eq(rest, SLICE("*")))
		return any ? NAME_UNKNOWN : NAME_ALL;
	/* One spelling a name: no leading zeroes. */
	if (slice_u32(rest, &n) || !n || n > max || rest.p[0] == '0')
		return NAME_UNKNOWN;
	*number = n;
	return NAME_ONE;
}

static void destroy(void *obj)
{
	struct endpoint *e = obj;
	while (!list_empty(&e->conns))
		endpoint_remove(e, container_of(list_first(&e->conns), struct conn, link));
	list_remove(&e->link);
	buf_reset(&e->requested);
	buf_reset(&e->notified_text);
	if (e->gw->by_number[e->number - 1] == e) {
		e->gw->by_number[e->number - 1] = NULL;
		numbers_give(e->gw->numbers, e->number - 1);
		mg_count[MG_ENDPOINTS]--;
	}
}

int endpoints_init(struct gateway *gw, uint32_t max)
{
	gw->by_number = mem_raw(max * sizeof *gw->by_number);
	if (!gw->by_number)
		return -ENOMEM;
	memset(gw->by_number, 0, max * sizeof *gw->by_number);
	gw->max_endpoints = max;
	return numbers_new(&gw->numbers, max);
}

void endpoints_clear(struct gateway *gw)
{
	while (!list_empty(&gw->endpoints))
		mem_deref(container_of(list_first(&gw->endpoints), struct endpoint, link));
}

void endpoints_free(struct gateway *gw)
{
	endpoints_clear(gw);
	mem_free(gw->by_number);
	gw->by_number = NULL;
	gw->numbers = mem_deref(gw->numbers);
}

struct endpoint *endpoint_find(const struct gateway *gw, uint32_t number)
{
	return gw->by_number[number - 1];
}

/* `number` is taken from the free ones already. */
static int endpoint_new(struct gateway *gw, uint32_t number, struct endpoint **ret)
{
	struct endpoint *e = mem_alloc(sizeof *e, destroy);
	if (!e) {
		numbers_give(gw->numbers, number - 1);
		return -ENOMEM;
	}
	e->gw = gw;
	e->number = number;
	e->requested = e->notified_text = buf_growing();
	e->request_id[0] = '0';
	snprintf(e->name, sizeof e->name, ENDPOINT_TYPE "/%u", number);
	gw->by_number[number - 1] = e;
	list_append(&gw->endpoints, &e->link);
	mg_count[MG_ENDPOINTS]++;
	*ret = e;
	return 0;
}

int endpoint_get(struct gateway *gw, uint32_t number, struct endpoint **ret)
{
	*ret = endpoint_find(gw, number);
	if (*ret)
		return 0;
	int err = numbers_claim(gw->numbers, number - 1);
	return err ? err : endpoint_new(gw, number, ret);
}

int endpoint_any(struct gateway *gw, struct endpoint **ret)
{
	uint32_t n;
	int err = numbers_take(gw->numbers, &n);
	return err ? err : endpoint_new(gw, n + 1, ret);
}

void endpoint_release_idle(struct endpoint *e)
{
	if (!e->n_conns && !e->requested.len && !addr_is_set(&e->notified))
		mem_deref(e);
}

static int join(struct endpoint *e)
{
	struct conn *a = container_of(list_first(&e->conns), struct conn, link), *b = conn_other(a);
	return b ? fastpath_join(e->gw->p.fp, a->rtp.slot, b->rtp.slot) : 0;
}

int endpoint_add(struct endpoint *e, struct conn *c)
{
	if (e->n_conns >= ENDPOINT_CONNECTIONS)
		return -EBUSY;
	list_append(&e->conns, &c->link);
	e->n_conns++;
	c->ep = e;
	int err = join(e);
	if (!err)
		err = conn_follow(c);
	if (!err)
		err = conn_follow(conn_other(c));
	if (err) {
		list_remove(&c->link);
		e->n_conns--;
		c->ep = NULL;
	}
	return err;
}

void endpoint_remove(struct endpoint *e, struct conn *c)
{
	struct conn *other = conn_other(c);
	if (other) {
		struct fp_stats st;
		conn_received(c, &st);
		other->sent_packets += st.rx_packets;
		other->sent_bytes += st.rx_bytes;
		fastpath_join(e->gw->p.fp, c->rtp.slot, NO_SLOT);
	}
	list_remove(&c->link);
	e->n_conns--;
	c->ep = NULL;
	mem_deref(c);
}

struct conn *endpoint_conn(const struct endpoint *e, struct slice id)
{
	struct conn *it;
	list_foreach(it, &e->conns, link)
		if (slice_caseeq(id, slice_str(it->id)))
			return it;
	return NULL;
}
