// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/control.h"
#include "base/timer.h"
#include "mediagw/events.h"
#include "mediagw/line_media.h"
#include "mediagw/quality.h"
#include "mediagw/record.h"
#include "mediagw/service.h"
#include <errno.h>

static const char *const engine_names[FP_ENGINES] = {
	[FP_NULL] = "null", [FP_KMOD] = "module", [FP_XDP_GENERIC] = "xdp-generic", [FP_XDP_NATIVE] = "xdp-native",
};

static json_t *addr_json(const struct addr *a)
{
	char text[ADDR_STR_LEN];
	return addr_is_set(a) ? json_string(addr_str(a, text)) : json_null();
}

static json_t *ip_json(const struct addr *a)
{
	char text[ADDR_STR_LEN];
	return json_string(addr_ip_str(a, text));
}

/* Two digits after the point are enough for people and do not pretend more. */
static double rounded(double v)
{
	return (double)(uint64_t)(v * 100 + 0.5) / 100;
}

static json_t *by_engine(const struct fp_stats *st)
{
	json_t *o = json_object();
	for (unsigned i = 0; i < FP_ENGINES; i++)
		json_object_set_new(o, engine_names[i], json_integer((json_int_t)st->by_engine[i]));
	return o;
}

/* Why not native XDP, and why not the module either: names for programs in `reasons`, one text for people. */
static void put_whys(json_t *row, const struct fp_stats *st)
{
	json_t *names = json_array();
	struct buf text = buf_growing();
	const enum fp_why whys[] = {st->why, st->why_no_module};
	for (size_t i = 0; i < sizeof whys / sizeof whys[0]; i++) {
		if (whys[i] == FP_WHY_FASTEST || (i && whys[i] == whys[0]))
			continue;
		json_array_append_new(names, json_string(fp_why_name(whys[i])));
		buf_printf(&text, "%s%s", text.len ? "; " : "", fp_why_text(whys[i]));
	}
	json_object_set_new(row, "why", text.len ? json_string(buf_z(&text)) : json_null());
	json_object_set_new(row, "reasons", names);
	buf_reset(&text);
}

static json_t *stream(const struct conn *c)
{
	struct quality q;
	struct addr local = c->address->local[c->family];
	quality_read(c, &q);
	local.port = c->port;
	json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:f, s:f, s:b, s:s, s:s, s:I, s:I, s:o}",
			 "call", c->call, "endpoint", c->ep->name, "connection", c->id, "local", addr_json(&local),
			 "remote", addr_json(addr_is_set(&q.raw.remote) ? &q.raw.remote : &c->remote),
			 "engine", engine_names[q.raw.engine < FP_ENGINES ? q.raw.engine : FP_NULL],
			 "packets", (json_int_t)q.packets, "bytes", (json_int_t)q.bytes, "lost", (json_int_t)q.lost,
			 "jitter_ms", rounded(q.figures.jitter_ms), "mos", rounded(q.figures.mos), "latched", q.raw.latched,
			 "mode", conn_mode_name(c->mode), "codec", c->codec, "refused", (json_int_t)q.raw.refused,
			 "sent", (json_int_t)q.sent_packets, "by_engine", by_engine(&q.raw));
	json_object_set_new(row, "sources", json_string(c->latch ? "nat" : "strict"));
	json_object_set_new(row, "ssrc", json_sprintf("%08x", q.raw.ssrc));
	json_object_set_new(row, "rebinds", json_integer(c->rebinds));
	json_object_set_new(row, "new_ssrcs", json_integer(c->ssrcs));
	json_object_set_new(row, "digits", json_integer(c->digits));
	json_object_set_new(row, "events_lost", json_integer(c->ep->notifier ? (json_int_t)mgcp_notifier_lost(c->ep->notifier) : 0));
	json_object_set_new(row, "line", c->line ? line_counters(c->line) : json_null());
	put_whys(row, &q.raw);
	return row;
}

