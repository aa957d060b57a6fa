// SPDX-License-Identifier: GPL-3.0-or-later
/* Which gateways a configuration makes, and which of them calls have. Nothing is sent. */
#include "unit.h"
#include "base/loop.h"
#include "callagent/gateways.h"
#include "config/schema.h"
#include <unistd.h>

#define COMMON "address inside {\n local = {\"127.0.0.1\"}\n}\n"
#define LINE   "line desk {\n endpoint = \"aaln/1\"\n}\n"
#define RELAY  "gateway relay {\n address = \"192.0.2.7\"\n profile = rfc3435\n}\n"
#define FLOOR  "gateway floor {\n address = \"192.0.2.8\"\n}\nline hall {\n endpoint = \"aaln/1\"\n gateway = floor\n}\n"

/* On an address of this process alone. */
static struct conf *load(const char *text)
{
	struct conf *conf = NULL;
	struct buf all = buf_growing(), why = buf_growing();
	unsigned pid = (unsigned)getpid();
	buf_printf(&all, "agent {\n bind = \"127.%u.%u.2:2727\"\n}\n%s", 1 + (pid >> 8) % 250, pid % 256, text);
	if (config_load(&conf, "t", buf_z(&all), &why))
		fail_msg("%s", buf_z(&why));
	buf_reset(&all);
	return conf;
}

static const char *name_of(const struct mgcp_gw *gw)
{
	return gw ? mgcp_gw_name(gw) : "none";
}

static void the_one_of_this_box_is_for_lines_or_for_calls(void **state)
{
	static const struct {
		const char *conf, *calls, *lines;
	} rows[] = {
		{COMMON, "local", "local"},
		{COMMON LINE, "local", "local"},
		{COMMON RELAY, "relay", "relay"},
		{COMMON RELAY LINE, "relay", "local"},
		{COMMON FLOOR, "local", "local"},
		{COMMON FLOOR RELAY LINE, "relay", "local"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gateways *g = calloc(1, sizeof(*g));
		assert_non_null(g);
		const struct gateways_params with = {0};
		struct buf why = buf_growing();
		struct conf *conf = load(rows[i].conf);
		if (gateways_open(g, conf, &with, &why))
			fail_msg("row %zu: %s", i, buf_z(&why));
		for (g->next = 0; g->next < g->n; g->next++)
			assert_string_equal(name_of(gateways_pick(g)), rows[i].calls);
		assert_string_equal(name_of(gateways_own(g)), rows[i].lines);
		gateways_close(g);
		mem_deref(conf);
		free(g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_one_of_this_box_is_for_lines_or_for_calls)};
	if (loop_init())
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	loop_close();
	return failed;
}
