// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands we sent (RFC 3435 3.5.3, 4.3): repeated with back-off until a final response comes, or T-MAX is over. */
#include "base/mem.h"
#include "mgcp/internal.h"
#include <errno.h>

#define MAX1 5 /* repetitions to one address before another is tried, 4.3 */

static void outgoing_destroy(void *obj)
{
	struct outgoing *o = obj;
	timer_stop(&o->timer);
	hash_remove(&o->peer->outgoing, &o->by_tid);
	buf_reset(&o->text);
}

static struct outgoing *find(const struct mgcp_peer *p, uint32_t tid)
{
	struct outgoing *o;
	hash_foreach_match(o, &p->outgoing, tid, by_tid)
		if (o->tid == tid)
			return o;
	return NULL;
}

static void finish(struct outgoing *o, int err, const struct mgcp_msg *rsp)
{
	mgcp_response_fn fn = o->fn;
	void *arg = o->arg;
	mem_deref(o);
	if (fn)
		fn(arg, err, rsp);
}

static void on_timer(void *arg);

/* Waits `ms`, but not past the end: T-MAX, or 2*T-HIST for a final response after a provisional one (3.5.6). */
static void wait_for(struct outgoing *o, uint32_t ms)
{
	const struct mgcp_timers *t = &o->peer->p.timers;
	uint64_t age = clock_ms() - o->first_sent, end = t->t_max_ms;
	if (o->provisional)
		end = 2 * (uint64_t)t->t_hist_ms;
	uint64_t left = end > age ? end - age : 0;
	timer_start(&o->timer, left < ms ? left : ms, on_timer, o);
}

/* Another address is another path: its repetitions begin anew, the time since the first datagram does not. */
static void move(struct outgoing *o, const struct addr *dst)
{
	struct remote *r = remote_get(o->peer, dst);
	if (!r || r == o->remote)
		return;
	o->before = o->remote->addr;
	o->remote = r;
	o->repeats_here = 0;
	o->rto = o->delay = remote_first_rto(r, &o->peer->p.timers);
}

/* Max1 repetitions, and then as many again, went to one address. */
static void try_elsewhere(struct outgoing *o)
{
	const struct addr *to = o->elsewhere && o->fn && o->repeats_here && !(o->repeats_here % MAX1) ? o->elsewhere(o->arg, &o->remote->addr) : NULL;
	if (to)
		move(o, to);
}

static void on_timer(void *arg)
{
	struct outgoing *o = arg;
	const struct mgcp_timers *t = &o->peer->p.timers;
	uint64_t age = clock_ms() - o->first_sent;
	if (age >= (o->provisional ? 2 * (uint64_t)t->t_hist_ms : t->t_max_ms)) {
		mgcp_counts[CNT_TIMEOUT]++;
		finish(o, -ETIMEDOUT, NULL);
		return;
	}
	if (age >= t->t_max_ms) {
		wait_for(o, UINT32_MAX);
		return;
	}
	if (!o->provisional)
		try_elsewhere(o);
	mgcp_counts[CNT_RETRANSMIT]++;
	o->repeats++;
	bundle_add(o->peer, &o->remote->addr, buf_text(&o->text));
	if (o->provisional) {
		wait_for(o, t->longtran_ms);
		return;
	}
	bool first_there = !o->repeats_here++ && addr_is_set(&o->before);
	if (!first_there) {
		o->delay = o->delay > t->rto_max_ms ? t->rto_max_ms * 2 : o->delay * 2;
		o->rto = remote_next_rto(o->remote, o->delay, t);
	}
	wait_for(o, o->rto);
}

static int send_command(struct mgcp_peer *p, const struct addr *dst, uint32_t tid, struct slice text, bool hurry, mgcp_response_fn fn, void *arg)
{
	struct outgoing *o = mem_alloc(sizeof *o, outgoing_destroy);
	struct buf confirm = buf_growing();
	int err = -ENOMEM;
	if (!o)
		return err;
	o->peer = p;
	o->tid = tid;
	o->fn = fn;
	o->arg = arg;
	o->remote = remote_get(p, dst);
	if (!o->remote)
		goto out;
	remote_write_confirm(o->remote, &confirm, &p->p.timers);
	mgcp_insert_line(&o->text, text, confirm.err ? SLICE_NONE : buf_text(&confirm));
	err = o->text.err;
	if (!err)
		err = (hurry ? bundle_add : bundle_add_unhurried)(p, dst, buf_text(&o->text));
	if (err)
		goto out;
	mgcp_counts[CNT_COMMAND_SENT]++;
	hash_insert(&p->outgoing, &o->by_tid, tid);
	o->first_sent = clock_ms();
	o->rto = o->delay = remote_first_rto(o->remote, &p->p.timers);
	wait_for(o, o->rto);
out:
	buf_reset(&confirm);
	if (err)
		mem_deref(o);
	return err;
}

