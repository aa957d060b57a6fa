// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands we received: executed at most once (RFC 3435 3.5.1), answered again when repeated, and for long ones acknowledged
 * three ways (3.5.6). */
#include "base/mem.h"
#include "mgcp/internal.h"
#include <errno.h>

/* More than this many remembered commands is an attack or a fault: RFC 3435 4.4.8. */
#define INCOMING_MAX 200000u

static void incoming_destroy(void *obj)
{
	struct mgcp_incoming *in = obj;
	timer_stop(&in->timer);
	buf_reset(&in->text);
}

static uint32_t key_hash(const struct addr *src, uint32_t tid)
{
	return addr_hash(src) ^ (tid * 2654435761u);
}

static struct mgcp_incoming *find(const struct mgcp_peer *p, const struct addr *src, uint32_t tid)
{
	struct mgcp_incoming *in;
	hash_foreach_match(in, &p->incoming, key_hash(src, tid), by_tid)
		if (in->tid == tid && addr_eq(&in->src, src))
			return in;
	return NULL;
}

/* The peer lets go of it. */
static void end(struct mgcp_incoming *in)
{
	struct mgcp_peer *p = in->peer;
	if (in->state == IN_ENDED)
		return;
	p->waiting_ack -= in->state == IN_WAIT_ACK;
	in->state = IN_ENDED;
	in->peer = NULL;
	hash_remove(&p->incoming, &in->by_tid);
	list_remove(&in->in_age);
	timer_stop(&in->timer);
	mem_deref(in);
}

/* 3.5.6: how long a command may execute, so that its answer still finds the sender waiting. */
static uint32_t execution_max(const struct mgcp_peer *p)
{
	const struct mgcp_timers *t = &p->p.timers;
	return t->t_hist_ms > t->t_max_ms ? t->t_hist_ms - t->t_max_ms : t->t_hist_ms;
}

static void on_age(void *arg);

/* One timer for all: both lists are in order of age, and what is in a list has one life time. */
static void arm_age(struct mgcp_peer *p)
{
	uint64_t due = UINT64_MAX, now = clock_ms();
	const struct list *lists[] = {&p->executing, &p->answered};
	const uint32_t life[] = {execution_max(p), p->p.timers.t_hist_ms};
	for (int i = 0; i < 2; i++) {
		if (list_empty(lists[i]))
			continue;
		uint64_t end_of_life = container_of(list_first(lists[i]), struct mgcp_incoming, in_age)->since + life[i];
		due = end_of_life < due ? end_of_life : due;
	}
	if (due == UINT64_MAX)
		timer_stop(&p->age);
	else
		timer_start(&p->age, due > now ? due - now : 0, on_age, p);
}

static void on_age(void *arg)
{
	struct mgcp_peer *p = arg;
	uint64_t now = clock_ms();
	while (!list_empty(&p->answered)) {
		struct mgcp_incoming *in = container_of(list_first(&p->answered), struct mgcp_incoming, in_age);
		if (in->since + p->p.timers.t_hist_ms > now)
			break;
		end(in);
	}
	while (!list_empty(&p->executing)) {
		struct mgcp_incoming *in = container_of(list_first(&p->executing), struct mgcp_incoming, in_age);
		if (in->since + execution_max(p) > now)
			break;
		mgcp_counts[CNT_EXECUTION_TIMEOUT]++;
		/* Leaves the list even when memory is out. */
		if (mgcp_reply_code(in, 406, NULL))
			end(in);
	}
	arm_age(p);
}

static void file(struct mgcp_incoming *in, struct list *list, enum incoming_state state)
{
	struct mgcp_peer *p = in->peer;
	list_remove(&in->in_age);
	in->state = state;
	in->since = clock_ms();
	list_append(list, &in->in_age);
	/* New ones go to the end: the timer changes only for the first of a list. */
	if (list_first(list) == &in->in_age || !timer_running(&p->age))
		arm_age(p);
}

static void send_code(struct mgcp_peer *p, const struct addr *dst, uint32_t tid, unsigned code)
{
	char mem[128];
	struct buf b = buf_fixed(mem, sizeof mem);
	mgcp_write_response(&b, code, tid, NULL);
	bundle_add(p, dst, buf_text(&b));
}

static void repeated(struct mgcp_incoming *in)
{
	switch (in->state) {
	case IN_EXECUTING:
		mgcp_counts[CNT_REPEATED_EXECUTING]++;
		in->provisional = true;
		send_code(in->peer, &in->src, in->tid, 100);
		break;
	case IN_WAIT_ACK:
	case IN_ANSWERED:
		mgcp_counts[CNT_REPEATED_ANSWERED]++;
		if (in->peer->p.on_repeated)
			in->peer->p.on_repeated(in->peer->p.arg, &in->src);
		bundle_add(in->peer, &in->src, buf_text(&in->text));
		break;
	case IN_CONFIRMED:
	case IN_ENDED:
		mgcp_counts[CNT_REPEATED_CONFIRMED]++;
		break;
	}
}

