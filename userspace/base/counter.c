// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/counter.h"

static struct list groups;

void counter_register(struct counter_group *g)
{
	if (!link_in_list(&g->link))
		list_append(&groups, &g->link);
}

void counter_unregister(struct counter_group *g)
{
	list_remove(&g->link);
}

static int add_group(json_t *all, struct counter_group *g)
{
	if (g->refresh)
		g->refresh(g);
	for (unsigned i = 0; i < g->count; i++) {
		if (!g->defs[i].name)
			continue;
		json_t *one = json_pack("{s:s, s:s, s:I, s:s}", "group", g->name, "name", g->defs[i].name, "value",
					(json_int_t)g->values[i], "help", g->defs[i].help ? g->defs[i].help : "");
		if (!one || json_array_append_new(all, one))
			return -1;
	}
	return 0;
}

json_t *counter_json(void)
{
	json_t *all = json_array();
	struct counter_group *g;
	if (!all)
		return NULL;
	list_foreach(g, &groups, link)
		if (add_group(all, g)) {
			json_decref(all);
			return NULL;
		}
	return all;
}
