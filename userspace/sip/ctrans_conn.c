// SPDX-License-Identifier: GPL-3.0-or-later
/* Client transactions and the connections they go over: large requests change from UDP to TCP (RFC 3261 18.1.1), a connection that fails
 * fails what waits for it (17.1.4, 18.4), and what waits for a peer that has to connect anew goes to it when it does, answers too. */
#include "sip/conn.h"
#include "sip/dialog.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

enum {
	NO_TCP_MS = 600000,       /* a peer that refused TCP is not tried again for so long */
	NO_TCP_T1 = 4,            /* how many T1 a connection may take before UDP will do */
};

/* --- 18.1.1 ------------------------------------------------------------------------------------------------------------------- */

/* The transport in the topmost Via: both names are as long. */
static bool set_via(struct sip_ctrans *ct, enum sip_transport from, enum sip_transport to)
{
	char was[] = "\r\nVia: SIP/2.0/??? ";
	memcpy(strchr(was, '?'), sip_transports[from].via, 3);
	ptrdiff_t at = slice_search(sip_block_text(ct->request), slice_str(was));
	if (at < 0)
		return false;
	memcpy(ct->request->text + at + strlen(was) - 4, sip_transports[to].via, 3);
	return true;
}

static bool same_port(const struct sip_place *a, const struct sip_place *b)
{
	return a->l.local.port == b->l.local.port && a->l.advertised.port == b->l.advertised.port;
}

static bool is_too_large(const struct sip_ctrans *ct)
{
	return sip_path_is_narrow(ct->stack->paths, &ct->place->l.local, &ct->dst, ct->request->len);
}

void sip_ctrans_choose(struct sip_ctrans *ct)
{
	struct sip_stack *s = ct->stack;
	if (ct->place->l.transport != SIP_UDP || ct->udp || addr_is_set(&ct->flow) || !is_too_large(ct) || sip_dead_has(s->no_tcp, &(struct sip_server){SIP_TCP, ct->dst}))
		return;
	const struct sip_listener *tcp = sip_stack_listener(s, ct->place->name, SIP_TCP, &ct->dst);
	if (!tcp || !same_port(ct->place, sip_place_of(tcp)) || !set_via(ct, SIP_UDP, SIP_TCP))
		return;
	ct->udp = ct->place;
	ct->place = sip_place_of(tcp);
}

static void start_anew(struct sip_ctrans *ct)
{
	hash_remove(&ct->stack->ctrans_peers, &ct->by_peer);
	hash_remove(&ct->stack->ctrans, &ct->by_branch);
	sip_ctrans_start(ct);
}

/* What is sent again by UDP all the same, the kernel sends in fragments. */
void sip_ctrans_narrowed(struct sip_ctrans *ct)
{
	const struct sip_place *was = ct->place;
	if (ct->state < CTRANS_PROCEEDING && ct->request)
		sip_ctrans_choose(ct);
	if (ct->place != was)
		start_anew(ct);
}

/* 18.1.1: a peer without TCP gets it by UDP all the same. */
static void fall_back(struct sip_ctrans *ct)
{
	sip_counts[SIP_CNT_NO_TCP]++;
	sip_dead_mark(ct->stack->no_tcp, &(struct sip_server){SIP_TCP, ct->dst}, NO_TCP_MS, "takes no TCP");
	set_via(ct, SIP_TCP, SIP_UDP);
	ct->place = ct->udp;
	start_anew(ct);
}

static void on_no_tcp(void *arg)
{
	struct sip_ctrans *ct = arg;
	const struct sip_conn *c = sip_conn_find(ct->place, &ct->dst);
	if (!c || !c->open)
		fall_back(ct);
}

/* --- sending ------------------------------------------------------------------------------------------------------------------ */

static const struct addr *key_of(const struct sip_ctrans *ct)
{
	return addr_is_set(&ct->flow) ? &ct->flow : &ct->dst;
}

void sip_ctrans_enlist_peer(struct sip_ctrans *ct)
{
	hash_remove(&ct->stack->ctrans_peers, &ct->by_peer);
	if (sip_place_reliable(ct->place))
		hash_insert(&ct->stack->ctrans_peers, &ct->by_peer, addr_hash(key_of(ct)));
}