void incoming_command(struct mgcp_peer *p, const struct mgcp_msg *m, const struct addr *src)
{
	struct slice k = mgcp_param(m, MGCP_P_RESPONSE_ACK);
	if (!slice_empty(k))
		incoming_confirmed(p, src, k);
	struct mgcp_incoming *in = find(p, src, m->tid);
	if (in) {
		repeated(in);
		return;
	}
	in = p->incoming.count < INCOMING_MAX ? mem_alloc(sizeof *in, incoming_destroy) : NULL;
	if (!in) {
		mgcp_counts[CNT_RX_OVERLOAD]++;
		send_code(p, src, m->tid, 409);
		return;
	}
	mgcp_counts[CNT_COMMAND]++;
	in->peer = p;
	in->src = *src;
	in->tid = m->tid;
	hash_insert(&p->incoming, &in->by_tid, key_hash(src, m->tid));
	file(in, &p->executing, IN_EXECUTING);
	mem_ref(in);
	p->p.on_command(p->p.arg, in, m, src);
	mem_deref(in);
}

static void on_no_ack(void *arg)
{
	struct mgcp_incoming *in = arg;
	struct mgcp_peer *p = in->peer;
	if (clock_ms() - in->since >= p->p.timers.t_max_ms) {
		p->waiting_ack--;
		in->state = IN_ANSWERED;
		return;
	}
	mgcp_counts[CNT_RETRANSMIT]++;
	bundle_add(p, &in->src, buf_text(&in->text));
	in->rto = in->rto * 2 > p->p.timers.rto_max_ms ? p->p.timers.rto_max_ms : in->rto * 2;
	timer_start(&in->timer, in->rto / 2 + mgcp_random(in->rto / 2 + 1), on_no_ack, in);
}

static bool is_provisional(struct slice text)
{
	return text.len >= 3 && text.p[0] == '1';
}

int mgcp_reply(struct mgcp_incoming *in, struct slice text)
{
	struct mgcp_peer *p = in->peer;
	if (in->state != IN_EXECUTING)
		return -ESTALE;
	if (slice_empty(text))
		return -EINVAL;
	if (is_provisional(text)) {
		in->provisional = true;
		return bundle_add(p, &in->src, text);
	}
	/* 3.5.6: an empty K: in final responses after a provisional one, and only in those. */
	mgcp_insert_line(&in->text, text, in->provisional ? SLICE("K:\r\n") : SLICE_NONE);
	int err = in->text.err;
	if (err) {
		buf_reset(&in->text);
		return err;
	}
	if (text.p[0] >= '4')
		mgcp_counts[text.p[0] == '4' ? CNT_WE_REFUSED_TRANSIENT : CNT_WE_REFUSED_PERMANENT]++;
	/* A datagram that cannot be sent now is asked for again. */
	bundle_add(p, &in->src, buf_text(&in->text));
	file(in, &p->answered, in->provisional ? IN_WAIT_ACK : IN_ANSWERED);
	if (in->provisional) {
		p->waiting_ack++;
		in->rto = p->p.timers.rto_ms;
		timer_start(&in->timer, in->rto, on_no_ack, in);
	}
	return 0;
}

int mgcp_reply_code(struct mgcp_incoming *in, unsigned code, const char *comment)
{
	char mem[512];
	struct buf b = buf_fixed(mem, sizeof mem);
	mgcp_write_response(&b, code, in->tid, comment);
	return b.err ? b.err : mgcp_reply(in, buf_text(&b));
}

static void confirm(struct mgcp_incoming *in)
{
	if (in->state != IN_ANSWERED && in->state != IN_WAIT_ACK)
		return;
	mgcp_counts[CNT_ACK_RECEIVED]++;
	in->peer->waiting_ack -= in->state == IN_WAIT_ACK;
	in->state = IN_CONFIRMED;
	timer_stop(&in->timer);
	buf_reset(&in->text);
}

/* K: "6234-6255, 6257": only what the same sender asked is confirmed by it (3.5.2). */
void incoming_confirmed(struct mgcp_peer *p, const struct addr *src, struct slice ranges)
{
	while (slice_is_set(ranges)) {
		struct slice range = slice_trim(slice_cut(&ranges, ','));
		struct slice from = slice_cut(&range, '-');
		uint32_t first, last;
		if (slice_u32(from, &first))
			return;
		last = first;
		if (slice_is_set(range) && slice_u32(range, &last))
			return;
		/* A range longer than what is remembered is looked up the other way round. */
		if (last < first || last - first > 10000)
			return;
		for (uint32_t tid = first; tid <= last; tid++) {
			struct mgcp_incoming *in = find(p, src, tid);
			if (in)
				confirm(in);
		}
	}
}

void incoming_acknowledged(struct mgcp_peer *p, uint32_t tid, const struct addr *src)
{
	struct mgcp_incoming *in = find(p, src, tid);
	if (in)
		confirm(in);
	else
		mgcp_counts[CNT_RX_STRAY]++;
}

void incoming_end_all(struct mgcp_peer *p)
{
	timer_stop(&p->age);
	struct mgcp_incoming *in;
	hash_foreach(in, &p->incoming, by_tid)
		end(in);
	hash_free(&p->incoming);
}
