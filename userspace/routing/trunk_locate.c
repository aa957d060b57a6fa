// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/trunk_locate.h"
#include "base/log.h"
#include "base/mem.h"
#include "sip/locate.h"
#include <errno.h>

/* DNS's own cache knows how long an answer is good: asking it costs nothing. */
#define AGAIN_MS 5000

struct trunk_locate {
	struct sip_stack *stack;
	struct sip_locator *locator;
	struct trunk *trunk;
	struct sip_location *pending;
	struct timer again;
	char uri[300];
	int err; /* the last one, told once */
};

static void destroy(void *obj)
{
	struct trunk_locate *l = obj;
	timer_stop(&l->again);
	mem_deref(l->pending);
	mem_deref(l->stack);
	mem_deref(l->locator);
}

static void on_again(void *arg);

static void take(struct trunk_locate *l, int err, const struct sip_servers *servers)
{
	struct trunk_peer peer[TRUNK_PEERS] = {0};
	unsigned n = 0;
	for (; !err && n < servers->n && n < TRUNK_PEERS; n++)
		peer[n] = (struct trunk_peer){.addr = servers->server[n].addr, .transport = servers->server[n].transport};
	if (!err)
		trunk_set_peers(l->trunk, peer, n);
	else if (err != l->err)
		log_warn(l->trunk->name, "%s leads nowhere: %s", l->uri, dns_error_text(err));
	l->err = err;
	timer_start(&l->again, AGAIN_MS, on_again, l);
}

static void on_located(void *arg, int err, struct sip_servers *servers)
{
	struct trunk_locate *l = arg;
	l->pending = mem_deref(l->pending);
	take(l, err, servers);
}

static void on_again(void *arg)
{
	struct trunk_locate *l = arg;
	struct sip_servers *servers = NULL;
	const struct sip_locate_params p = {
		.uri = slice_str(l->uri), .reach = sip_stack_reach(l->stack, conf_string(l->trunk->conf, "address")), .stable = true,
	};
	int err = sip_locate(&servers, &l->pending, l->locator, &p, on_located, l);
	if (err == -EINPROGRESS)
		return;
	take(l, err, servers);
	mem_deref(servers);
}

bool trunk_locate_continues(struct trunk_locate *l, struct trunk *now)
{
	static const char *const options[] = {"domain", "transport", "address"};
	if (!l || conf_list_count(now->conf, "peer"))
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!conf_same_value(l->trunk->conf, now->conf, options[i]))
			return false;
	l->trunk = now;
	return true;
}

int trunk_locate_new(struct trunk_locate **ret, struct sip_stack *stack, struct sip_locator *locator, struct trunk *trunk)
{
	const char *domain = conf_string(trunk->conf, "domain");
	*ret = NULL;
	if (!*domain || conf_list_count(trunk->conf, "peer"))
		return 0;
	struct trunk_locate *l = mem_alloc(sizeof(*l), destroy);
	if (!l)
		return -ENOMEM;
	l->stack = mem_ref(stack);
	l->locator = mem_ref(locator);
	l->trunk = trunk;
	struct buf b = buf_fixed(l->uri, sizeof(l->uri));
	buf_printf(&b, "sip:%s%s", domain, sip_transports[trunk->transport].param);
	buf_z(&b);
	timer_start(&l->again, 0, on_again, l);
	*ret = l;
	return b.err;
}
