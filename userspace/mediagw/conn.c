// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/conn.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "mediagw/counters.h"
#include "mediagw/digits.h"
#include "mediagw/line_media.h"
#include <errno.h>

#define PORT_TRIES 64 /* pairs tried when others hold ports of our range */

static void slot_forget(struct gateway *gw, struct slot_ref *s)
{
	if (s->slot == NO_SLOT)
		return;
	hash_remove(&gw->slots, &s->link);
	fastpath_remove(gw->p.fp, s->slot);
	fastpath_close_port(gw->p.fp, s->slot);
	s->slot = NO_SLOT;
}

static void close_ports(struct conn *c)
{
	if (!c->port)
		return;
	slot_forget(c->gw, &c->rtp);
	slot_forget(c->gw, &c->rtcp);
	ports_give(c->address->ports[c->family], c->port);
	mg_count[MG_PORTS_USED]--;
	c->port = 0;
	if (c->address->exhausted[c->family]) {
		c->address->exhausted[c->family] = false;
		alarm_clear(&alarm_ports, c->address->name);
	}
}

static void destroy(void *obj)
{
	struct conn *c = obj;
	timer_stop(&c->watch);
	timer_stop(&c->seen.timer);
	netwtest_stop(c);
	timer_stop(&c->reports.timer);
	close_ports(c);
	if (link_in_list(&c->all)) {
		list_remove(&c->all);
		c->gw->n_conns--;
		mg_count[MG_CONNECTIONS]--;
	}
	mem_deref(c->remote_sdp);
	buf_reset(&c->local_sdp);
}

static void hex(char *dst, const uint8_t *src, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		dst[2 * i] = digits[src[i] >> 4];
		dst[2 * i + 1] = digits[src[i] & 15];
	}
	dst[2 * n] = '\0';
}

int conn_new(struct conn **ret, struct endpoint *e, struct slice call)
{
	struct gateway *gw = e->gw;
	uint8_t random[CONN_ID_LEN / 2 + 8 + 4];
	struct conn *c = mem_alloc(sizeof *c, destroy);
	if (!c)
		return -ENOMEM;
	c->gw = gw;
	c->rtp = (struct slot_ref){.slot = NO_SLOT, .conn = c};
	c->rtcp = c->rtp;
	c->line = e->line;
	codecs_init(&c->codecs, c->line && line_has_hook(c->line));
	c->dscp = -1;
	c->clock_hz = 8000;
	c->seen.pt = -1;
	c->made_ms = clock_ms();
	c->local_sdp = buf_growing();
	random_bytes(random, sizeof random);
	hex(c->id, random, CONN_ID_LEN / 2);
	hex(c->cname, random + CONN_ID_LEN / 2, 8);
	memcpy(&c->sdp_id, random + CONN_ID_LEN / 2 + 4, sizeof c->sdp_id);
	c->sdp_id &= 0x7fffffff;
	int err = slice_copy(call, c->call, sizeof c->call);
	if (err) {
		mem_deref(c);
		return err;
	}
	list_append(&gw->conns, &c->all);
	gw->n_conns++;
	mg_count[MG_CONNECTIONS]++;
	*ret = c;
	return 0;
}

/* Both slots of the pair at `port`, ready to receive. */
static int open_pair(struct conn *c, struct address *a, enum family f, uint16_t port)
{
	struct fastpath *fp = c->gw->p.fp;
	struct addr local = a->local[f];
	uint32_t rtp, rtcp;
	local.port = port;
	int err = fastpath_slot(fp, &local, &rtp);
	local.port = port + 1;
	if (!err)
		err = fastpath_slot(fp, &local, &rtcp);
	if (!err)
		err = fastpath_open_port(fp, rtp);
	if (err)
		return err;
	err = fastpath_open_port(fp, rtcp);
	if (err) {
		fastpath_close_port(fp, rtp);
		return err;
	}
	c->address = a;
	c->family = f;
	c->port = port;
	c->rtp.slot = rtp;
	c->rtcp.slot = rtcp;
	hash_insert(&c->gw->slots, &c->rtp.link, rtp);
	hash_insert(&c->gw->slots, &c->rtcp.link, rtcp);
	mg_count[MG_PORTS_USED]++;
	return 0;
}

