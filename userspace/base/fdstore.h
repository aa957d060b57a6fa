/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that outlive a daemon: systemd's LISTEN_FDS / FDSTORE protocol (sd_listen_fds(3), sd_notify(3)) with tandem-keep (or systemd) at the
 * other end. Without either, everything here does nothing and the daemon opens its own descriptors. */
#pragma once
#include <jansson.h>

/* Descriptor handed over under `name` at start, once: later calls for that name return -1. */
int fdstore_take(const char *name);
/* Name of a descriptor handed over and not yet taken, valid until it is; NULL when there is none. */
const char *fdstore_waiting(void);
/* One whose name begins with `prefix`. */
const char *fdstore_waiting_like(const char *prefix);
/* Closes what was handed over and nobody took, here and at the keeper: call it when the daemon has started. */
void fdstore_close_rest(void);
/* Hands a copy to the keeper under `name` (replaces). 0, or negative errno. */
int fdstore_put(const char *name, int fd);
void fdstore_remove(const char *name);
/* READY=1 / STOPPING=1 / STATUS=... */
void fdstore_notify(const char *text);

/* A privileged request to tandem-keep over the socket it gave us (descriptor name "keep"), synchronous: {"do":"xdp-open",...}. Up to *n
 * descriptors come back in fds. -ENOTCONN without a keeper: the caller then tries with its own privileges. On refusal -EPERM or what
 * the keeper says, with its words in the reply's "error"; *reply is a new reference, or NULL when no answer came. */
int keep_request(json_t *request, json_t **reply, int *fds, unsigned *n);

/* The connection to the keeper, -1 without one: readable at its end when the keeper has died. */
int fdstore_keeper(void);
/* Connects to a keeper that was restarted and hands it every descriptor put so far. 0, or negative errno (try later). */
int fdstore_reconnect(void);
