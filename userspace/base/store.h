/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live state on disk: LMDB, one environment a daemon, write-behind. Puts and deletes are queued and committed each second,
 * then synced by a thread; until then a journal in shared memory has them (base/journal.h). Loaded at start, never read on
 * the call path. kill -9 loses nothing that was put; a power cut loses about a second. */
#pragma once
#include "base/slice.h"

struct store; /* reference-counted: mem_deref() flushes and closes */

/* Opens or creates directory `path` with the named tables (ends with NULL; at most 16). What is there but cannot be read (a
 * power cut) is moved to PATH.damaged, with a line in the log. Negative errno. `map_bytes` bounds its size. The counters "store" tell how many
 * records each table has; `tables` and the names stay the caller's. */
int store_open(struct store **ret, const char *path, const char *const *tables, size_t map_bytes);
/* Records that a table has, without those that are queued. */
size_t store_count(struct store *s, unsigned table);
/* Walks a table in key order; slices are valid during the callback; a non-zero return ends the walk and is returned. */
int store_load(struct store *s, unsigned table, int (*fn)(struct slice key, struct slice value, void *arg), void *arg);
/* Copies key and value into the queue. 0 or -ENOMEM; a failed commit is logged and retried each second. */
int store_put(struct store *s, unsigned table, struct slice key, struct slice value);
int store_del(struct store *s, unsigned table, struct slice key);
/* Commits what is queued now. */
int store_flush(struct store *s);
