/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gateway with telephone channels that are not there: cards of tests/unit/tdm/fake.h, called `cards` here. */
#pragma once
#include "unit.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/timer.h"
#include "config/schema.h"
#include "fake_bearer.h"
#include "fake_fastpath.h"
#include "mediagw/counters.h"
#include "mediagw/line.h"
#include "mediagw/lines.h"
#include <stdlib.h>
#define fake cards
#include "../tdm/fake.h"
#undef fake

static struct {
	struct addresses *addresses;
	struct gateway *gw;
	struct lines *lines;
	struct tdm *tdm;
	struct store *store;
	struct mgcp_peer *peer; /* set before it is opened: there is a call agent, at 192.0.2.9 */
	char answer[8192];
	char id[16]; /* of the last connection made */
} bench;

/* A T1 whose channels are 1 to 24 and an E1 with 25 to 55. */
#define BENCH_LINES                                                                                             \
	"span 1 { framing = esf coding = b8zs }\nspan 2 { framing = ccs coding = hdb3 }\n"                       \
	"channels b { numbers = { \"1-20\", \"25-39\", \"41-55\" } signalling = \"bchan\" }\n"                    \
	"channels phone { numbers = { \"21\" } signalling = \"fxoks\" }\n"                                       \
	"channels em { numbers = { \"22\" } signalling = \"e&m\" }\n"                                            \
	"channels cas { numbers = { \"23\" } signalling = \"cas\" idle-bits = \"1101\" }\n"                      \
	"channels d { numbers = { \"24\", \"40\" } signalling = \"dchan\" }\n"

static void bench_plug(void)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake_plug(2, TDM_SPAN_E1, 31, 25);
}

static struct conf *bench_conf(const char *text)
{
	struct conf *conf;
	struct buf why = buf_growing(), all = buf_growing();
	buf_printf(&all, "address a { local = { \"127.0.0.1\" } }\ntdm { system-conf = \"\" }\n%s", text);
	int err = all.err ? all.err : config_load(&conf, "test", buf_z(&all), &why);
	buf_reset(&all);
	buf_reset(&why);
	return err ? NULL : conf;
}

/* `dir` keeps a store, or is NULL. */
static int bench_open(const char *text, const char *dir)
{
	struct config_address inside = {.name = "inside", .n_local = 1, .port_min = 20000, .port_max = 20007, .dscp_voice = 46};
	struct conf *conf = bench_conf(text);
	struct buf why = buf_growing();
	if (!conf)
		return -ENOMEM;
	addr_parse_ip(&inside.local[0], SLICE("192.0.2.1"));
	int err = addresses_new(&bench.addresses, &inside, 1, &why);
	if (!err && dir)
		err = store_open(&bench.store, dir, gateway_tables, 1 << 20);
	if (!err)
		err = lines_open(&bench.lines, &fake_driver, conf, bench.store, dir != NULL);
	if (!err)
		bench.tdm = lines_tdm(bench.lines);
	struct gateway_params p = {.addresses = bench.addresses, .domain = "mg", .tdm = bench.tdm, .store = bench.store, .peer = bench.peer,
				   .agent = bench.peer ? "192.0.2.9:2727" : NULL};
	if (!err)
		err = gateway_new(&bench.gw, &p);
	if (!err)
		lines_start(bench.lines, bench.gw);
	mem_deref(conf);
	buf_reset(&why);
	return err;
}

/* The process ends; the cards stay. */
static void bench_end(void)
{
	mem_deref(bench.gw);
	mem_deref(bench.lines);
	mem_deref(bench.addresses);
	mem_deref(bench.store);
	memset(&bench, 0, sizeof bench);
	alarm_reset();
	assert_int_equal(fake_open_ports(), 0);
	assert_int_equal(fake_open_bearers(), 0);
	assert_int_equal(timer_count(), 0);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(mg_count[MG_ENDPOINTS], 0);
}

static void bench_close(void)
{
	bench_end();
	fake_unwire();
	memset(&cards, 0, sizeof cards);
}

/* Executes `text` and returns the code. */
static unsigned run(const char *text)
{
	static struct mgcp_msg m;
	struct slice s = slice_str(text);
	struct addr src = {0};
	unsigned code;
	struct buf out = buf_fixed(bench.answer, sizeof bench.answer - 1);
	assert_int_equal(mgcp_parse(&m, &s, &code), 0);
	gateway_execute(bench.gw, &m, &src, &out);
	buf_z(&out);
	const char *at = strstr(bench.answer, "\nI: ");
	if (at)
		snprintf(bench.id, sizeof bench.id, "%.8s", at + 4);
	return (unsigned)atoi(bench.answer);
}
