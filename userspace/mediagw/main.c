// SPDX-License-Identifier: GPL-3.0-or-later
/* tandem-mg: the order of things. Addresses, then the fast path, the telephone lines, what an earlier process left, and MGCP. */
#include "base/daemon.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/dns.h"
#include "config/schema.h"
#include "mediagw/control.h"
#include "mediagw/counters.h"
#include "mediagw/line_plan.h"
#include "mediagw/lines.h"
#include "mediagw/listen.h"
#include "mediagw/record.h"
#include "mediagw/service.h"
#include "tdm/kept.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_LOCALS      64
#define MAX_INTERFACES  64
#define STORE_BYTES     (256u << 20)
#define FORCED_WAIT_MS  500 /* how long the end waits for the call agent */

struct mg {
	struct gateway *gw; /* first: control_verbs take its address */
	struct addresses *addresses;
	struct fastpath *fp;
	struct store *store;
	struct dns *dns;
	struct listen listen;
	struct lines *lines;
	struct line_tests *tests;
	struct line_plans *plans;
	enum fp_want want;
	json_t *degraded; /* keys: interfaces of which the alarm is on */
};

static int open_addresses(struct mg *mg, const struct conf *conf, struct buf *why)
{
	struct config_address *list = NULL;
	unsigned n = 0;
	int err = config_addresses(conf, &list, &n, true, why);
	if (err)
		return err;
	err = addresses_new(&mg->addresses, list, n, why);
	mem_free(list);
	return err;
}

static void on_rtcp(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len)
{
	struct mg *mg = arg;
	if (mg->gw)
		gateway_rtcp(mg->gw, slot, src, data, len);
}

static void on_event(void *arg, uint32_t slot, unsigned event, uint32_t value)
{
	struct mg *mg = arg;
	if (mg->gw)
		gateway_event(mg->gw, slot, event, value);
}

/* Whether the row of fastpath_engines() is worse than what the operator named. "*" stands for the interfaces that run no XDP. */
static bool is_degraded(const json_t *row, enum fp_want want, bool only_row)
{
	static const char *const modes[] = {[FP_WANT_NATIVE] = "native", [FP_WANT_GENERIC] = "generic", [FP_WANT_MODULE] = "module"};
	const char *name = json_string_value(json_object_get(row, "interface"));
	const char *mode = json_string_value(json_object_get(row, "mode"));
	if (!name || !mode || want == FP_WANT_AUTO || want == FP_WANT_NULL || !strcmp(name, "lo"))
		return false;
	if (!strcmp(name, "*") && want != FP_WANT_MODULE && !only_row)
		return false;
	return strcmp(mode, modes[want]) != 0;
}

/* An operator who names an engine is told when another one runs. */
static void check_engines(struct mg *mg)
{
	json_t *rows = fastpath_engines(mg->fp), *degraded = json_object(), *row, *is;
	const char *name;
	size_t i;
	json_array_foreach(rows, i, row) {
		const char *interface = json_string_value(json_object_get(row, "interface"));
		const char *why = json_string_value(json_object_get(row, "why"));
		if (!is_degraded(row, mg->want, json_array_size(rows) == 1))
			continue;
		json_object_set_new(degraded, interface, json_true());
		alarm_raise(&alarm_engine, interface, why ? why : json_string_value(json_object_get(row, "mode")));
	}
	json_object_foreach(mg->degraded, name, is)
		if (!json_object_get(degraded, name))
			alarm_clear(&alarm_engine, name);
	json_decref(mg->degraded);
	mg->degraded = degraded;
	json_decref(rows);
}

/* On the thread that received it: a line's, or a test's. */
static bool on_rtp(void *arg, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns)
{
	return to == NETWTEST_DELIVER ? netwtest_rtp(slot, data, len, now_ns) : span_thread_rtp(arg, slot, to, data, len, now_ns);
}

static void on_engines(void *arg)
{
	struct mg *mg = arg;
	if (mg->fp)
		check_engines(mg);
}

