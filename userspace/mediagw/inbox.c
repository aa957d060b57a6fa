// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/inbox.h"
#include "base/mem.h"
#include <stdatomic.h>
#include <string.h>

#define CELLS 512 /* a power of two: of an E1 a third of a second */

/* A cell is free for the writer of round n while `turn` is n, and full for the reader when it is n + 1. */
struct cell {
	atomic_uint turn;
	struct inbox_packet packet;
};

struct inbox {
	struct cell *cells;
	atomic_uint written;
	uint8_t apart[64]; /* what writers and the reader write is not in one cache line */
	unsigned read;
};

static void inbox_destroy(void *obj)
{
	struct inbox *b = obj;
	mem_free(b->cells);
}

struct inbox *inbox_new(void)
{
	struct inbox *b = mem_alloc(sizeof *b, inbox_destroy);
	if (!b)
		return NULL;
	b->cells = mem_raw(CELLS * sizeof *b->cells);
	if (!b->cells)
		return mem_deref(b);
	for (unsigned i = 0; i < CELLS; i++)
		atomic_init(&b->cells[i].turn, i);
	return b;
}

/* The cell that is this writer's, NULL when all are full. */
static struct cell *claim(struct inbox *b, unsigned *at)
{
	*at = atomic_load_explicit(&b->written, memory_order_relaxed);
	for (;;) {
		struct cell *c = &b->cells[*at % CELLS];
		int ahead = (int)(atomic_load_explicit(&c->turn, memory_order_acquire) - *at);
		if (ahead < 0)
			return NULL;
		if (ahead > 0)
			*at = atomic_load_explicit(&b->written, memory_order_relaxed);
		else if (atomic_compare_exchange_weak_explicit(&b->written, at, *at + 1, memory_order_relaxed, memory_order_relaxed))
			return c;
	}
}

bool inbox_put(struct inbox *b, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns)
{
	unsigned at;
	struct cell *c = len <= INBOX_BYTES ? claim(b, &at) : NULL;
	if (!c)
		return false;
	c->packet.slot = slot;
	c->packet.to = to;
	c->packet.arrival_ns = now_ns;
	c->packet.len = len;
	memcpy(c->packet.data, data, len);
	atomic_store_explicit(&c->turn, at + 1, memory_order_release);
	return true;
}

const struct inbox_packet *inbox_first(const struct inbox *b)
{
	const struct cell *c = &b->cells[b->read % CELLS];
	return atomic_load_explicit(&c->turn, memory_order_acquire) == b->read + 1 ? &c->packet : NULL;
}

void inbox_done(struct inbox *b)
{
	atomic_store_explicit(&b->cells[b->read % CELLS].turn, b->read + CELLS, memory_order_release);
	b->read++;
}
