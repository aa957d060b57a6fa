// SPDX-License-Identifier: GPL-3.0-or-later
/* What is known of a destination: round-trip estimators (RFC 3435 3.5.3) and the responses to confirm to it (3.5.2). */
#include "base/mem.h"
#include "mgcp/internal.h"
#include <errno.h>

#define UNIT 8u /* estimators count in eighths of a millisecond */
#define N_ADEV 4u

struct remote *remote_find(const struct mgcp_peer *p, const struct addr *a)
{
	struct remote *r;
	hash_foreach_match(r, &p->remotes, addr_hash(a), by_addr)
		if (addr_eq(&r->addr, a))
			return r;
	return NULL;
}

struct remote *remote_get(struct mgcp_peer *p, const struct addr *a)
{
	struct remote *r = remote_find(p, a);
	if (r)
		return r;
	r = mem_alloc(sizeof *r, NULL);
	if (!r)
		return NULL;
	r->addr = *a;
	r->habits = MGCP_HABIT_PIGGYBACK | MGCP_HABIT_CONFIRM;
	hash_insert(&p->remotes, &r->by_addr, addr_hash(a));
	return r;
}

void remote_free_all(struct mgcp_peer *p)
{
	struct remote *r;
	hash_foreach(r, &p->remotes, by_addr) {
		hash_remove(&p->remotes, &r->by_addr);
		mem_deref(r);
	}
	hash_free(&p->remotes);
}

int mgcp_peer_habits(struct mgcp_peer *p, const struct addr *dst, unsigned habits)
{
	struct remote *r = remote_get(p, dst);
	if (!r)
		return -ENOMEM;
	r->habits = habits;
	return 0;
}

static uint32_t bounded(uint32_t ms, const struct mgcp_timers *t)
{
	/* The RFC asks to bound it above and suggests to bound it below too: on one machine the measured delay is far below what a busy
	 * gateway may need. */
	if (ms < t->rto_ms)
		ms = t->rto_ms;
	return ms > t->rto_max_ms ? t->rto_max_ms : ms;
}

uint32_t remote_first_rto(struct remote *r, const struct mgcp_timers *t)
{
	uint32_t carried = r->carry_rto;
	r->carry_rto = 0;
	return bounded(carried ? carried : (r->aad + N_ADEV * r->adev) / UNIT, t);
}

uint32_t remote_next_rto(const struct remote *r, uint32_t delay, const struct mgcp_timers *t)
{
	uint32_t rto = delay / 2 + mgcp_random(delay / 2 + 1) + N_ADEV * r->adev / UNIT;
	return rto > t->rto_max_ms ? t->rto_max_ms : rto;
}

void remote_measured(struct remote *r, uint32_t rtt_ms)
{
	uint32_t now = (rtt_ms > 60000 ? 60000 : rtt_ms) * UNIT;
	if (!r->aad) {
		r->aad = now ? now : 1;
		r->adev = now / 2;
		return;
	}
	uint32_t off = now > r->aad ? now - r->aad : r->aad - now;
	r->aad = (r->aad * 7 + now) / 8;
	r->adev = (r->adev * 3 + off) / 4;
	if (!r->aad)
		r->aad = 1;
}

void remote_confirm(struct remote *r, uint32_t tid)
{
	if (!(r->habits & MGCP_HABIT_CONFIRM))
		return;
	for (unsigned i = 0; i < r->n_confirm; i++) {
		if (tid == r->confirm[i].to + 1) {
			r->confirm[i].to = tid;
			return;
		}
		if (tid + 1 == r->confirm[i].from) {
			r->confirm[i].from = tid;
			return;
		}
	}
	/* With no room left it simply stays unconfirmed. */
	if (r->n_confirm == CONFIRM_RANGES)
		return;
	if (!r->n_confirm)
		r->confirm_since = clock_ms();
	r->confirm[r->n_confirm++] = (struct range){tid, tid};
}

void remote_write_confirm(struct remote *r, struct buf *out, const struct mgcp_timers *t)
{
	/* What is older than T-HIST is not confirmed any more. */
	bool old = clock_ms() - r->confirm_since >= t->t_hist_ms;
	for (unsigned i = 0; i < r->n_confirm && !old; i++) {
		buf_str(out, i ? ", " : "K: ");
		buf_u64(out, r->confirm[i].from);
		if (r->confirm[i].to != r->confirm[i].from) {
			buf_char(out, '-');
			buf_u64(out, r->confirm[i].to);
		}
	}
	if (out->len)
		buf_str(out, "\r\n");
	r->n_confirm = 0;
}
