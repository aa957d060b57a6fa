// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/verbs.h"
#include "callagent/agent.h"
#include <errno.h>

#define CDR_LIMIT     50
#define CDR_LIMIT_MAX 10000

static int no_memory(struct buf *why)
{
	buf_str(why, "out of memory");
	return -ENOMEM;
}

static int show_calls(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	struct call *c;
	json_t *list = json_array();
	if (!list)
		return no_memory(why);
	list_foreach(c, &a->calls.all, link) {
		json_t *row = call_json(c);
		if (row)
			json_array_append_new(list, row);
	}
	proxied_list(a, list);
	*result = list;
	return 0;
}

static int show_registrations(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	json_t *list = registrar_json(a->registrar);
	if (!list)
		return no_memory(why);
	*result = list;
	return 0;
}

static int add_connection(void *arg, const struct sip_conn_info *c)
{
	char local[ADDR_STR_LEN], peer[ADDR_STR_LEN];
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "transport",
				sip_transports[c->listener->transport].name, "address", c->listener->name, "local", addr_str(c->local, local), "peer",
				addr_str(c->peer, peer), "state", c->state, "accepted", c->accepted, "age_ms", (json_int_t)c->age_ms, "idle_ms",
				(json_int_t)c->idle_ms, "rx_bytes", (json_int_t)c->rx_bytes, "tx_bytes", (json_int_t)c->tx_bytes, "queued",
				(json_int_t)c->queued, "tls", c->tls, "names", c->names);
	return json_array_append_new(arg, row) ? -ENOMEM : 0;
}

static int show_connections(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	json_t *list = json_array();
	if (!list || sip_conns_each(a->sip, add_connection, list)) {
		json_decref(list);
		return no_memory(why);
	}
	*result = list;
	return 0;
}

static int show_gateways(void *arg, json_t *args, json_t **result, struct buf *why)
{
	static const char *const states[] = {[MGCP_GW_UNKNOWN] = "unknown", [MGCP_GW_UP] = "up", [MGCP_GW_DOWN] = "down"};
	struct agent *a = arg;
	json_t *list = json_array();
	if (!list)
		return no_memory(why);
	for (unsigned i = 0; i < a->gateways.n; i++) {
		const struct mgcp_gw *gw = a->gateways.gw[i];
		char address[ADDR_STR_LEN] = "";
		if (addr_is_set(mgcp_gw_addr(gw)))
			addr_str(mgcp_gw_addr(gw), address);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "gateway", mgcp_gw_name(gw), "state", states[mgcp_gw_state(gw)], "address", address));
	}
	*result = list;
	return 0;
}

static int show_cdr(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	const json_t *limit = json_object_get(args, "limit");
	json_int_t n = json_is_integer(limit) ? json_integer_value(limit) : CDR_LIMIT;
	if (n < 1 || n > CDR_LIMIT_MAX) {
		buf_printf(why, "limit: expected 1 to %d", CDR_LIMIT_MAX);
		return -EINVAL;
	}
	json_t *rows = cdr_json(a->cdr, (unsigned)n);
	if (!rows) {
		buf_str(why, "the records cannot be read");
		return -EIO;
	}
	*result = rows;
	return 0;
}

static int hangup(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	const char *id = json_string_value(json_object_get(args, "call"));
	struct call *c = id ? calls_find(&a->calls, slice_str(id)) : NULL;
	if (!c && id && proxied_hang_up(a, slice_str(id))) {
		json_t *ended = json_pack("{s:s}", "call", id);
		*result = ended ? ended : json_null();
		return 0;
	}
	if (!c) {
		buf_str(why, id ? "no such call" : "call: expected the id of a call, as show calls lists them");
		return id ? -ENOENT : -EINVAL;
	}
	json_t *said = json_pack("{s:s}", "call", c->id);
	call_end(c, CALL_BY_OPERATOR, &(struct leg_news){.status = 480, .cause = 16, .words = "ended by the operator"});
	*result = said ? said : json_null();
	return 0;
}

const struct ctl_verb verbs[] = {
	{"show calls", "calls in progress", show_calls, NULL, NULL},
	{"show registrations", "phones that are registered", show_registrations, NULL, NULL},
	{"show connections", "TCP and TLS connections of SIP", show_connections, NULL, NULL},
	{"show gateways", "media gateways and whether they answer", show_gateways, NULL, NULL},
	{"show cdr", "the newest call detail records", show_cdr, "limit=N", NULL},
	{"hangup", "ends a call", hangup, "call=ID", NULL},
	{0},
};