static int open_fastpath(struct mg *mg, const struct conf *conf, struct buf *why)
{
	static const enum fp_want wants[] = {FP_WANT_AUTO, FP_WANT_NATIVE, FP_WANT_GENERIC, FP_WANT_MODULE, FP_WANT_NULL};
	const struct conf_part *media = conf_section(conf, "media");
	const char *pins = conf_string(conf_section(conf, "state"), "bpffs"), *interfaces[MAX_INTERFACES];
	struct fp_local locals[MAX_LOCALS];
	struct fp_params p = {
		.locals = locals,
		.n_locals = addresses_locals(mg->addresses, locals, MAX_LOCALS),
		.want = wants[conf_int(media, "engine")],
		.threads = (unsigned)conf_int(media, "threads"),
		.interfaces = interfaces,
		.keep_xdp = conf_bool(media, "keep-xdp"),
		.pin_dir = *pins ? pins : NULL,
		.handlers = {.rtcp = on_rtcp, .event = on_event, .engines = on_engines, .rtp = on_rtp},
		.arg = mg,
	};
	for (; p.n_interfaces < conf_list_count(media, "interfaces") && p.n_interfaces < MAX_INTERFACES; p.n_interfaces++)
		interfaces[p.n_interfaces] = conf_list_at(media, "interfaces", p.n_interfaces);
	if (!p.n_interfaces)
		p.interfaces = NULL;
	mg->want = p.want;
	int err = fastpath_open(&mg->fp, &p);
	if (err)
		buf_printf(why, "media engine: %s", strerror(-err));
	else
		check_engines(mg);
	return err;
}

static int open_store(struct mg *mg, const struct conf *conf, struct buf *why)
{
	struct buf path = buf_growing();
	buf_printf(&path, "%s/mg", conf_string(conf_section(conf, "state"), "directory"));
	int err = store_open(&mg->store, buf_z(&path), gateway_tables, STORE_BYTES);
	if (err)
		buf_printf(why, "store %s: %s", buf_z(&path), strerror(-err));
	buf_reset(&path);
	return err;
}

/* What says that connections are of this boot of the machine; empty where there is no such thing. */
static struct slice boot_id(char *mem, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, mem, size);
	if (fd >= 0)
		close(fd);
	return slice_trim(slice_of(mem, n > 0 ? (size_t)n : 0));
}

static bool is_known(void *arg, uint32_t slot)
{
	return conn_by_slot(arg, slot) != NULL;
}

static int open_gateway(struct mg *mg, const struct conf *conf, struct adoption *adopted)
{
	const struct conf_part *media = conf_section(conf, "media");
	struct gateway_params p = {
		.addresses = mg->addresses,
		.fp = mg->fp,
		.store = mg->store,
		.tdm = lines_tdm(mg->lines),
		.domain = conf_string(media, "domain"),
		.agent = conf_string(media, "agent"),
		.dns = mg->dns,
		.restart = {
			.mwd_ms = (uint32_t)conf_int(media, "restart-wait"),
			.td_init_ms = (uint32_t)conf_int(media, "disconnected-first"),
			.td_min_ms = (uint32_t)conf_int(media, "disconnected-min"),
			.td_max_ms = (uint32_t)conf_int(media, "disconnected-max"),
		},
	};
	char mem[64];
	int err = gateway_new(&mg->gw, &p);
	if (!err)
		lines_start(mg->lines, mg->gw);
	if (!err)
		err = record_adopt(mg->gw, boot_id(mem, sizeof mem), adopted);
	if (!err)
		lines_adopted(mg->lines);
	/* A stream that no record knows must not go on being relayed in the kernel. */
	unsigned stale = err ? 0 : fastpath_sweep(mg->fp, is_known, mg->gw);
	if (stale)
		log_warn(NULL, "%u streams in the kernel's table belonged to no connection and were ended", stale);
	return err;
}

static int open_names(struct mg *mg, const struct conf *conf, struct buf *why)
{
	struct config_dns p;
	config_dns(conf, &p);
	int err = dns_open(&mg->dns, &p.params);
	if (err)
		buf_printf(why, "DNS: %s", strerror(-err));
	return err;
}