static void exhausted(struct address *a, enum family f, struct buf *why)
{
	char text[ADDR_STR_LEN];
	mg_count[MG_PORTS_EXHAUSTED]++;
	buf_printf(why, "port range of address %s is exhausted", a->name);
	if (a->exhausted[f])
		return;
	a->exhausted[f] = true;
	struct buf detail = buf_growing();
	buf_printf(&detail, "%s: all %u pairs are in use", addr_ip_str(&a->local[f], text), ports_total(a->ports[f]));
	alarm_raise(&alarm_ports, a->name, buf_z(&detail));
	buf_reset(&detail);
}

int conn_open_ports(struct conn *c, struct address *a, enum family f, struct buf *why)
{
	uint16_t port, passed[PORT_TRIES];
	unsigned n = 0;
	int err;
	if (!addr_is_set(&a->local[f])) {
		buf_printf(why, "address %s has no IPv%c address", a->name, f == FAMILY_V6 ? '6' : '4');
		return -EAFNOSUPPORT;
	}
	while (!(err = ports_take(a->ports[f], &port))) {
		err = open_pair(c, a, f, port);
		if (!err)
			break;
		passed[n++] = port;
		mg_count[MG_PORT_IN_USE]++;
		if (err != -EADDRINUSE || n == PORT_TRIES)
			break;
	}
	if (err == -EBUSY || err == -EADDRINUSE) {
		exhausted(a, f, why);
		err = -EBUSY;
	} else if (err) {
		char text[ADDR_STR_LEN];
		buf_printf(why, "address %s: %s port %u cannot be used: %s", a->name, addr_ip_str(&a->local[f], text), port,
			   strerror(-err));
	}
	while (n)
		ports_give(a->ports[f], passed[--n]);
	return err;
}

int conn_claim_ports(struct conn *c, struct address *a, enum family f, uint16_t port)
{
	if (!a->ports[f])
		return -EAFNOSUPPORT;
	int err = ports_claim(a->ports[f], port);
	if (err)
		return err;
	err = open_pair(c, a, f, port);
	if (err)
		ports_give(a->ports[f], port);
	return err;
}

/* A relay that is a transponder ends the stream here. */
static int transpond(struct conn *c)
{
	if (!c->line && c->mode == CONN_NETWTEST)
		return netwtest_start(c);
	netwtest_stop(c);
	return 0;
}

int conn_apply(struct conn *c)
{
	int err = transpond(c);
	if (err)
		return err;
	c->event_pt = c->line ? codecs_event_pt(&c->codecs) : digits_payload_type(c);
	struct fp_stream s = {
		.remote = c->remote,
		.signalling = c->signalling,
		.latch = c->latch,
		/* A line's bearer sends by the mode, but signals on the connection in any (RFC 3660 2.1, "rt"). */
		.send = (c->line || c->mode & CONN_SENDONLY) && !c->muted,
		.receive = c->mode & CONN_RECVONLY,
		.rtcp_mux = c->mux,
		.dscp = (uint8_t)(c->dscp < 0 ? c->address->dscp : c->dscp),
		.engine = c->engine_set ? c->engine : c->address->engine,
		.clock_hz = c->clock_hz,
		.event_pt = c->event_pt,
		.deliver = c->line ? line_deliver(c->line) : c->netwtest ? NETWTEST_DELIVER : 0,
		.arm = c->arm,
	};
	err = fastpath_upsert(c->gw->p.fp, c->rtp.slot, &s);
	/* RTCP goes on whatever the direction of the media (RFC 3264 section 5.1). */
	s.remote = c->mux ? (struct addr){0} : c->remote_rtcp;
	s.send = s.receive = s.rtcp = true;
	s.rtcp_mux = false;
	s.clock_hz = s.event_pt = 0;
	if (!err)
		err = fastpath_upsert(c->gw->p.fp, c->rtcp.slot, &s);
	return err || !c->line || !c->ep ? err : line_connect(c->line, c);
}

int conn_follow(struct conn *c)
{
	return c && !c->line && digits_payload_type(c) != c->event_pt ? conn_apply(c) : 0;
}

struct conn *conn_other(const struct conn *c)
{
	struct conn *it;
	if (c->ep && !c->line)
		list_foreach(it, &c->ep->conns, link)
			if (it != c)
				return it;
	return NULL;
}

struct conn *conn_by_slot(struct gateway *gw, uint32_t slot)
{
	struct slot_ref *it;
	hash_foreach_match(it, &gw->slots, slot, link)
		return it->conn;
	return NULL;
}

void conn_received(const struct conn *c, struct fp_stats *ret)
{
	if (c->rtp.slot == NO_SLOT || fastpath_read(c->gw->p.fp, c->rtp.slot, ret))
		*ret = (struct fp_stats){0};
}
