// SPDX-License-Identifier: GPL-3.0-or-later
/* Next hops that no slot points at any more are forgotten by going through all slots, a part in each loop turn: whoever writes a slot, the
 * kernel's programs too, counts no references. What is handed out while a sweep is on its way is kept by it. A program can only point a
 * slot at a next hop that the daemon has handed out for it (tandem_known_hop()). */
#include "fastpath/hops.h"

#define SWEEP_MIN   1024
#define SLOTS_TURN  8192
#define HOPS_TURN   16384
#define FULL_MS     1000 /* a table full of what is used is not swept again sooner */

static void mark(struct fp_hops *h, uint32_t hop)
{
	if (hop < TANDEM_MAX_HOPS && h->by_index[hop])
		h->by_index[hop]->mark = h->sweep;
}

static void mark_slot(struct fp_hops *h, const struct tandem_slot *s)
{
	if (!fp_is_open(s))
		return;
	mark(h, TANDEM_GET(s->out.hop));
	mark(h, s->policy.hop_media);
	mark(h, s->policy.hop_signalling);
}

static void begin(struct fp_hops *h)
{
	h->sweeping = true;
	h->sweep++;
	h->slot = h->swept = 0;
	mark(h, h->recent[0]);
	mark(h, h->recent[1]);
}

static void finish(struct fp_hops *h)
{
	uint32_t twice = (uint32_t)h->by_ip.count * 2;
	h->sweeping = false;
	h->sweep_at = twice > SWEEP_MIN ? twice : SWEEP_MIN;
}

/* A part of a sweep; whether there is more. */
static bool step(struct fp_hops *h)
{
	for (unsigned i = 0; i < SLOTS_TURN && h->slot < h->fp->n_slots; i++)
		mark_slot(h, &h->fp->slots[h->slot++]);
	if (h->slot < h->fp->n_slots)
		return true;
	for (unsigned i = 0; i < HOPS_TURN && h->swept < TANDEM_MAX_HOPS; i++) {
		struct entry *e = h->by_index[h->swept++];
		if (e && e->mark != h->sweep)
			hop_entry_drop(h, e);
	}
	if (h->swept < TANDEM_MAX_HOPS)
		return true;
	finish(h);
	return false;
}

static void on_turn(void *arg)
{
	struct fp_hops *h = arg;
	bool more = h->sweeping;
	if (more && !hops_rest(h)) {
		more = step(h);
		hops_worked(h);
	}
	if (more)
		timer_start(&h->sweep_timer, 1, on_turn, h);
}

void fp_hops_sweep(struct fp_hops *h)
{
	begin(h);
	timer_start(&h->sweep_timer, 0, on_turn, h);
}

void hops_sweep_now(struct fp_hops *h)
{
	uint64_t now = clock_ms();
	if (h->full_ms && now - h->full_ms < FULL_MS)
		return;
	h->full_ms = now;
	begin(h);
	while (step(h))
		;
}

void hops_grown(struct fp_hops *h)
{
	if (!h->sweep_at)
		finish(h);
	if (!h->sweeping && h->by_ip.count >= h->sweep_at)
		fp_hops_sweep(h);
}

uint32_t hops_hand_out(struct fp_hops *h, struct entry *e)
{
	e->mark = h->sweep;
	h->recent[0] = h->recent[1];
	h->recent[1] = e->index;
	return e->index;
}