/* How much of a long answer is made in one turn of the loop: a row costs some 20 us, an endpoint that is not in use one look. */
#define ENDPOINTS_A_TURN 16
#define PLACES_A_TURN    16384

/* Appends `put`'s rows of the endpoints from place *at on. */
static int endpoint_rows(struct gateway *gw, uint64_t *at, json_t *rows, json_t *args,
			 void (*put)(json_t *rows, const struct endpoint *e, json_t *args))
{
	const uint64_t max = gw ? endpoint_places(gw) : 0;
	for (unsigned seen = 0, told = 0; *at < max && seen < PLACES_A_TURN && told < ENDPOINTS_A_TURN; seen++, ++*at) {
		const struct endpoint *e = endpoint_find(gw, (uint32_t)*at);
		if (e) {
			put(rows, e, args);
			told++;
		}
	}
	return *at < max;
}

static void put_streams(json_t *rows, const struct endpoint *e, json_t *args)
{
	const char *call = json_string_value(json_object_get(args, "call"));
	struct conn *c;
	list_foreach(c, &e->conns, link)
		if (!call || !strcmp(call, c->call))
			json_array_append_new(rows, stream(c));
}

static int show_streams(void *arg, json_t *args, uint64_t *at, json_t *rows)
{
	return endpoint_rows(*(struct gateway **)arg, at, rows, args, put_streams);
}

static bool is_named(const struct conn *c, struct slice name)
{
	return slice_eq(name, slice_str(c->id)) || slice_eq(name, slice_str(c->ep->name));
}

static int engine_named(const char *name, enum fp_want *ret)
{
	static const struct {
		const char *name;
		enum fp_want engine;
	} rows[] = {{"auto", FP_WANT_AUTO}, {"module", FP_WANT_MODULE}, {"null", FP_WANT_NULL}};
	for (size_t i = 0; name && i < sizeof rows / sizeof rows[0]; i++)
		if (!strcmp(name, rows[i].name)) {
			*ret = rows[i].engine;
			return 0;
		}
	return -EINVAL;
}

static int set_engine(struct conn *c, enum fp_want engine)
{
	c->engine = engine;
	c->engine_set = true;
	int err = conn_apply(c);
	if (!err)
		record_put(c);
	return err;
}

/* Packets that flow go on by the other engine: they are judged by the same slot. */
static int stream_engine(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct gateway *gw = *(struct gateway **)arg;
	struct slice name = slice_str(json_string_value(json_object_get(args, "stream")));
	enum fp_want engine;
	struct conn *c;
	int err = engine_named(json_string_value(json_object_get(args, "engine")), &engine);
	if (err) {
		buf_str(why, "the engine is one of auto, module, null");
		return err;
	}
	json_t *list = json_array();
	if (gw && slice_is_set(name))
		list_foreach(c, &gw->conns, all)
			if (!err && c->ep && is_named(c, name) && !(err = set_engine(c, engine)))
				json_array_append_new(list, stream(c));
	if (!err && !json_array_size(list)) {
		buf_str(why, "no such endpoint or connection");
		err = -ENOENT;
	}
	if (err)
		json_decref(list);
	else
		*result = list;
	return err;
}

static const char *state_of(const struct endpoint *e)
{
	return e->n_conns && e->n_conns >= (e->line ? 1 : e->kind->connections) ? "joined" : e->n_conns ? "half" : "idle";
}

static void put_endpoint(json_t *rows, const struct endpoint *e, json_t *args)
{
	json_t *conns;
	struct conn *c;
	const char *line = e->events->state ? e->events->state(e) : "";
	if (e->kind->lasting && !e->n_conns && !*line)
		return;
	conns = json_array();
	list_foreach(c, &e->conns, link)
		json_array_append_new(conns, json_string(c->id));
	json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:o}", "endpoint", e->name, "state", state_of(e), "line", line, "connections", conns));
}

static int show_endpoints(void *arg, json_t *args, uint64_t *at, json_t *rows)
{
	return endpoint_rows(*(struct gateway **)arg, at, rows, args, put_endpoint);
}