int mgcp_command(struct mgcp_peer *p, const struct addr *dst, uint32_t tid, struct slice text, mgcp_response_fn fn, void *arg)
{
	return send_command(p, dst, tid, text, true, fn, arg);
}

int mgcp_command_unhurried(struct mgcp_peer *p, const struct addr *dst, uint32_t tid, struct slice text, mgcp_response_fn fn, void *arg)
{
	return send_command(p, dst, tid, text, false, fn, arg);
}

/* 3.5.6: an empty K: in a final response asks for an acknowledgement of it; repeated ones too. */
static void acknowledge(struct mgcp_peer *p, const struct mgcp_msg *m, const struct addr *src)
{
	struct slice k = mgcp_param(m, MGCP_P_RESPONSE_ACK);
	if (!slice_is_set(k) || !slice_empty(k))
		return;
	char text[32];
	struct buf b = buf_fixed(text, sizeof text);
	buf_printf(&b, "000 %u\r\n", m->tid);
	if (!bundle_add(p, src, buf_text(&b)))
		mgcp_counts[CNT_ACK_SENT]++;
}

void outgoing_response(struct mgcp_peer *p, const struct mgcp_msg *m, const struct addr *src)
{
	struct outgoing *o = find(p, m->tid);
	if (m->code >= 200)
		acknowledge(p, m, src);
	if (!o) {
		mgcp_counts[CNT_RX_STRAY]++;
		return;
	}
	/* 3.5: a response may leave another port than the command came to; that of another host we do not believe. */
	if (!addr_ip_eq(src, &o->remote->addr) && !addr_ip_eq(src, &o->before)) {
		mgcp_counts[CNT_RX_FOREIGN]++;
		return;
	}
	if (m->code < 200) {
		mgcp_counts[CNT_PROVISIONAL]++;
		o->provisional = true;
		wait_for(o, p->p.timers.longtran_ms);
		return;
	}
	mgcp_counts[CNT_RESPONSE]++;
	if (m->code >= 400)
		mgcp_counts[m->code < 500 ? CNT_REFUSED_TRANSIENT : CNT_REFUSED_PERMANENT]++;
	/* The estimators learn only from what was not repeated, and not from executions that were announced to be long. */
	if (o->repeats)
		o->remote->carry_rto = o->rto;
	else if (!o->provisional)
		remote_measured(o->remote, (uint32_t)(clock_ms() - o->first_sent));
	remote_confirm(o->remote, m->tid);
	finish(o, 0, m);
}

void mgcp_elsewhere(struct mgcp_peer *p, uint32_t tid, mgcp_elsewhere_fn fn)
{
	struct outgoing *o = find(p, tid);
	if (o)
		o->elsewhere = fn;
}

void mgcp_readdress(struct mgcp_peer *p, uint32_t tid, const struct addr *dst)
{
	struct outgoing *o = find(p, tid);
	if (!o || addr_eq(&o->remote->addr, dst))
		return;
	move(o, dst);
	o->provisional = false;
	wait_for(o, 0);
}

void mgcp_copy(struct mgcp_peer *p, uint32_t tid, const struct addr *dst)
{
	const struct outgoing *o = find(p, tid);
	if (o)
		bundle_add(p, dst, buf_text(&o->text));
}

void mgcp_forget(struct mgcp_peer *p, const void *arg)
{
	struct outgoing *o;
	hash_foreach(o, &p->outgoing, by_tid)
		if (o->arg == arg)
			o->fn = NULL;
}

void outgoing_end_all(struct mgcp_peer *p)
{
	struct outgoing *o;
	hash_foreach(o, &p->outgoing, by_tid)
		mem_deref(o);
	hash_free(&p->outgoing);
}
