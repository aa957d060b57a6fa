/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last second of a store, in a file that is shared memory. What is appended is the kernel's at once, without a system
 * call, and so outlives this process however that ends. The file says which boot of the machine it belongs to: after
 * another one nothing of it is believed, since its pages may have reached the disk in any order. */
#pragma once
#include "base/slice.h"

typedef int (*journal_fn)(void *arg, unsigned table, bool del, struct slice key, struct slice value);

struct journal; /* mem_deref() closes it; the file stays */

/* Opens or creates `path` with disk space for `bytes`, so that a full disk shows here and not in a store to memory. */
int journal_open(struct journal **ret, const char *path, size_t bytes);
/* Adds a put (or delete) of a key of a table. 0 and where both are now, until journal_reset(); or -ENOSPC when it is full. */
int journal_append(struct journal *j, unsigned table, bool del, struct slice key, struct slice value, struct slice *kept_key, struct slice *kept_value);
/* Walks what was appended since the last journal_reset(), in order; a non-zero return ends the walk and is returned.
 * -EINVAL when what follows is no record. */
int journal_replay(struct journal *j, journal_fn fn, void *arg);
/* Forgets everything: it is elsewhere now. */
void journal_reset(struct journal *j);