static int start(void *arg, const struct conf *conf, struct buf *why)
{
	struct mg *mg = arg;
	struct adoption left = {0};
	counter_register(&mg_counters);
	ctl_add(daemon_ctl(), control_line_verbs, mg);
	int err = open_addresses(mg, conf, why);
	if (!err)
		err = open_fastpath(mg, conf, why);
	if (!err)
		err = open_store(mg, conf, why);
	if (!err)
		err = open_names(mg, conf, why);
	if (!err)
		err = lines_open(&mg->lines, tdm_kept(), conf, mg->store, fdstore_waiting_like(LISTEN_FD) != NULL);
	if (!err)
		err = open_gateway(mg, conf, &left);
	if (!err)
		err = line_tests_open(&mg->tests, mg->gw, conf) ?: line_plans_open(&mg->plans, mg->tests, conf);
	if (!err)
		err = listen_open(&mg->listen, mg->gw, conf, why);
	if (err)
		return err;
	if (left.restored || left.failed)
		log_info(NULL, "%u connections taken over, %u lost", left.restored, left.failed);
	/* Calls that could not be kept are gone as after a restart, and the call agent must hear that (4.4.7). */
	bool again = left.restored || (mg->listen.adopted && !left.other_boot);
	service_begin(mg->gw, again ? MGCP_DISCONNECTED : MGCP_RESTART);
	return 0;
}

/* Ports and addresses are fixed while calls run on them; what can follow a reload does. */
static int reload(void *arg, const struct conf *was, const struct conf *now, struct buf *why)
{
	struct mg *mg = arg;
	const struct conf_part *media = conf_section(now, "media");
	struct config_dns dns;
	if (!conf_same(was, now, "address") || !conf_same(was, now, "media"))
		log_warn(NULL, "changed addresses, engine and MGCP address are used after the next start of tandem-mg");
	bool other_lines = !conf_same(was, now, "tdm") || !conf_same(was, now, "span") || !conf_same(was, now, "dynamic") || !conf_same(was, now, "channels");
	int err = other_lines ? lines_reload(mg->lines, now, why) : 0;
	if (err)
		return err;
	listen_reload(&mg->listen, now);
	line_tests_configure(mg->tests, now);
	err = line_plans_reload(mg->plans, now);
	if (err)
		return err;
	config_dns(now, &dns);
	err = dns_reconfigure(mg->dns, &dns.params);
	if (err)
		buf_printf(why, "DNS: %s", strerror(-err));
	else if (strcmp(conf_string(conf_section(was, "media"), "agent"), conf_string(media, "agent")))
		err = notified_redirect(mg->gw->notified, slice_str(conf_string(media, "agent")));
	return err;
}

static void ended(void *arg)
{
	daemon_end();
}

static bool stop(void *arg)
{
	struct mg *mg = arg;
	struct endpoint *e;
	struct conn *c;
	mg->plans = mem_deref(mg->plans);
	mg->tests = mem_deref(mg->tests);
	rsip_shutdown(mg->gw, FORCED_WAIT_MS, ended, NULL);
	list_foreach(c, &mg->gw->conns, all)
		record_del(c);
	list_foreach(e, &mg->gw->endpoints, link)
		record_del_request(e);
	endpoints_clear(mg->gw);
	listen_retire();
	return false;
}

static void mg_close(void *arg)
{
	struct mg *mg = arg;
	mg->plans = mem_deref(mg->plans);
	mg->tests = mem_deref(mg->tests);
	mg->gw = mem_deref(mg->gw);
	mg->lines = mem_deref(mg->lines);
	listen_close(&mg->listen);
	mg->dns = mem_deref(mg->dns);
	mg->store = mem_deref(mg->store);
	mg->fp = mem_deref(mg->fp);
	mg->addresses = mem_deref(mg->addresses);
	json_decref(mg->degraded);
	counter_unregister(&mg_counters);
}

int main(int argc, char **argv)
{
	static struct mg mg;
	static const struct daemon_params params = {
		.name = "tandem-mg",
		.help = "Media gateway: relays RTP between telephones as an MGCP call agent asks (RFC 3435).",
		.socket = "mg.sock",
		.load = config_open,
		.verbs = control_verbs,
		.arg = &mg,
		.start = start,
		.reload = reload,
		.stop = stop,
		.close = mg_close,
	};
	return daemon_main(argc, argv, &params);
}
