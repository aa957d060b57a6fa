// SPDX-License-Identifier: GPL-3.0-or-later
/* The ACK of a 2xx whose way is a URI with a name: it may have to wait until DNS has answered. It belongs to no transaction, so that the stack keeps it
 * meanwhile. */
#include "sip/dialog.h"
#include "sip/locate.h"
#include "base/mem.h"
#include <errno.h>

struct waiting_ack {
	struct link link; /* in the stack, which owns it */
	struct sip_dialog *dialog;
	struct sip_ctrans *invite;
	struct sip_location *pending;
	uint32_t cseq;
	struct sip_ack_text text;
	char store[];
};

static void ack_destroy(void *obj)
{
	struct waiting_ack *w = obj;
	list_remove(&w->link);
	mem_deref(w->pending);
	mem_deref(w->invite);
	mem_deref(w->dialog);
}

static struct waiting_ack *ack_new(struct sip_dialog *d, struct sip_ctrans *invite, uint32_t cseq, const struct sip_ack_text *t)
{
	size_t size = t->headers.len + t->body_type.len + t->body.len;
	struct waiting_ack *w = mem_alloc(sizeof *w + size, ack_destroy);
	if (!w)
		return NULL;
	struct buf b = buf_fixed(w->store, size);
	w->dialog = mem_ref(d);
	w->invite = mem_ref(invite);
	w->cseq = cseq;
	w->text = (struct sip_ack_text){buf_keep(&b, t->headers), buf_keep(&b, t->body_type), buf_keep(&b, t->body)};
	list_append(&d->stack->waiting_acks, &w->link);
	return w;
}

/* To the first of them that can be sent to; without any, where the peer is heard. */
static int send_to(struct sip_dialog *d, const struct sip_servers *servers, struct sip_ctrans *invite, uint32_t cseq, const struct sip_ack_text *t)
{
	for (unsigned i = 0; servers && i < servers->n; i++) {
		const struct sip_server *s = &servers->server[i];
		const struct sip_listener *l = sip_stack_listener(d->stack, d->place->name, s->transport, &s->addr);
		if (l)
			return sip_dialog_ack_to(d, sip_place_of(l), &s->addr, invite, cseq, t);
	}
	return sip_dialog_ack_to(d, d->place, &d->hop, invite, cseq, t);
}

static void on_located(void *arg, int err, struct sip_servers *servers)
{
	struct waiting_ack *w = arg;
	send_to(w->dialog, servers, w->invite, w->cseq, &w->text);
	mem_deref(w);
}

/* A repeated 2xx does not ask twice. */
static bool waits_already(const struct sip_dialog *d, uint32_t cseq)
{
	const struct waiting_ack *w;
	list_foreach(w, &d->stack->waiting_acks, link)
		if (w->dialog == d && w->cseq == cseq)
			return true;
	return false;
}

int sip_dialog_ack_named(struct sip_dialog *d, struct sip_ctrans *invite, uint32_t cseq, const struct sip_ack_text *t)
{
	struct sip_stack *s = d->stack;
	struct sip_servers *servers = NULL;
	struct sip_locate_params p = {.uri = sip_dialog_next(d), .reach = sip_stack_reach(s, d->place->name)};
	if (waits_already(d, cseq))
		return 0;
	struct waiting_ack *w = ack_new(d, invite, cseq, t);
	if (!w)
		return -ENOMEM;
	int err = sip_locate(&servers, &w->pending, s->params.locator, &p, on_located, w);
	if (err == -EINPROGRESS)
		return 0;
	err = send_to(d, servers, invite, cseq, t);
	mem_deref(servers);
	mem_deref(w);
	return err;
}

void sip_waiting_acks_drop(struct sip_stack *s)
{
	struct waiting_ack *w;
	list_foreach_safe(w, &s->waiting_acks, link)
		mem_deref(w);
}