static int show_engines(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct gateway *gw = *(struct gateway **)arg;
	*result = gw ? fastpath_engines(gw->p.fp) : json_array();
	return *result ? 0 : -ENOMEM;
}

/* Addresses and how much of their port ranges is in use. */
static int show_ports(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct gateway *gw = *(struct gateway **)arg;
	json_t *list = json_array();
	for (unsigned i = 0; gw && i < gw->p.addresses->n; i++) {
		const struct address *a = &gw->p.addresses->list[i];
		for (enum family f = 0; f < FAMILIES; f++)
			if (a->ports[f])
				json_array_append_new(list, json_pack("{s:s, s:o, s:i, s:i, s:i, s:i}", "address", a->name,
								      "local", ip_json(&a->local[f]), "first", a->port_min, "last",
								      a->port_max, "used", (int)ports_used(a->ports[f]), "total",
								      (int)ports_total(a->ports[f])));
	}
	*result = list;
	return list ? 0 : -ENOMEM;
}

static int show_agents(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct gateway *gw = *(struct gateway **)arg;
	*result = gw ? rsip_json(gw) : json_array();
	return *result ? 0 : -ENOMEM;
}

/* A number, or its digits as tandemctl has them. */
static int seconds_of(const json_t *v, uint32_t *ret)
{
	*ret = (uint32_t)json_integer_value(v);
	return json_is_string(v) && slice_u32(slice_str(json_string_value(v)), ret) ? -EINVAL : 0;
}

static int service(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct gateway *gw = *(struct gateway **)arg;
	const char *method = json_string_value(json_object_get(args, "method"));
	enum mgcp_restart_method m;
	uint32_t delay_s;
	if (!method || mgcp_restart_method_parse(slice_str(method), &m) || m == MGCP_DISCONNECTED || seconds_of(json_object_get(args, "delay"), &delay_s)) {
		buf_str(why, "one of restart, graceful, forced and cancel-graceful, and a delay in seconds");
		return -EINVAL;
	}
	int err = gw ? service_set(gw, m, delay_s) : -EAGAIN;
	if (err)
		buf_str(why, err == -EALREADY ? "nothing to do: the gateway's service is so already" : "the gateway is starting");
	else
		*result = rsip_json(gw);
	return err ? err : *result ? 0 : -ENOMEM;
}

const struct ctl_verb control_verbs[] = {
	{"show streams", "every media stream: addresses, engine and why not a faster one, packets, loss, jitter, MOS", NULL, "call=ID",
	 show_streams},
	{"stream engine", "who may relay what arrives at a stream's ports: auto, module (no faster one) or null (tandem-mg)", stream_engine,
	 "stream=ENDPOINT|CONN engine=auto|module|null", NULL},
	{"show endpoints", "endpoints in use and their connections", NULL, NULL, show_endpoints},
	{"show engines", "interfaces, what forwards packets there, and why nothing faster does", show_engines, NULL, NULL},
	{"show call-agents", "whom the endpoints tell what happens, where that is now, and whether they know of the gateway's service", show_agents, NULL, NULL},
	{"service", "takes the gateway out of service, at once or gracefully, and back", service, "method=restart|graceful|forced|cancel-graceful delay=SECONDS", NULL},
	{"show ports", "addresses and their port ranges: used and total pairs", show_ports, NULL, NULL},
	{0},
};

void control_trace(struct ctl *ctl, bool sent, const struct addr *local, const struct addr *peer, struct slice text)
{
	if (!ctl || !ctl_wanted(ctl, "trace"))
		return;
	json_t *words = json_stringn(text.p, text.len);
	ctl_publish(ctl, "trace", json_pack("{s:I, s:s, s:s, s:o, s:o, s:o}", "time", (json_int_t)clock_utc_ms(), "proto", "mgcp",
					    "dir", sent ? "out" : "in", "local", addr_json(local), "peer", addr_json(peer), "text",
					    words ? words : json_string("(not text)")));
}
