// SPDX-License-Identifier: GPL-3.0-or-later
/* Piggybacking (RFC 3435 3.5.5). */
#include "base/mem.h"
#include "mgcp/internal.h"
#include <errno.h>

/* Fits an Ethernet frame with IPv6 and a tunnel's header or two. */
#define DATAGRAM_MAX 1400
/* How long a message that nobody waits for waits for company. */
#define LINGER_MS 20

struct bundle {
	struct link link;
	struct addr dst;
	struct buf text;
};

static void bundle_destroy(void *obj)
{
	struct bundle *b = obj;
	list_remove(&b->link);
	buf_reset(&b->text);
}

static void transmit(struct mgcp_peer *p, const struct addr *dst, struct slice datagram)
{
	if (p->trace && p->p.on_trace)
		p->p.on_trace(p->p.arg, true, dst, datagram);
	if (p->out.send(p->out.arg, dst, datagram))
		mgcp_counts[CNT_SEND_FAILED]++;
}

void bundle_flush(struct mgcp_peer *p)
{
	timer_stop(&p->linger);
	while (!list_empty(&p->bundles)) {
		struct bundle *b = container_of(list_first(&p->bundles), struct bundle, link);
		list_remove(&b->link);
		transmit(p, &b->dst, buf_text(&b->text));
		mem_deref(b);
	}
}

static void flush_deferred(void *arg)
{
	bundle_flush(arg);
}

void bundle_drop(struct mgcp_peer *p)
{
	while (!list_empty(&p->bundles))
		mem_deref(container_of(list_first(&p->bundles), struct bundle, link));
}

static bool piggybacks(const struct mgcp_peer *p, const struct addr *dst)
{
	const struct remote *r = remote_find(p, dst);
	return !r || r->habits & MGCP_HABIT_PIGGYBACK;
}

/* The bundle that has room for a message of that length. */
static struct bundle *open_bundle(const struct mgcp_peer *p, const struct addr *dst, size_t len)
{
	struct bundle *b, *found = NULL;
	list_foreach(b, &p->bundles, link)
		if (addr_eq(&b->dst, dst))
			found = b; /* the last: messages stay in order */
	return found && found->text.len + 3 + len <= DATAGRAM_MAX && piggybacks(p, dst) ? found : NULL;
}

static int put(struct mgcp_peer *p, const struct addr *dst, struct slice message)
{
	struct bundle *b = open_bundle(p, dst, message.len);
	if (b) {
		size_t before = b->text.len;
		buf_str(&b->text, ".\r\n");
		buf_slice(&b->text, message);
		mgcp_counts[CNT_PIGGYBACKED] += !b->text.err;
		if (!b->text.err)
			return 0;
		/* What is in it stays whole; this message goes by itself. */
		b->text.len = before;
		b->text.err = 0;
	}
	b = mem_alloc(sizeof *b, bundle_destroy);
	if (!b)
		return -ENOMEM;
	b->dst = *dst;
	buf_slice(&b->text, message);
	if (b->text.err) {
		mem_deref(b);
		return -ENOMEM;
	}
	list_append(&p->bundles, &b->link);
	return 0;
}

int bundle_add(struct mgcp_peer *p, const struct addr *dst, struct slice message)
{
	int err = put(p, dst, message);
	if (!err)
		loop_defer(&p->flush, flush_deferred, p);
	return err;
}

int bundle_add_unhurried(struct mgcp_peer *p, const struct addr *dst, struct slice message)
{
	int err = put(p, dst, message);
	if (!err && !timer_running(&p->linger))
		timer_start(&p->linger, LINGER_MS, flush_deferred, p);
	return err;
}
