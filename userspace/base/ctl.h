/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: one a daemon, a unix stream socket, one JSON object a line.
 *   request  {"id":7,"do":"show calls","args":{...}}
 *   reply    {"id":7,"result":...}  or  {"id":7,"error":"one clear line"}
 *   {"id":8,"do":"subscribe","args":{"topic":"trace"}}  then lines  {"topic":"trace","event":{...}}  until closed.
 * "help" lists the verbs. The socket's file mode is its access control. A subscriber that does not read
 * loses events, and is told how many ({"topic":"trace","dropped":12}), instead of holding the daemon up. */
#pragma once
#include "base/buf.h"
#include <jansson.h>

struct ctl; /* a listening control socket: mem_deref() closes it and its clients */

/* Answers at once: 0 with a new reference in *result (json_null() when there is nothing to say), or negative errno with
 * one line in *why. `args` is an object or NULL. */
typedef int (*ctl_fn)(void *arg, json_t *args, json_t **result, struct buf *why);

/* A long answer, an array whose rows are made as the client reads them: appends some rows to `rows`, few enough for one turn of the
 * loop, moves *at (0 at first, its meaning is the function's own) behind them, and returns 1 when there are more, 0 when
 * that was all, or negative errno, which breaks the connection off. Time passes between two calls: what *at stands for may be
 * gone by the next. */
typedef int (*ctl_rows_fn)(void *arg, json_t *args, uint64_t *at, json_t *rows);

struct ctl_verb {
	const char *name; /* "show calls" */
	const char *help;
	ctl_fn fn; /* NULL when `rows` answers */
	const char *args; /* what args may hold, for help: "call=ID"; NULL */
	ctl_rows_fn rows;
};

/* Listens on `path` (mode 0660, a dead socket is replaced; -EADDRINUSE when somebody answers there). `verbs` ends with
 * name == NULL and is kept. `fd` >= 0 is a listening socket handed over by tandem-keep. */
int ctl_listen(struct ctl **ret, const char *path, int fd, const struct ctl_verb *verbs, void *arg);
/* Adds a further table, asked after the earlier ones. */
int ctl_add(struct ctl *c, const struct ctl_verb *verbs, void *arg);
/* Whether somebody listens to `topic`: ask before building an event. */
bool ctl_wanted(const struct ctl *c, const char *topic);
/* Calls `fn` whenever the answer of ctl_wanted() may have changed (a subscriber came or went). */
void ctl_on_subscribers(struct ctl *c, void (*fn)(void *arg), void *arg);
/* Sends `event` (stolen) to the subscribers of `topic`. */
void ctl_publish(struct ctl *c, const char *topic, json_t *event);

/* Client side, blocking, for tandemctl and tests: connects, asks, returns a new reference to the whole reply. `args` is stolen. */
int ctl_connect(const char *path);
int ctl_ask(int fd, const char *verb, json_t *args, json_t **reply);
/* Reads the next line object (an event); negative errno, -EPIPE at the end. */
int ctl_next(int fd, json_t **event);
