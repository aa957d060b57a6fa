// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/listen.h"
#include "base/daemon.h"
#include "base/fdstore.h"
#include "base/mem.h"
#include "mediagw/control.h"
#include "mediagw/notified.h"

bool listen_allowed(const struct listen *l, const struct addr *src)
{
	if (addr_is_loopback(src))
		return true;
	for (unsigned i = 0; i < l->n_networks; i++)
		if (prefix_has(&l->networks[i], src))
			return true;
	return notified_is_at(l->gw, src);
}

static bool allowed(void *arg, const struct addr *src)
{
	return listen_allowed(arg, src);
}

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct listen *l = arg;
	gateway_command(l->gw, in, cmd, src);
}

static void on_repeated(void *arg, const struct addr *src)
{
	struct listen *l = arg;
	gateway_repeated(l->gw, src);
}

static void on_trace(void *arg, bool sent, const struct addr *peer, struct slice text)
{
	struct listen *l = arg;
	if (l->peer && conf_bool(conf_section(daemon_conf(), "trace"), "mgcp"))
		control_trace(daemon_ctl(), sent, mgcp_peer_local(l->peer), peer, text);
}

/* Messages are only copied for tracing while somebody looks. */
static void on_subscribers(void *arg)
{
	struct listen *l = arg;
	if (l->peer)
		mgcp_peer_trace(l->peer, ctl_wanted(daemon_ctl(), "trace"));
}

void listen_reload(struct listen *l, const struct conf *conf)
{
	const struct conf_part *media = conf_section(conf, "media");
	l->n_networks = 0;
	for (unsigned i = 0; i < conf_list_count(media, "call-agents") && l->n_networks < LISTEN_NETWORKS; i++)
		if (!prefix_parse(&l->networks[l->n_networks], slice_str(conf_list_at(media, "call-agents", i))))
			l->n_networks++;
}

int listen_open(struct listen *l, struct gateway *gw, const struct conf *conf, struct buf *why)
{
	const struct conf_part *agent = conf_section(conf, "agent");
	struct mgcp_peer_params p = {
		.fd = fdstore_take(LISTEN_FD),
		.timers = mgcp_default_timers,
		.dscp = 40, /* CS5, as all signalling */
		.on_command = on_command,
		.on_repeated = on_repeated,
		.allowed = allowed,
		.on_trace = on_trace,
		.arg = l,
	};
	const char *bind = conf_string(conf_section(conf, "media"), "bind");
	p.timers.rto_ms = (uint32_t)conf_int(agent, "retry-min");
	p.timers.rto_max_ms = (uint32_t)conf_int(agent, "retry-max");
	p.timers.t_max_ms = (uint32_t)conf_int(agent, "t-max");
	p.timers.t_hist_ms = (uint32_t)conf_int(agent, "t-hist");
	addr_parse(&p.local, slice_str(bind), 2427);
	l->gw = gw;
	l->adopted = p.fd >= 0;
	listen_reload(l, conf);
	int err = mgcp_peer_open(&l->peer, &p);
	if (err) {
		buf_printf(why, "MGCP on %s: %s", bind, strerror(-err));
		return err;
	}
	gw->p.peer = l->peer;
	ctl_on_subscribers(daemon_ctl(), on_subscribers, l);
	fdstore_put(LISTEN_FD, mgcp_peer_fd(l->peer));
	return 0;
}

void listen_retire(void)
{
	fdstore_remove(LISTEN_FD);
}

void listen_close(struct listen *l)
{
	l->peer = mem_deref(l->peer);
}
