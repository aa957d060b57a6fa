/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gateway with telephone channels that are not there: cards of tests/unit/tdm/fake.h, called `cards` here. */
#pragma once
#include "unit.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/timer.h"
#include "fake_fastpath.h"
#include "mediagw/counters.h"
#include "mediagw/line.h"
#include <stdlib.h>
#define fake cards
#include "../tdm/fake.h"
#undef fake

static struct {
	struct addresses *addresses;
	struct gateway *gw;
	struct tdm *tdm;
	char answer[8192];
	char id[16]; /* of the last connection made */
} bench;

static void bench_on_seen(struct tdm_channel *c, void *arg)
{
	line_seen(bench.gw, c);
}

static const struct tdm_listener bench_listener = {.seen = bench_on_seen};

/* A T1 whose channels are 1 to 24 and an E1 with 25 to 55; `system_conf` says what they are. */
static int bench_open(const char *system_conf)
{
	struct config_address inside = {.name = "inside", .n_local = 1, .port_min = 20000, .port_max = 20007, .dscp_voice = 46};
	struct buf why = buf_growing();
	struct tdm_setup *s = tdm_setup_new();
	if (!s)
		return -ENOMEM;
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake_plug(2, TDM_SPAN_E1, 31, 25);
	addr_parse_ip(&inside.local[0], SLICE("192.0.2.1"));
	int err = tdm_system_conf(s, "system.conf", slice_str(system_conf), &why);
	if (!err)
		err = addresses_new(&bench.addresses, &inside, 1, &why);
	if (!err)
		err = tdm_open(&bench.tdm, &fake_driver, s, true, 1000, &bench_listener, NULL);
	struct gateway_params p = {.addresses = bench.addresses, .domain = "mg", .tdm = bench.tdm};
	if (!err)
		err = gateway_new(&bench.gw, &p);
	if (!err)
		tdm_poll(bench.tdm);
	mem_deref(s);
	buf_reset(&why);
	return err;
}

static void bench_close(void)
{
	mem_deref(bench.gw);
	mem_deref(bench.tdm);
	mem_deref(bench.addresses);
	memset(&bench, 0, sizeof bench);
	memset(&cards, 0, sizeof cards);
	alarm_reset();
	assert_int_equal(fake_open_ports(), 0);
	assert_int_equal(timer_count(), 0);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(mg_count[MG_ENDPOINTS], 0);
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
