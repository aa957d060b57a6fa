// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/gateways.h"
#include "base/alarm.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

#define FD_NAME "mgcp-agent"

static const struct alarm_def alarm_gateway = {
	.name = "gateway",
	.severity = ALARM_CRITICAL,
	.help = "A media gateway does not answer: no call can be made through it. See that it runs and that its address is right.",
	.raise_ms = 0,
	.clear_ms = 1000,
};

static const struct alarm_def alarm_ports = {
	.name = "gateway-refuses",
	.severity = ALARM_MAJOR,
	.help = "A media gateway refuses connections: its port range is used up (more calls need more addresses or a wider range) or an address "
		"of the configuration is not one of its own.",
	.raise_ms = 0,
	.clear_ms = 5000,
};

static const char *object_of(const struct mgcp_gw *gw, char *text, size_t size)
{
	struct buf b = buf_fixed(text, size);
	buf_printf(&b, "gateway %s", mgcp_gw_name(gw));
	return buf_z(&b);
}

static void on_state(void *arg, struct mgcp_gw *gw, enum mgcp_gw_state state, const char *why)
{
	char object[96];
	object_of(gw, object, sizeof(object));
	if (state == MGCP_GW_DOWN) {
		log_error(object, "down: %s", why);
		alarm_raise(&alarm_gateway, object, why);
	} else if (state == MGCP_GW_UP) {
		log_info(object, "up: %s", why);
		alarm_clear(&alarm_gateway, object);
	}
}

void gateways_served(struct mgcp_gw *gw, int err, unsigned code)
{
	char object[96], detail[96];
	object_of(gw, object, sizeof(object));
	if (!err) {
		alarm_clear(&alarm_ports, object);
	} else if (err == -EBUSY || err == -EINVAL) {
		struct buf b = buf_fixed(detail, sizeof(detail));
		buf_printf(&b, "connection refused: %u %s", code, mgcp_code_text(code) ? mgcp_code_text(code) : "");
		alarm_raise(&alarm_ports, object, buf_z(&b));
	}
}

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct gateways *g = arg;
	for (unsigned i = 0; i < g->n; i++)
		if (mgcp_gw_command(g->gw[i], in, cmd, src))
			return;
	/* 500: the endpoint is unknown to us; 504: a verb that only gateways take. */
	mgcp_reply_code(in, cmd->verb == MGCP_RSIP || cmd->verb == MGCP_NTFY ? 500 : 504, NULL);
}

static void on_trace(void *arg, bool sent, const struct addr *peer, struct slice text)
{
	struct gateways *g = arg;
	g->p.trace.fn(g->p.trace.arg, sent, peer, text);
}

static void audit(void *arg)
{
	struct gateways *g = arg;
	for (unsigned i = 0; i < g->n; i++)
		if (mgcp_gw_state(g->gw[i]) == MGCP_GW_DOWN)
			mgcp_gw_resync(g->gw[i]);
	gateway_names_ask(g);
	timer_start(&g->audit, g->audit_ms, audit, g);
}

static bool may_be_in(const struct gateways *g, unsigned i, const struct addr *src)
{
	for (unsigned k = 0; k < g->n_networks[i]; k++)
		if (prefix_has(&g->networks[i][k], src))
			return true;
	return false;
}

static bool may_be_at(void *arg, const struct mgcp_gw *gw, const struct addr *src)
{
	const struct gateways *g = arg;
	for (unsigned i = 0; i < g->n; i++)
		if (g->gw[i] == gw)
			return may_be_in(g, i, src);
	return false;
}

static void on_moved(void *arg, struct mgcp_gw *gw)
{
	gateway_place_keep(arg, gw);
}

/* One whose address is a name, or "": where it was found last. */
static int find_place(struct gateways *g, struct mgcp_gw_params *p, const char *address)
{
	struct addr a = {0};
	p->may_be_at = *address ? NULL : may_be_at;
	p->on_moved = on_moved;
	int err = gateway_place_find(g, g->n, p->name, address, &a);
	if (!err && addr_is_set(&a) && (*address || may_be_in(g, g->n, &a)))
		p->addr = a;
	return err;
}

