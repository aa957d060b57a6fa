// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/tester.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tdm/tdm.h"
#include <errno.h>
#include <unistd.h>

#define BLOCK 160 /* octets: 20 ms */

struct tdm_tester {
	const struct tdm_driver *driver;
	int fd;
	struct loop_watch *watch;
	struct tdm_bert bert;
	uint8_t out[BLOCK];
	size_t n_out; /* octets of it yet to be sent */
};

static void tester_destroy(void *obj)
{
	struct tdm_tester *t = obj;
	mem_deref(t->watch);
	if (t->fd >= 0)
		close(t->fd);
}

/* Any error but "not now" and "take the event": the test is over and its result stays. */
static bool is_lost(struct tdm_tester *t, ssize_t n)
{
	struct tdm_event e = {0};
	if (n >= 0 || errno == EAGAIN || errno == EINTR)
		return false;
	return errno != TDM_EVENT_WAITS || t->driver->event(t->fd, &e) || e.kind == TDM_EV_REMOVED;
}

static void on_ready(void *arg, int events)
{
	struct tdm_tester *t = arg;
	uint8_t in[BLOCK];
	bool lost = false;
	ssize_t n;
	if (events & UV_READABLE) {
		n = read(t->fd, in, sizeof(in));
		if (n > 0)
			tdm_bert_check(&t->bert, in, n);
		lost = is_lost(t, n);
	}
	if (events & UV_WRITABLE && !lost) {
		if (!t->n_out) {
			tdm_bert_fill(&t->bert, t->out, sizeof(t->out));
			t->n_out = sizeof(t->out);
		}
		n = write(t->fd, t->out + sizeof(t->out) - t->n_out, t->n_out);
		if (n > 0)
			t->n_out -= n;
		lost = is_lost(t, n);
	}
	if (lost) {
		log_warn(NULL, "bit error rate test: the channel is lost");
		t->watch = mem_deref(t->watch);
	}
}

int tdm_tester_start(struct tdm_tester **ret, struct tdm_channel *c)
{
	const struct tdm_driver *d = c->tdm->driver;
	const struct tdm_buffers buffers = {.count = 8, .bytes = BLOCK};
	struct tdm_tester *t = mem_alloc(sizeof(*t), tester_destroy);
	if (!t)
		return -ENOMEM;
	t->driver = d;
	t->fd = d->open(c->number);
	int err = t->fd < 0 ? t->fd : d->buffers(t->fd, &buffers);
	if (!err && tdm_use_of(c->signalling) == TDM_USE_BEARER)
		err = d->audio(t->fd, false);
	if (!err)
		err = loop_watch(&t->watch, t->fd, UV_READABLE | UV_WRITABLE, on_ready, t);
	if (err)
		mem_deref(t);
	else
		*ret = t;
	return err;
}

const struct tdm_bert *tdm_tester_result(const struct tdm_tester *t)
{
	return &t->bert;
}
