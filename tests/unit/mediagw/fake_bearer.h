/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bearers as the rest of the media gateway sees them, without voice or threads: what was asked of them is remembered, by the channel's descriptor. */
#pragma once
#include "base/mem.h"
#include "mediagw/bearer.h"
#include "mediagw/span_thread.h"
#include <errno.h>

#define FAKE_BEARERS 64

struct bearer {
	struct bearer_params p;
	struct bearer_connection c, more[BEARER_STREAMS - 1]; /* slot 0: none */
	unsigned connects;
	struct sound *sound[BEARER_SIDES];
	struct bearer_ears ears;
	enum bearer_mode test;
	int test_tone;
	struct bearer_heard heard;
	uint64_t depth;
	uint8_t told; /* to the peer, by telephone-event */
};

struct span_thread {
	unsigned number;
};

const struct counter_def bearer_defs[BEARER_COUNTERS];
static struct bearer *fake_bearers[FAKE_BEARERS]; /* by descriptor */
static int fake_bearer_err;                       /* what the next one to be started fails with */

static void fake_bearer_destroy(void *obj)
{
	struct bearer *b = obj;
	for (unsigned i = 0; i < BEARER_SIDES; i++)
		mem_deref(b->sound[i]);
	fake_bearers[b->p.fd] = NULL;
}

int span_thread_open(struct span_thread **ret, struct fastpath *fp, unsigned number)
{
	*ret = mem_alloc(sizeof **ret, NULL);
	if (!*ret)
		return -ENOMEM;
	(*ret)->number = number;
	return 0;
}

int bearer_start(struct bearer **ret, struct span_thread *t, const struct bearer_params *p)
{
	int err = fake_bearer_err;
	fake_bearer_err = 0;
	struct bearer *b = err ? NULL : mem_alloc(sizeof *b, fake_bearer_destroy);
	if (!b)
		return err ? err : -ENOMEM;
	b->p = *p;
	b->c.slot = BEARER_NO_SLOT;
	b->heard.pt = -1;
	fake_bearers[p->fd] = b;
	*ret = b;
	return 0;
}

int bearer_connect(struct bearer *b, const struct bearer_connection *c)
{
	struct bearer_connection *at = &b->c;
	if (b->c.slot != BEARER_NO_SLOT && c->slot != BEARER_NO_SLOT && b->c.slot != c->slot)
		for (at = b->more; at->slot && at->slot != c->slot; at++)
			;
	*at = *c;
	b->connects++;
	return 0;
}

void bearer_disconnect(struct bearer *b, uint32_t slot)
{
	if (b->c.slot == slot) {
		b->c = b->more[0].slot ? b->more[0] : (struct bearer_connection){.slot = BEARER_NO_SLOT};
		slot = b->more[0].slot;
	}
	for (unsigned i = 0; i < BEARER_STREAMS - 1; i++)
		if (slot && b->more[i].slot == slot) {
			memmove(&b->more[i], &b->more[i + 1], (BEARER_STREAMS - 2 - i) * sizeof *b->more);
			b->more[BEARER_STREAMS - 2].slot = 0;
			return;
		}
}

int bearer_play(struct bearer *b, enum bearer_side side, struct sound *s)
{
	mem_ref(s);
	mem_deref(b->sound[side]);
	b->sound[side] = s;
	return 0;
}

int bearer_listen(struct bearer *b, const struct bearer_ears *ears)
{
	b->ears = ears ? *ears : (struct bearer_ears){0};
	return 0;
}

int bearer_test(struct bearer *b, enum bearer_mode mode, int tone)
{
	b->test = mode;
	b->test_tone = tone;
	return 0;
}

struct bearer_heard bearer_heard(const struct bearer *b, uint32_t slot)
{
	return b->heard;
}

int bearer_tell(struct bearer *b, uint8_t code, unsigned ms)
{
	b->told = code;
	return 0;
}

uint32_t bearer_deliver(const struct bearer *b)
{
	return 1000 + (uint32_t)b->p.fd;
}

void bearer_read(const struct bearer *b, uint64_t ret[BEARER_COUNTERS])
{
	memset(ret, 0, BEARER_COUNTERS * sizeof *ret);
	ret[BEARER_SENT] = 7;
	ret[BEARER_SENT_OCTETS] = 1120;
	ret[BEARER_DEPTH] = b->depth;
}

bool bearer_sent(const struct bearer *b, uint32_t slot, struct bearer_sent *ret)
{
	*ret = (struct bearer_sent){.ssrc = 0x1234, .packets = 7, .octets = 1120, .timestamp = 1120};
	return b->c.slot != BEARER_NO_SLOT;
}

static inline unsigned fake_open_bearers(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < FAKE_BEARERS; i++)
		n += fake_bearers[i] != NULL;
	return n;
}

bool bearer_transparent(const struct bearer *b)
{
	return b->c.format == PLAYOUT_CLEAR;
}

bool bearer_cancels_echo(const struct bearer *b)
{
	return b->c.echo;
}
