/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the operator has taken out of use, trunks or lines: a record each in the store, by name, so that it still is after a restart. */
#pragma once
#include "base/store.h"

struct drained {
	struct store *store; /* borrowed; NULL: nothing is kept */
	unsigned table;
};

/* Calls `mark` with each name that is kept; one that it does not know any more (false) is forgotten. 0 or negative errno. */
int drained_load(struct drained *d, struct store *store, unsigned table, bool (*mark)(void *arg, struct slice name), void *arg);
/* Keeps it, or forgets it. -ENOMEM. */
int drained_keep(const struct drained *d, const char *name, bool drained);
