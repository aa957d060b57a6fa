// SPDX-License-Identifier: GPL-3.0-or-later
/* Trunks that the operator has taken out of use: a record each in the store, so that they still are after a restart. */
#include "base/log.h"
#include "base/store.h"
#include "routing/trunk.h"

#define RECORD SLICE("drained")

static int on_record(struct slice key, struct slice value, void *arg)
{
	struct trunks *ts = arg;
	struct trunk *t = trunks_find(ts, key);
	if (!t) /* not in the configuration any more */
		return store_del(ts->store, ts->table, key);
	t->drained = true;
	log_info(t->name, "trunk drained by the operator before the restart");
	return 0;
}

int trunks_keep(struct trunks *ts, struct store *store, unsigned table)
{
	ts->store = store;
	ts->table = table;
	return store_load(store, table, on_record, ts);
}

int trunks_drain(struct trunks *ts, struct trunk *t, bool drained)
{
	struct slice key = slice_str(t->name);
	if (t->drained != drained)
		log_info(t->name, "trunk %s by the operator", drained ? "drained" : "back in use");
	t->drained = drained;
	if (!ts->store)
		return 0;
	return drained ? store_put(ts->store, ts->table, key, RECORD) : store_del(ts->store, ts->table, key);
}

void trunks_forget(struct trunks *ts, const struct trunk *t)
{
	if (ts->store && t->drained && store_del(ts->store, ts->table, slice_str(t->name)))
		log_warn(t->name, "is still known as drained: out of memory");
}
