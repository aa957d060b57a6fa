/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A peer whose datagrams go to the test, on the injected clock. The test is the other end. */
#pragma once
#include "unit.h"
#include "mgcp/internal.h"
#include <stdio.h>
#include <stdlib.h>

struct wire {
	struct mgcp_peer *peer;
	struct buf sent;     /* datagrams, each followed by "--\n" */
	unsigned datagrams;
	struct addr last_dst;
	int (*on_sent)(void *arg, const struct addr *dst, struct slice datagram);
	void *arg;
};

static inline struct addr wire_addr(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, slice_str(text), 2427), 0);
	return a;
}

static inline int wire_send(void *arg, const struct addr *dst, struct slice datagram)
{
	struct wire *w = arg;
	w->datagrams++;
	w->last_dst = *dst;
	if (w->on_sent)
		return w->on_sent(w->arg, dst, datagram);
	/* Test memory: the failing allocation is the code's. */
	static char keep[65536];
	assert_true(w->sent.len + datagram.len + 4 < sizeof keep);
	if (!w->sent.p)
		w->sent = buf_fixed(keep, sizeof keep);
	buf_slice(&w->sent, datagram);
	buf_str(&w->sent, "--\n");
	return 0;
}

static inline int wire_open(struct wire *w, struct mgcp_peer_params params)
{
	struct mgcp_transport out = {.send = wire_send, .arg = w};
	if (!params.timers.t_max_ms)
		params.timers = mgcp_default_timers;
	return mgcp_peer_new(&w->peer, &params, &out);
}

static inline void wire_receive(struct wire *w, const char *from, const char *text)
{
	struct addr src = wire_addr(from);
	/* Of its exact size, so that reading past it is seen. */
	size_t len = strlen(text);
	char *copy = malloc(len);
	memcpy(copy, text, len);
	mgcp_peer_receive(w->peer, &src, slice_of(copy, len));
	free(copy);
}

/* What was sent since the last time. */
static inline const char *wire_take(struct wire *w)
{
	static char text[65536];
	bundle_flush(w->peer);
	snprintf(text, sizeof text, SLICE_FMT, SLICE_ARG(buf_text(&w->sent)));
	w->sent.len = 0;
	return text;
}