static int add_gateway(struct gateways *g, struct mgcp_gw_params *p, const char *address)
{
	p->on_state = on_state;
	p->arg = g;
	if (g->n == GATEWAYS_MAX)
		return -E2BIG;
	bool fixed = *address && !addr_parse(&p->addr, slice_str(address), 2427);
	int err = fixed ? 0 : find_place(g, p, address);
	if (!err)
		err = p->profile ? mgcp_gw_new(&g->gw[g->n], g->peer, p) : -EINVAL;
	if (!err)
		g->n++;
	return err || fixed || !*address ? err : gateway_named(g, g->gw[g->n - 1], address);
}

static void read_networks(struct gateways *g, const struct conf_part *p)
{
	unsigned *n = &g->n_networks[g->n];
	for (unsigned i = 0; i < conf_list_count(p, "networks") && *n < GATEWAY_NETWORKS; i++)
		*n += !prefix_parse(&g->networks[g->n][*n], slice_str(conf_list_at(p, "networks", i)));
}

/* Whether sections of that kind are about lines of a gateway; "": of this box. */
static bool has_lines(const struct conf *conf, const char *section, const char *gateway)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(conf, section, i)); i++)
		if (!strcmp(conf_string(p, "gateway"), gateway))
			return true;
	return false;
}

/* By the choices of gateway.profile; auto: one that lines are of has lines, any other relays. */
static const char *profile_of(const struct conf *conf, const struct conf_part *p)
{
	static const char *const profiles[] = {NULL, "tandem", "osmo-mgw", "rfc3435", "lines"};
	const char *chosen = profiles[conf_int(p, "profile")];
	return chosen ? chosen : has_lines(conf, "line", conf_title(p)) ? "lines" : "tandem";
}

/* What other makers' gateways are called when nobody says: their address, as a name or in brackets (RFC 3435 2.1.2). */
static void domain_of(struct buf *ret, const struct conf_part *p, const char *profile)
{
	struct addr a;
	struct slice host = slice_str(conf_string(p, "address"));
	if (*conf_string(p, "domain") || strcmp(profile, "lines")) {
		buf_str(ret, conf_string(p, "domain"));
	} else if (!slice_empty(host) && !addr_parse(&a, host, 2427)) {
		char ip[ADDR_STR_LEN];
		buf_printf(ret, "[%s]", addr_ip_str(&a, ip));
	} else {
		buf_slice(ret, slice_cut(&host, ':'));
	}
	buf_z(ret);
}

static int add_configured(struct gateways *g, const struct conf *conf, const struct conf_part *p)
{
	const char *profile = profile_of(conf, p);
	char text[256] = "";
	struct buf domain = buf_fixed(text, sizeof(text));
	domain_of(&domain, p, profile);
	struct mgcp_gw_params params = {
		.name = conf_title(p),
		.domain = text,
		.entity = conf_string(p, "notified-entity"),
		.profile = mgcp_profile_find(profile),
	};
	read_networks(g, p);
	return add_gateway(g, &params, conf_string(p, "address"));
}

static bool has_relay(const struct gateways *g)
{
	for (unsigned i = 0; i < g->n; i++)
		if (mgcp_gw_relays(g->gw[i]))
			return true;
	return false;
}

/* The one of this box: for its lines, and for calls unless another one has packet relays. One that is as ours stands for it. */
static int add_own(struct gateways *g, const struct conf *conf)
{
	const struct conf_part *media = conf_section(conf, "media"), *p;
	struct mgcp_gw_params params = {.name = GATEWAY_OWN, .domain = conf_string(media, "domain"), .profile = mgcp_profile_find("tandem")};
	bool lines = has_lines(conf, "line", "") || has_lines(conf, "isdn", "");
	for (unsigned i = 0; (p = conf_titled(conf, "gateway", i)); i++)
		if (!strcmp(profile_of(conf, p), "tandem") || (!lines && strcmp(profile_of(conf, p), "lines")))
			return 0;
	bool relayed = has_relay(g);
	int err = add_gateway(g, &params, conf_string(media, "bind"));
	if (!err && relayed)
		g->lines_only = g->gw[g->n - 1];
	return err;
}

