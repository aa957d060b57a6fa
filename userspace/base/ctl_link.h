/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asking side of a control socket (base/ctl.h) in a daemon: never waits, and connects again when the connection is lost. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

struct ctl_link; /* mem_deref() closes it; nothing is called after that */

/* The answer to one question: its result, borrowed, or what went wrong in one line (result NULL). */
typedef void (*ctl_answer_fn)(void *arg, const json_t *result, const char *why);

struct ctl_link_handlers {
	/* Connected: subscriptions have to be asked for again. */
	void (*up)(void *arg);
	/* The connection is lost, or there has never been one; every question without an answer has been answered so. Once, until it is up again. */
	void (*down)(void *arg, const char *why);
	/* An event of a topic that was subscribed to, borrowed. `dropped`: so many before it were lost; the event may be NULL then. */
	void (*event)(void *arg, const char *topic, const json_t *event, unsigned dropped);
};

/* Connects to `path` from the loop, now and every `retry_ms` until that is done. */
int ctl_link_open(struct ctl_link **ret, const char *path, unsigned retry_ms, const struct ctl_link_handlers *h, void *arg);
bool ctl_link_is_up(const struct ctl_link *l);
/* Asks; `args` (may be NULL) is stolen. The answer comes from the loop, `fn` NULL: nobody waits for it, errors are logged. -ENOTCONN, -ENOMEM. */
int ctl_link_ask(struct ctl_link *l, const char *verb, json_t *args, ctl_answer_fn fn, void *arg);
/* Gives the connection up, as if the other side had, for that reason; another one is made. */
void ctl_link_break(struct ctl_link *l, const char *why);
/* Answers meant for `arg` have no receiver any more. */
void ctl_link_forget(struct ctl_link *l, const void *arg);
