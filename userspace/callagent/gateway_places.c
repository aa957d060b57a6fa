// SPDX-License-Identifier: GPL-3.0-or-later
/* Where gateways were found that have no address of their own: by their RSIP, or by DNS. It is kept, so that a tandem-ca that is started again has
 * their calls and lines at once: a gateway that has not restarted says nothing. */
#include "callagent/gateways.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

static char *place_name(const char *name, const char *address)
{
	struct buf b = buf_growing();
	buf_printf(&b, "%s %s", name, address);
	char *text = b.err ? NULL : mem_strndup(b.p, b.len);
	buf_reset(&b);
	return text;
}

struct looking {
	const char *place;
	struct addr *ret;
};

static int compare(struct slice key, struct slice value, void *arg)
{
	const struct looking *l = arg;
	if (!slice_eq(key, slice_str(l->place)))
		return 0;
	(void)addr_parse(l->ret, value, 0);
	return 1;
}

int gateway_place_find(struct gateways *g, unsigned i, const char *name, const char *address, struct addr *ret)
{
	g->place[i] = place_name(name, address);
	if (!g->place[i])
		return -ENOMEM;
	int found = g->p.store ? store_load(g->p.store, g->p.table, compare, &(struct looking){g->place[i], ret}) : 0;
	return found < 0 ? found : 0;
}

void gateway_place_keep(struct gateways *g, const struct mgcp_gw *gw)
{
	char text[ADDR_STR_LEN];
	unsigned i = 0;
	while (i < g->n && g->gw[i] != gw)
		i++;
	if (!g->p.store || i == g->n)
		return;
	int err = store_put(g->p.store, g->p.table, slice_str(g->place[i]), slice_str(addr_str(mgcp_gw_addr(gw), text)));
	if (err)
		log_warn("gateway", "a restart would forget that %s is at %s: %s", mgcp_gw_name(gw), text, strerror(-err));
}

static int drop_unknown(struct slice key, struct slice value, void *arg)
{
	const struct gateways *g = arg;
	for (unsigned i = 0; i < g->n; i++)
		if (g->place[i] && slice_eq(key, slice_str(g->place[i])))
			return 0;
	return store_del(g->p.store, g->p.table, key);
}

int gateway_places_clean(struct gateways *g)
{
	return g->p.store ? store_load(g->p.store, g->p.table, drop_unknown, g) : 0;
}
