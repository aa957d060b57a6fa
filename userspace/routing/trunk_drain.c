// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"
#include "routing/trunk.h"

static bool mark(void *arg, struct slice name)
{
	struct trunk *t = trunks_find(arg, name);
	if (t)
		t->drained = true;
	return t;
}

int trunks_keep(struct trunks *ts, struct store *store, unsigned table)
{
	return drained_load(&ts->kept, store, table, mark, ts);
}

int trunks_drain(struct trunks *ts, struct trunk *t, bool drained)
{
	if (t->drained != drained)
		log_info(t->name, "trunk %s by the operator", drained ? "drained" : "back in use");
	t->drained = drained;
	return drained_keep(&ts->kept, t->name, drained);
}

void trunks_forget(struct trunks *ts, const struct trunk *t)
{
	if (t->drained && drained_keep(&ts->kept, t->name, false))
		log_warn(t->name, "is still known as drained: out of memory");
}
