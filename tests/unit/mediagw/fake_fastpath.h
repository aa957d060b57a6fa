/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packet relay as the media gateway sees it, without packets: what was asked of it is remembered in slots. */
#pragma once
#include "fastpath/fastpath.h"
#include <errno.h>

#define FAKE_SLOTS 65536

static struct fake_slot {
	bool open, up;
	uint32_t peer;
	struct fp_stream stream;
	struct fp_stats stats;
	uint8_t sent[512];
	size_t sent_len;
} fake[FAKE_SLOTS];
static uint16_t fake_busy_port; /* another program has it */

int fastpath_slot(const struct fastpath *fp, const struct addr *local, uint32_t *slot)
{
	*slot = local->port + (local->family == AF_INET6 ? 32768u : 0);
	return local->port < 32768 ? 0 : -ENOENT;
}

int fastpath_open_port(struct fastpath *fp, uint32_t slot)
{
	if (slot == fake_busy_port)
		return -EADDRINUSE;
	assert_false(fake[slot].open);
	fake[slot] = (struct fake_slot){.open = true, .peer = UINT32_MAX};
	return 0;
}

void fastpath_close_port(struct fastpath *fp, uint32_t slot)
{
	assert_false(fake[slot].up);
	fake[slot].open = false;
}

int fastpath_upsert(struct fastpath *fp, uint32_t slot, const struct fp_stream *s)
{
	assert_true(fake[slot].open);
	fake[slot].up = true;
	fake[slot].stream = *s;
	return 0;
}

int fastpath_join(struct fastpath *fp, uint32_t a, uint32_t b)
{
	if (fake[a].peer != UINT32_MAX)
		fake[fake[a].peer].peer = UINT32_MAX;
	fake[a].peer = b;
	if (b != UINT32_MAX)
		fake[b].peer = a;
	return 0;
}

void fastpath_remove(struct fastpath *fp, uint32_t slot)
{
	fake[slot].up = false;
}

int fastpath_send(struct fastpath *fp, uint32_t slot, const uint8_t *data, size_t len)
{
	assert_true(len <= sizeof fake[slot].sent);
	memcpy(fake[slot].sent, data, len);
	fake[slot].sent_len = len;
	return 0;
}

int fastpath_read(const struct fastpath *fp, uint32_t slot, struct fp_stats *ret)
{
	*ret = fake[slot].stats;
	return 0;
}

/* What went out through outlets, in order. */
static struct fake_packet {
	uint32_t slot;
	size_t len;
	uint8_t data[1700];
} fake_out[256];
static unsigned fake_n_out;

struct fp_outlet {
	int nothing;
};

int fastpath_outlet(struct fp_outlet **ret, struct fastpath *fp)
{
	*ret = mem_alloc(sizeof **ret, NULL);
	return *ret ? 0 : -ENOMEM;
}

int fp_outlet_put(struct fp_outlet *o, uint32_t slot, uint8_t *data, size_t len)
{
	struct fake_packet *k = &fake_out[fake_n_out % 256];
	assert_true(len <= sizeof k->data);
	k->slot = slot;
	k->len = len;
	memcpy(k->data, data, len);
	fake_n_out++;
	return 0;
}

void fp_outlet_flush(struct fp_outlet *o)
{
}

void fastpath_settle(struct fastpath *fp)
{
}

json_t *fastpath_engines(const struct fastpath *fp)
{
	return json_array();
}

static inline unsigned fake_open_ports(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < FAKE_SLOTS; i++)
		n += fake[i].open;
	return n;
}
