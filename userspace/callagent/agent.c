// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/agent.h"
#include "base/daemon.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/abilities.h"
#include "callagent/core.h"
#include "callagent/agent_guard.h"
#include "callagent/emergency_call.h"
#include "callagent/keys.h"
#include "callagent/leg_isdn.h"
#include "callagent/message_waiting.h"
#include "callagent/names.h"
#include "callagent/outcome.h"
#include "callagent/relay.h"
#include "callagent/transfer.h"
#include <errno.h>
#include <stdio.h>

#define STORE_BYTES (256UL << 20)

static const char *const store_tables[] = {
	[AGENT_STORE_BINDINGS] = "bindings", [AGENT_STORE_CDR] = "cdr", [AGENT_STORE_CALLS] = "calls", [AGENT_STORE_KEYS] = "keys",
	[AGENT_STORE_SUBSCRIPTIONS] = "subscriptions", [AGENT_STORE_FRAUD] = "fraud", [AGENT_STORE_CALLBACKS] = "callbacks",
	[AGENT_STORE_TRUNKS] = "trunks", [AGENT_STORE_PROXIED] = "proxied", [AGENT_STORE_LINES] = "lines", [AGENT_STORE_MESSAGES] = "messages",
	[AGENT_STORE_GATEWAYS] = "gateways", NULL,
};

/* --- trace ---------------------------------------------------------------------------------------------------------- */

static void publish(const char *protocol, const char *transport, bool sent, const struct addr *local, const struct addr *peer, struct slice text)
{
	char l[ADDR_STR_LEN] = "", p[ADDR_STR_LEN] = "";
	if (local)
		addr_str(local, l);
	addr_str(peer, p);
	json_t *e = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s%}", "proto", protocol, "transport", transport, "dir", sent ? "out" : "in", "time", (json_int_t)clock_utc_ms(),
			      "local", l, "peer", p, "text", text.p ? text.p : "", text.len);
	if (e)
		ctl_publish(daemon_ctl(), "trace", e);
}

static void on_sip_trace(void *arg, bool sent, const struct sip_listener *at, const struct addr *local, const struct addr *peer, struct slice text)
{
	publish("sip", sip_transports[at->transport].name, sent, local, peer, text);
}

static void on_mgcp_trace(void *arg, bool sent, const struct addr *peer, struct slice text)
{
	struct agent *a = arg;
	publish("mgcp", "udp", sent, a->gateways.peer ? mgcp_peer_local(a->gateways.peer) : NULL, peer, text);
}