static void on_failed(void *arg)
{
	struct sip_ctrans *ct = arg;
	if (ct->udp && ct->place != ct->udp)
		fall_back(ct);
	else
		sip_ctrans_fail(ct, -ECONNREFUSED);
}

/* What fails at once is told from the loop: the transaction's user is not ready yet. */
static void transmit(struct sip_ctrans *ct)
{
	int err = sip_send(ct->place, &ct->dst, sip_block_text(ct->request));
	if (!sip_place_reliable(ct->place) || addr_is_set(&ct->flow))
		return;
	if (err)
		timer_start(&ct->end, 0, on_failed, ct);
	else if (ct->udp)
		timer_start(&ct->resend, (uint64_t)NO_TCP_T1 * ct->stack->params.timers.t1, on_no_tcp, ct);
}

void sip_ctrans_send(struct sip_ctrans *ct)
{
	sip_ctrans_enlist_peer(ct);
	transmit(ct);
}

/* --- connections that end ------------------------------------------------------------------------------------------------------ */

/* One that waits for `peer` and has not been `seen` before, by its turn. */
static struct sip_ctrans *next_to(struct sip_stack *s, const struct sip_place *p, const struct addr *peer, unsigned turn)
{
	struct sip_ctrans *ct;
	hash_foreach_match(ct, &s->ctrans_peers, addr_hash(peer), by_peer)
		if (ct->turn != turn && ct->place->l.transport == p->l.transport && addr_eq(key_of(ct), peer))
			return ct;
	return NULL;
}

/* An answer on its way may still come over another connection (18.2.2); a peer that ended the connection in order, before it had the
 * request, gets it once more: to it that is a retransmission. */
static void disconnected(struct sip_ctrans *ct, int err, bool was_open)
{
	if (ct->state >= CTRANS_PROCEEDING || addr_is_set(&ct->flow))
		return;
	if (ct->udp && !was_open) {
		fall_back(ct);
	} else if (!err && was_open && !ct->sent_again) {
		ct->sent_again = true;
		sip_counts[SIP_CNT_TX_RETRANSMIT]++;
		transmit(ct);
	} else {
		sip_ctrans_fail(ct, err ? err : -ECONNRESET);
	}
}

void sip_ctrans_disconnected(struct sip_place *p, const struct addr *peer, int err, bool was_open)
{
	struct sip_stack *s = p->stack;
	struct sip_ctrans *ct;
	unsigned turn = ++s->turn;
	while ((ct = next_to(s, p, peer, turn))) {
		ct->turn = turn;
		if (!ct->request || !sip_conn_carries(p, peer, sip_block_text(ct->request)))
			disconnected(ct, err, was_open);
	}
}

/* --- peers that are back -------------------------------------------------------------------------------------------------------- */

static void follow(struct sip_ctrans *ct, struct sip_place *to, const struct addr *now)
{
	bool lost = !sip_conn_find(ct->place, &ct->dst);
	bool due = ct->method == SIP_INVITE ? ct->state == CTRANS_CALLING : ct->state < CTRANS_COMPLETED;
	ct->place = to;
	ct->dst = *now;
	if (addr_is_set(&ct->flow))
		ct->flow = *now;
	sip_ctrans_enlist_peer(ct);
	if (!lost || !due || !ct->request)
		return;
	sip_counts[SIP_CNT_TX_RETRANSMIT]++;
	transmit(ct);
}

void sip_stack_moved(struct sip_stack *s, enum sip_transport transport, const struct addr *was, const struct sip_listener *l, const struct addr *now)
{
	struct sip_place *to = sip_place_of(l), key = {.l.transport = transport};
	struct sip_ctrans *ct;
	struct sip_strans *st;
	struct sip_dialog *d;
	unsigned turn = ++s->turn;
	if (addr_eq(was, now) || l->transport != transport)
		return;
	while ((ct = next_to(s, &key, was, turn))) {
		ct->turn = turn;
		follow(ct, to, now);
	}
	hash_foreach(st, &s->strans, by_branch)
		if (st->place->l.transport == transport && addr_eq(&st->reply_to, was))
			sip_strans_moved(st, to, now);
	hash_foreach(d, &s->dialogs, by_tag)
		if (d->heard_at->l.transport == transport && addr_eq(&d->peer, was))
			sip_dialog_moved(d, to, now);
}
