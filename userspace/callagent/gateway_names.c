// SPDX-License-Identifier: GPL-3.0-or-later
/* Gateways whose addresses are names: asked for at the start, and again while they do not answer, for they may have moved (RFC 3435 4.3 has the same for
 * call agents). Of several addresses the next is tried
 * when one has not answered in all its time. */
#include "callagent/gateways.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>

struct gateway_name {
	struct link link;
	struct gateways *gateways;
	struct mgcp_gw *gw; /* borrowed */
	char host[256];
	uint16_t port;
	struct dns_query *query; /* under way; NULL */
	unsigned turn;           /* which of its addresses was taken last */
	uint64_t moved;          /* when */
};

static void destroy(void *obj)
{
	struct gateway_name *n = obj;
	list_remove(&n->link);
	mem_deref(n->query);
}

int gateway_named(struct gateways *g, struct mgcp_gw *gw, const char *address)
{
	struct slice port = slice_str(address), host = slice_cut(&port, ':');
	struct gateway_name *n = mem_alloc(sizeof(*n), destroy);
	if (!n)
		return -ENOMEM;
	n->gateways = g;
	n->gw = gw;
	n->port = 2427;
	if (slice_copy(host, n->host, sizeof(n->host)) || (slice_is_set(port) && slice_u16(port, &n->port))) {
		mem_deref(n);
		return -EINVAL;
	}
	list_append(&g->named, &n->link);
	return 0;
}

static void ask(struct gateway_name *n, enum dns_type type);

static void on_answer(void *arg, int err, struct dns_answer *answer)
{
	struct gateway_name *n = arg;
	n->query = mem_deref(n->query);
	if (err && answer && answer->type == DNS_A) {
		ask(n, DNS_AAAA);
	} else if (err) {
		log_warn("gateway", "%s has no address: %s", n->host, dns_error_text(err));
	} else {
		struct addr a = answer->record[n->turn++ % answer->n].addr;
		a.port = n->port;
		n->moved = clock_ms();
		mgcp_gw_move(n->gw, &a);
	}
}

static void ask(struct gateway_name *n, enum dns_type type)
{
	if (n->query || !n->gateways->dns)
		return;
	int err = dns_ask(&n->query, n->gateways->dns, slice_str(n->host), type, on_answer, n);
	if (err)
		log_warn("gateway", "%s is not asked for: %s", n->host, strerror(-err));
}

void gateway_names_ask(struct gateways *g)
{
	struct gateway_name *n;
	list_foreach(n, &g->named, link)
		if (mgcp_gw_state(n->gw) == MGCP_GW_DOWN && (!n->moved || clock_ms() - n->moved > g->t_max_ms))
			ask(n, DNS_A);
}

void gateways_resolve(struct gateways *g, struct dns *dns)
{
	g->dns = dns;
	gateway_names_ask(g);
}

void gateway_names_close(struct gateways *g)
{
	while (!list_empty(&g->named))
		mem_deref(container_of(list_first(&g->named), struct gateway_name, link));
}
