// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"
#include "mediagw/counters.h"
#include "mediagw/events.h"
#include "mediagw/record.h"
#include "mediagw/service.h"
#include <errno.h>

#define KEY SLICE("service")

static void keep(struct gateway *gw, enum mgcp_restart_method m)
{
	bool in = m == MGCP_RESTART || m == MGCP_CANCEL_GRACEFUL;
	int err = !gw->p.store ? 0 : in ? store_del(gw->p.store, TABLE_META, KEY) : store_put(gw->p.store, TABLE_META, KEY, slice_str(mgcp_restart_method_name(m)));
	if (!err)
		return;
	mg_count[MG_STORE_FAILED]++;
	log_error(NULL, "that the gateway is \"%s\" would not survive a restart: %s", mgcp_restart_method_name(m), strerror(-err));
}

/* The connections go with the service (2.3.12), and what was asked for. */
static void empty(struct gateway *gw)
{
	struct endpoint *e;
	struct conn *c;
	list_foreach_safe(c, &gw->conns, all)
		if (c->ep) {
			record_del(c);
			endpoint_remove(c->ep, c);
		}
	list_foreach_safe(e, &gw->endpoints, link) {
		record_del_request(e);
		if (e->notifier && mgcp_notifier_reset(e->notifier))
			log_warn(e->name, "its requests stay: out of memory");
		endpoint_release_idle(e);
	}
}

void service_ended(struct gateway *gw)
{
	keep(gw, MGCP_FORCED);
	empty(gw);
}

int service_set(struct gateway *gw, enum mgcp_restart_method m, uint32_t delay_s)
{
	uint32_t left;
	unsigned reason;
	enum mgcp_restart_method now = rsip_audit(gw, NULL, &left, &reason);
	bool leaving = now == MGCP_GRACEFUL, away = now == MGCP_FORCED;
	if (m == MGCP_DISCONNECTED || (m == MGCP_CANCEL_GRACEFUL ? !leaving : m == MGCP_GRACEFUL ? away : m == MGCP_FORCED && away))
		return -EALREADY;
	gw->graceful = m == MGCP_GRACEFUL && !delay_s;
	keep(gw, m);
	rsip_tell(gw, m, delay_s);
	if (m == MGCP_FORCED)
		empty(gw);
	service_connection_gone(gw);
	return 0;
}

void service_connection_gone(struct gateway *gw)
{
	if (!gw->graceful || gw->n_conns)
		return;
	gw->graceful = false;
	keep(gw, MGCP_FORCED);
	rsip_tell(gw, MGCP_FORCED, 0);
}

static int kept(struct slice key, struct slice value, void *arg)
{
	enum mgcp_restart_method *m = arg;
	return slice_eq(key, KEY) && !mgcp_restart_method_parse(value, m) ? 1 : 0;
}

void service_begin(struct gateway *gw, enum mgcp_restart_method m)
{
	enum mgcp_restart_method was = MGCP_RESTART;
	if (gw->p.store)
		store_load(gw->p.store, TABLE_META, kept, &was);
	if (was == MGCP_FORCED) {
		log_warn(NULL, "the gateway is out of service, as an operator said: \"tandemctl service restart\" changes that");
		rsip_tell(gw, MGCP_FORCED, 0);
		return;
	}
	rsip_begin(gw, m);
	if (was == MGCP_GRACEFUL)
		service_set(gw, MGCP_GRACEFUL, 0);
}
