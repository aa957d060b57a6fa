// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/drained.h"
#include "base/log.h"

#define RECORD SLICE("drained")

struct loading {
	const struct drained *d;
	bool (*mark)(void *arg, struct slice name);
	void *arg;
};

static int on_record(struct slice key, struct slice value, void *arg)
{
	const struct loading *l = arg;
	if (!l->mark(l->arg, key)) /* not in the configuration any more */
		return store_del(l->d->store, l->d->table, key);
	log_info("routing", SLICE_FMT ": drained by the operator before the restart", SLICE_ARG(key));
	return 0;
}

int drained_load(struct drained *d, struct store *store, unsigned table, bool (*mark)(void *arg, struct slice name), void *arg)
{
	struct loading l = {.d = d, .mark = mark, .arg = arg};
	*d = (struct drained){.store = store, .table = table};
	return store_load(store, table, on_record, &l);
}

int drained_keep(const struct drained *d, const char *name, bool drained)
{
	if (!d->store)
		return 0;
	return drained ? store_put(d->store, d->table, slice_str(name), RECORD) : store_del(d->store, d->table, slice_str(name));
}