static int add_all(struct gateways *g, const struct conf *conf)
{
	const struct conf_part *p;
	int err = 0;
	for (unsigned i = 0; !err && (p = conf_titled(conf, "gateway", i)); i++)
		err = add_configured(g, conf, p);
	return err ? err : add_own(g, conf);
}

int gateways_open(struct gateways *g, const struct conf *conf, const struct gateways_params *with, struct buf *why)
{
	const struct conf_part *p = conf_section(conf, "agent");
	struct mgcp_peer_params params = {
		.fd = fdstore_take(FD_NAME),
		.timers = mgcp_default_timers,
		.on_command = on_command,
		.on_trace = on_trace,
		.arg = g,
	};
	params.timers.rto_ms = (uint32_t)conf_int(p, "retry-min");
	params.timers.rto_max_ms = (uint32_t)conf_int(p, "retry-max");
	params.timers.t_max_ms = (uint32_t)conf_int(p, "t-max");
	params.timers.t_hist_ms = (uint32_t)conf_int(p, "t-hist");
	g->t_max_ms = params.timers.t_max_ms;
	g->p = *with;
	list_init(&g->named);
	int err = addr_parse(&params.local, slice_str(conf_string(p, "bind")), 2727);
	if (!err)
		err = mgcp_peer_open(&g->peer, &params);
	if (err) {
		buf_printf(why, "agent.bind %s: %s", conf_string(p, "bind"), strerror(-err));
		return err;
	}
	fdstore_put(FD_NAME, mgcp_peer_fd(g->peer));
	err = add_all(g, conf);
	if (!err)
		err = gateway_places_clean(g);
	if (err)
		buf_printf(why, "gateways: %s", strerror(-err));
	g->audit_ms = (uint64_t)conf_int(p, "audit");
	if (!err && g->audit_ms)
		timer_start(&g->audit, g->audit_ms, audit, g);
	return err;
}

void gateways_resync(struct gateways *g)
{
	for (unsigned i = 0; i < g->n; i++)
		mgcp_gw_resync(g->gw[i]);
}

struct mgcp_gw *gateways_find(const struct gateways *g, struct slice name)
{
	for (unsigned i = 0; i < g->n; i++)
		if (slice_eq(slice_str(mgcp_gw_name(g->gw[i])), name))
			return g->gw[i];
	return NULL;
}

struct mgcp_gw *gateways_own(const struct gateways *g)
{
	struct mgcp_gw *own = gateways_find(g, SLICE(GATEWAY_OWN));
	for (unsigned i = 0; i < g->n && !own; i++)
		own = mgcp_gw_relays(g->gw[i]) ? g->gw[i] : NULL;
	return own;
}

void gateways_close(struct gateways *g)
{
	timer_stop(&g->audit);
	gateway_names_close(g);
	g->lines_only = NULL;
	for (; g->n; g->n--)
		g->gw[g->n - 1] = mem_deref(g->gw[g->n - 1]);
	for (unsigned i = 0; i < GATEWAYS_MAX; i++) {
		mem_free(g->place[i]);
		g->place[i] = NULL;
	}
	memset(g->n_networks, 0, sizeof(g->n_networks));
	g->peer = mem_deref(g->peer);
}

struct mgcp_gw *gateways_pick(struct gateways *g)
{
	struct mgcp_gw *maybe = NULL;
	for (unsigned i = 0; i < g->n; i++) {
		struct mgcp_gw *gw = g->gw[(g->next + i) % g->n];
		enum mgcp_gw_state s = mgcp_gw_state(gw);
		if (!mgcp_gw_relays(gw) || gw == g->lines_only)
			continue;
		if (s == MGCP_GW_UP) {
			g->next = (g->next + i + 1) % g->n;
			return gw;
		}
		if (s == MGCP_GW_UNKNOWN && !maybe)
			maybe = gw;
	}
	return maybe;
}