void agent_trace(struct agent *a)
{
	const struct conf_part *p = conf_section(a->conf, "trace");
	bool wanted = daemon_ctl() && ctl_wanted(daemon_ctl(), "trace");
	if (a->sip)
		sip_stack_trace(a->sip, wanted && conf_bool(p, "sip"));
	if (a->gateways.peer)
		mgcp_peer_trace(a->gateways.peer, wanted && conf_bool(p, "mgcp"));
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

static int open_store(struct agent *a, struct buf *why)
{
	char path[512];
	struct buf b = buf_fixed(path, sizeof(path));
	buf_printf(&b, "%s/ca", conf_string(conf_section(a->conf, "state"), "directory"));
	const char *z = buf_z(&b);
	int err = b.err ? b.err : store_open(&a->store, z, store_tables, STORE_BYTES);
	if (err)
		buf_printf(why, "store %s: %s", z, strerror(-err));
	return err;
}

static int open_cdr(struct agent *a, struct buf *why)
{
	const char *file = conf_string(conf_section(a->conf, "cdr"), "file");
	char path[512];
	struct buf b = buf_fixed(path, sizeof(path));
	if (!*file)
		return 0;
	if (*file != '/')
		buf_printf(&b, "%s/", conf_string(conf_section(a->conf, "state"), "directory"));
	buf_str(&b, file);
	struct cdr_log_params p = {.file = buf_z(&b), .journal = a->store, .table = AGENT_STORE_CDR};
	int err = b.err ? b.err : cdr_log_open(&a->cdr, &p);
	if (err)
		buf_printf(why, "call records %s: %s", p.file, strerror(-err));
	return err;
}

static void take_limits(struct agent *a)
{
	const struct conf_part *sip = conf_section(a->conf, "sip");
	/* Seconds on the wire; the gateway is told only when it shall watch. */
	a->calls.silence_s = (uint32_t)((conf_int(conf_section(a->conf, "media"), "silence-timeout") + 999) / 1000);
	a->calls.most = (size_t)conf_int(sip, "max-calls");
	a->calls.most_of_user = (unsigned)conf_int(sip, "max-calls-per-user");
	a->calls.longest_ms = (uint64_t)conf_int(sip, "max-duration");
	a->calls.ring_ms = (uint64_t)conf_int(sip, "ring-timeout");
}

static struct sip_limits message_limits(const struct conf *conf)
{
	const struct conf_part *p = conf_section(conf, "limits");
	return (struct sip_limits){
		.message = (uint32_t)conf_int(p, "message"), .headers = (uint32_t)conf_int(p, "headers"),
		.header = (uint32_t)conf_int(p, "header"),   .uri = (uint32_t)conf_int(p, "uri"),
		.via = (uint32_t)conf_int(p, "via"),         .route = (uint32_t)conf_int(p, "route"),
		.contact = (uint32_t)conf_int(p, "contact"), .body = (uint32_t)conf_int(p, "body"),
	};
}

static void on_disconnected(void *arg, const struct sip_listener *l, const struct addr *peer)
{
	struct agent *a = arg;
	if (!a->stopping)
		trunks_disconnected(&a->trunks, l->transport, peer);
}

static struct sip_conn_limits connection_limits(const struct conf *conf)
{
	const struct conf_part *p = conf_section(conf, "connections");
	return (struct sip_conn_limits){
		.total = (unsigned)conf_int(p, "max"),
		.per_source = (unsigned)conf_int(p, "max-per-source"),
		.receive_ms = (uint32_t)conf_int(p, "receive-timeout"),
		.idle_ms = (uint32_t)conf_int(p, "idle-timeout"),
		.keepalive_ms = (uint32_t)conf_int(p, "keep-alive"),
		.queue = (size_t)conf_int(p, "queue"),
	};
}

static int open_sip(struct agent *a, struct buf *why)
{
	const struct conf_part *p = conf_section(a->conf, "sip");
	struct sip_stack_params params = {
		.timers = {.t1 = (uint32_t)conf_int(p, "t1"), .t2 = (uint32_t)conf_int(p, "t2"), .t4 = (uint32_t)conf_int(p, "t4")},
		.probe_ms = (uint32_t)conf_int(p, "probe-interval"),
		.server = conf_string(p, "user-agent"),
		.methods = abilities_methods,
		.extensions = abilities_extensions,
		.session_expires_s = (uint32_t)(conf_int(p, "session-expires") / 1000),
		.min_se_s = (uint32_t)(conf_int(p, "min-se") / 1000),
		.on_request = core_on_request,
		.core = roles_core,
		.on_proxy = roles_on_proxy,
		.on_stateless = roles_on_stateless,
		.on_trace = on_sip_trace,
		.on_disconnected = on_disconnected,
		.arg = a,
		.limits = message_limits(a->conf),
		.conns = connection_limits(a->conf),
		.watch = agent_watch(a),
		.locator = a->locator,
	};
	int err = config_addresses(a->conf, &a->addresses, &a->n_addresses, true, why);
	if (err)
		return err;
	err = sip_stack_open(&a->sip, &params);
	if (err)
		buf_printf(why, "SIP: %s", strerror(-err));
	else
		agent_guard_reload(a);
	return err ? err : listeners_open(&a->listeners, a->sip, a->conf, a->addresses, a->n_addresses, why);
}

static void on_moved(void *arg, const struct binding *was, const struct sip_msg *req)
{
	struct agent *a = arg;
	if (req->listener)
		sip_stack_moved(a->sip, was->transport, &was->source, req->listener, &req->src);
}

static int open_registrar(struct agent *a, struct buf *why)
{
	struct registrar_params p = {
		.conf = a->conf,
		.store = a->store,
		.bindings_table = AGENT_STORE_BINDINGS,
		.on_moved = on_moved,
		.arg = a,
	};
	int err = keys_get(a->store, AGENT_STORE_KEYS, "gruu", p.gruu_key);
	if (!err)
		err = registrar_new(&a->registrar, &p);
	if (err)
		buf_printf(why, "registrar: %s", strerror(-err));
	return err;
}

static struct mgcp_gw *gateway_of(void *arg, struct slice name)
{
	struct agent *a = arg;
	return gateways_find(&a->gateways, name);
}

static struct trunk *trunk_of(void *arg, const char *name)
{
	struct agent *a = arg;
	return trunks_find(&a->trunks, slice_str(name));
}

/* A call's later records have its id and a number. */
static bool is_alive(void *arg, struct slice id)
{
	struct agent *a = arg;
	struct slice rest = id;
	const struct call *c = calls_find(&a->calls, slice_cut(&rest, '-'));
	return c && slice_eq(id, slice_str(c->cdr.id));
}

/* What was cut short is taken up again, in this order: calls, the records of those that are no more, what the gateways have. */
static int take_over(struct agent *a, struct buf *why)
{
	a->home = (struct leg_sip_home){.stack = a->sip, .trunk = trunk_of, .arg = a};
	const struct leg_maker makers[] = {
		{"sip", leg_sip_restore, &a->home}, {"isdn", leg_isdn_restore, a}, {"mgcp", leg_mgcp_restore, &a->mgcp_lines}, {0},
	};
	const struct calls_past past = {
		.store = a->store, .table = AGENT_STORE_CALLS, .makers = makers, .gateway = gateway_of, .arg = a,
	};
	a->calls.cdr = a->cdr;
	mgcp_lines_open(&a->mgcp_lines, a);
	int err = message_waiting_restore(a) ?: calls_restore(&a->calls, &past);
	agent_guard_calls(a);
	emergency_taken_over(&a->calls);
	err = err ? err : proxied_restore(a);
	if (!err)
		err = cdr_log_recover(a->cdr, is_alive, a);
	if (err)
		buf_printf(why, "calls of an earlier process: %s", strerror(-err));
	gateways_resync(&a->gateways);
	mgcp_lines_start(&a->mgcp_lines);
	return err;
}

static int open_callbacks(struct agent *a)
{
	int err = callbacks_new(&a->callbacks, a->store, AGENT_STORE_CALLBACKS);
	if (!err)
		a->calls.callbacks = a->callbacks;
	return err;
}

static void on_empty(void *arg)
{
	struct agent *a = arg;
	if (a->stopping && a->on_stopped)
		a->on_stopped();
}

static bool on_preempt(void *arg, const char *trunk)
{
	return proxied_preempt(arg, trunk);
}

int agent_open(struct agent *a, const struct conf *conf, struct buf *why)
{
	struct gateways_params gateways = {.table = AGENT_STORE_GATEWAYS, .trace = {.fn = on_mgcp_trace, .arg = a}};
	a->conf = mem_ref((void *)(uintptr_t)conf);
	outcome_register();
	relay_register();
	int err = calls_init(&a->calls) ?: proxied_init(a);
	a->calls.on_empty = on_empty;
	a->calls.preempt = on_preempt;
	a->calls.arg = a;
	transfer_open(a);
	take_limits(a);
	err = err ? err : open_store(a, why);
	err = err ? err : open_cdr(a, why);
	err = err ? err : open_registrar(a, why);
	err = err ? err : trunks_load(&a->trunks, conf, NULL) ?: trunks_keep(&a->trunks, a->store, AGENT_STORE_TRUNKS);
	err = err ? err : tel_lines_load(&a->tel_lines, conf, NULL) ?: tel_lines_keep(&a->tel_lines, a->store, AGENT_STORE_LINES);
	err = err ? err : routing_new(&a->routing, conf);
	err = err ? err : agent_guard_open(a, why);
	gateways.store = a->store;
	err = err ? err : gateways_open(&a->gateways, conf, &gateways, why);
	err = err ? err : names_open(a, why);
	if (!err)
		gateways_resolve(&a->gateways, sip_locator_dns(a->locator));
	err = err ? err : open_sip(a, why);
	err = err ? err : roles_open(a, why);
	err = err ? err : subscriptions_open(&a->subscriptions, a->sip, a->store, AGENT_STORE_SUBSCRIPTIONS);
	err = err ? err : open_callbacks(a);
	err = err ? err : trunks_start(&a->trunks, a->sip, a->locator);
	err = err ? err : leg_isdn_open(a);
	err = err ? err : take_over(a, why);
	if (err && !why->len)
		buf_str(why, strerror(-err));
	return err;
}

/* --- changing and closing ------------------------------------------------------------------------------------------- */

static const char *const fixed_sections[] = {"state", "address", "agent", "gateway", "cdr"};

static void tell_fixed(const struct conf *was, const struct conf *now)
{
	for (size_t i = 0; i < sizeof(fixed_sections) / sizeof(fixed_sections[0]); i++)
		if (!conf_same(was, now, fixed_sections[i]))
			log_warn("configuration", "section %s has changed: that takes effect when tandem-ca is restarted", fixed_sections[i]);
}

int agent_reload(struct agent *a, const struct conf *was, const struct conf *now, struct buf *why)
{
	struct routing *routing = NULL;
	struct role_table *table = NULL;
	struct trunks trunks = {0};
	struct tel_lines tel_lines = {0};
	int err = listeners_reload(&a->listeners, now, why);
	if (err)
		return err;
	err = role_table_new(&table, now);
	err = err ? err : trunks_load(&trunks, now, &a->trunks);
	err = err ? err : tel_lines_load(&tel_lines, now, &a->tel_lines);
	if (!err)
		err = routing_new(&routing, now);
	if (!err)
		err = registrar_reconfigure(a->registrar, now);
	err = err ? err : names_reconfigure(a, now, why);
	if (err) {
		buf_printf(why, "users, trunks and routes: %s", strerror(-err));
		mem_deref(routing);
		mem_deref(table);
		trunks_free(&trunks);
		tel_lines_free(&tel_lines);
		return err;
	}
	trunks_replace(&a->trunks, &trunks);
	tel_lines_replace(&a->tel_lines, &tel_lines);
	if (trunks_start(&a->trunks, a->sip, a->locator))
		log_error("configuration", "not every trunk is probed and registered: out of memory");
	routing_inherit(routing, a->routing);
	mem_deref(a->routing);
	a->routing = routing;
	mem_ref((void *)(uintptr_t)now);
	mem_deref(a->conf);
	a->conf = (struct conf *)(uintptr_t)now;
	take_limits(a);
	leg_isdn_reload(a);
	const struct sip_limits limits = message_limits(now);
	const struct sip_conn_limits conns = connection_limits(now);
	sip_stack_set_limits(a->sip, &limits, &conns);
	roles_reload(a, table);
	mgcp_lines_reload(&a->mgcp_lines);
	agent_guard_reload(a);
	agent_trace(a);
	tell_fixed(was, now);
	return 0;
}

bool agent_stop(struct agent *a)
{
	a->stopping = true;
	trunks_stop(&a->trunks);
	isdn_test_end(a, "tandem-ca is shutting down");
	proxied_end_all(a, "the gateway is shutting down");
	calls_end_all(&a->calls, "the gateway is shutting down");
	return !calls_count(&a->calls);
}

void agent_close(struct agent *a)
{
	a->on_stopped = NULL;
	proxied_close(a);
	calls_fini(&a->calls);
	isdn_test_close(a);
	a->isdn = mem_deref(a->isdn);
	a->callbacks = mem_deref(a->callbacks);
	subscriptions_close(&a->subscriptions);
	listeners_close(&a->listeners);
	a->sip = mem_deref(a->sip);
	gateway_names_close(&a->gateways);
	a->locator = mem_deref(a->locator);
	roles_close(a);
	mgcp_lines_close(&a->mgcp_lines);
	gateways_close(&a->gateways);
	a->registrar = mem_deref(a->registrar);
	agent_guard_close(a);
	a->routing = mem_deref(a->routing);
	trunks_free(&a->trunks);
	tel_lines_free(&a->tel_lines);
	a->cdr = mem_deref(a->cdr);
	a->store = mem_deref(a->store);
	mem_free(a->addresses);
	a->addresses = NULL;
	a->conf = mem_deref(a->conf);
}
