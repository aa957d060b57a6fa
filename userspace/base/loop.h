/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop of a daemon: libuv, driving the timers of base/timer.h. One loop a process. */
#pragma once
#include "base/list.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

typedef void (*loop_fd_fn)(void *arg, int events); /* events: UV_READABLE, UV_WRITABLE */
typedef void (*loop_fn)(void *arg);

/* A watched descriptor: owns the watch, not the descriptor. mem_deref() ends it. */
struct loop_watch;

/* Work to run once at the end of this loop turn (flush queued sends, commit the store). Embedded by its owner. */
struct loop_deferred {
	struct link link;
	loop_fn fn;
	void *arg;
};

int loop_init(void);
uv_loop_t *loop_uv(void);
/* Timers begin to run now: the time that was spent since loop_init() counts for none of them. Else those that a long start has started, of calls taken over,
 * would be over too early. */
void loop_begin(void);
/* Runs until loop_stop(). */
void loop_run(void);
void loop_stop(void);
void loop_close(void);

/* Calls `fn(arg, events)` whenever `fd` is ready. 0, -ENOMEM or libuv's negative errno. */
int loop_watch(struct loop_watch **ret, int fd, int events, loop_fd_fn fn, void *arg);
int loop_watch_set(struct loop_watch *w, int events);
/* Calls `fn` on a signal, from the loop. */
int loop_signal(int signo, loop_fn fn, void *arg);
/* Runs `d` once when this turn's events are done; queueing it twice in a turn runs it once. */
void loop_defer(struct loop_deferred *d, loop_fn fn, void *arg);
/* The same, before everything queued with loop_defer(): for what must be on disk before the answer is on the wire. */
void loop_defer_first(struct loop_deferred *d, loop_fn fn, void *arg);
void loop_defer_cancel(struct loop_deferred *d);
/* Runs `d` in loop_close(), when the turns are over in which a library has closed what it had on the loop. */
void loop_at_close(struct loop_deferred *d, loop_fn fn, void *arg);
