// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <poll.h>

#define READS_OF_FAILED 8
#define TURNS_TO_CLOSE  8
#define STALL_MS        100 /* what is due for so long was held up by this process, or with it */
#define TURNS_TO_READ   16

struct loop_watch {
	uv_poll_t *poll; /* freed by libuv's close callback, after us */
	loop_fd_fn fn;
	void *arg;
	int events;
};

struct signal_watch {
	uv_signal_t uv;
	loop_fn fn;
	void *arg;
};

static uv_loop_t uv;
static uv_timer_t alarm_clock;
static uv_prepare_t before_wait;
static struct list deferred, at_close;
static bool ready;
static bool came;               /* something, in this turn */
static unsigned turns_of_reading; /* since a stall */

/* A timer was due long ago: nothing has been read since, and what it waits for may be there. */
static bool has_stalled(void)
{
	uint64_t next = timer_next_ms();
	return next != UINT64_MAX && uv_now(&uv) > clock_ms() + next + STALL_MS;
}

/* After a stall all that has come is read before what is due runs, so that an answer that came in time is taken to have done so. */
static void move_clock(void)
{
	if (clock_has_late() || has_stalled())
		clock_hold_to(uv_now(&uv));
	else
		clock_advance_to(uv_now(&uv));
}

static void run_all(struct list *l)
{
	while (!list_empty(l)) {
		struct loop_deferred *d = container_of(list_first(l), struct loop_deferred, link);
		list_remove(&d->link);
		d->fn(d->arg);
	}
}

static void on_alarm(uv_timer_t *t)
{
	(void)t;
}

/* The end of a turn: what came due runs, what was deferred runs, and libuv is told how long it may wait. */
static void on_before_wait(uv_prepare_t *p)
{
	(void)p;
	uv_update_time(&uv);
	if (clock_has_late() && (!came || turns_of_reading++ == TURNS_TO_READ))
		clock_advance_to(uv_now(&uv));
	else
		move_clock();
	turns_of_reading = clock_has_late() ? turns_of_reading : 0;
	came = false;
	run_all(&deferred);
	uint64_t next = timer_next_ms();
	if (next == UINT64_MAX)
		uv_timer_stop(&alarm_clock);
	else
		uv_timer_start(&alarm_clock, on_alarm, next, 0);
}

int loop_init(void)
{
	int err = uv_loop_init(&uv);
	if (err)
		return err;
	uv_timer_init(&uv, &alarm_clock);
	uv_prepare_init(&uv, &before_wait);
	uv_prepare_start(&before_wait, on_before_wait);
	uv_update_time(&uv);
	move_clock();
	ready = true;
	return 0;
}

uv_loop_t *loop_uv(void)
{
	return &uv;
}

void loop_begin(void)
{
	uv_update_time(&uv);
	clock_skip_to(uv_now(&uv));
}

void loop_run(void)
{
	uv_run(&uv, UV_RUN_DEFAULT);
}

void loop_stop(void)
{
	uv_stop(&uv);
}

static void signal_closed(uv_handle_t *h)
{
	mem_free(container_of((uv_signal_t *)h, struct signal_watch, uv));
}

static void poll_closed(uv_handle_t *h)
{
	mem_free(h);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (uv_is_closing(h))
		return;
	if (h->type == UV_SIGNAL) {
		uv_close(h, signal_closed);
	} else if (h->type == UV_POLL) {
		struct loop_watch *w = h->data;
		if (w)
			w->poll = NULL;
		uv_close(h, poll_closed);
	} else {
		uv_close(h, NULL);
	}
}

void loop_close(void)
{
	if (!ready)
		return;
	for (int i = 0; i < TURNS_TO_CLOSE && !list_empty(&at_close); i++)
		uv_run(&uv, UV_RUN_NOWAIT);
	run_all(&at_close);
	uv_walk(&uv, close_handle, NULL);
	uv_run(&uv, UV_RUN_DEFAULT);
	uv_loop_close(&uv);
	ready = false;
}

static void on_poll(uv_poll_t *p, int status, int events);

static bool has_error(uv_poll_t *p)
{
	struct pollfd f = {0};
	return uv_fileno((uv_handle_t *)p, &f.fd) || poll(&f, 1, 0) < 0 || f.revents & (POLLERR | POLLNVAL);
}

/* A failed descriptor reads as ready: the owner's recv() tells what is wrong, and takes the error away; a netlink socket that has lost
 * messages works on then. libuv has stopped watching it. One whose error nobody takes is not watched any more: it would be ready for ever. */
static void on_failed(uv_poll_t *p)
{
	for (int i = 0; i < READS_OF_FAILED && p->data; i++) {
		struct loop_watch *w = p->data;
		w->fn(w->arg, UV_READABLE);
		if (p->data && !has_error(p)) {
			(void)uv_poll_start(p, w->events, on_poll);
			return;
		}
	}
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	came = true;
	move_clock(); /* runs timers, which may end this watch */
	struct loop_watch *w = p->data;
	if (!w)
		return;
	if (status < 0)
		on_failed(p);
	else
		w->fn(w->arg, events);
}

static void watch_destroy(void *obj)
{
	struct loop_watch *w = obj;
	if (!w->poll)
		return;
	w->poll->data = NULL;
	uv_close((uv_handle_t *)w->poll, poll_closed);
}

int loop_watch(struct loop_watch **ret, int fd, int events, loop_fd_fn fn, void *arg)
{
	struct loop_watch *w = mem_alloc(sizeof *w, watch_destroy);
	uv_poll_t *poll = mem_raw(sizeof *poll);
	int err = w && poll ? uv_poll_init(&uv, poll, fd) : -ENOMEM;
	if (err) {
		mem_free(poll);
		goto out;
	}
	*w = (struct loop_watch){.poll = poll, .fn = fn, .arg = arg, .events = events};
	poll->data = w;
	err = uv_poll_start(poll, events, on_poll);
out:
	if (err)
		mem_deref(w);
	else
		*ret = w;
	return err;
}

int loop_watch_set(struct loop_watch *w, int events)
{
	w->events = events;
	return uv_poll_start(w->poll, events, on_poll);
}

static void on_signal(uv_signal_t *s, int signo)
{
	struct signal_watch *w = container_of(s, struct signal_watch, uv);
	(void)signo;
	move_clock();
	w->fn(w->arg);
}

int loop_signal(int signo, loop_fn fn, void *arg)
{
	struct signal_watch *w = mem_raw(sizeof *w);
	if (!w)
		return -ENOMEM;
	w->fn = fn;
	w->arg = arg;
	uv_signal_init(&uv, &w->uv);
	int err = uv_signal_start(&w->uv, on_signal, signo);
	if (err) {
		uv_close((uv_handle_t *)&w->uv, signal_closed);
		return err;
	}
	uv_unref((uv_handle_t *)&w->uv);
	return 0;
}

void loop_defer(struct loop_deferred *d, loop_fn fn, void *arg)
{
	d->fn = fn;
	d->arg = arg;
	if (!link_in_list(&d->link))
		list_append(&deferred, &d->link);
}

void loop_defer_first(struct loop_deferred *d, loop_fn fn, void *arg)
{
	d->fn = fn;
	d->arg = arg;
	if (!link_in_list(&d->link))
		list_prepend(&deferred, &d->link);
}

void loop_defer_cancel(struct loop_deferred *d)
{
	list_remove(&d->link);
}

void loop_at_close(struct loop_deferred *d, loop_fn fn, void *arg)
{
	d->fn = fn;
	d->arg = arg;
	if (!link_in_list(&d->link))
		list_append(&at_close, &d->link);
}
