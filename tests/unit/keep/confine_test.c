// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "config/schema.h"
#include "keep/confine.h"
#include <errno.h>

static const char text[] = "state { bpffs = \"/sys/fs/bpf/ours\" }\n"
			   "address inside { local = { \"127.0.0.1\" } ports = \"20000-20999\" }\n"
			   "media { interfaces = { \"eth1\" } engine = %s }\n";

static int ask_with(const char *engine, const char *json, json_t **request)
{
	struct conf *conf;
	struct buf why = buf_growing();
	struct buf all = buf_growing();
	buf_printf(&all, text, engine);
	assert_int_equal(config_load(&conf, "test", buf_z(&all), &why), 0);
	buf_reset(&all);
	*request = json_loads(json, 0, NULL);
	assert_non_null(*request);
	int err = confine_request(conf, *request);
	mem_deref(conf);
	buf_reset(&why);
	return err;
}

static int ask(const char *json, json_t **request)
{
	return ask_with("auto", json, request);
}

static void a_folder_and_interfaces_are_the_configured_ones(void **state)
{
	json_t *r;
	assert_int_equal(ask("{\"do\":\"fastpath-open\",\"pin\":\"/etc\",\"interfaces\":[\"eth0\"],"
			     "\"locals\":[{\"ip\":\"127.0.0.1\",\"min\":20000,\"max\":20999}]}", &r), 0);
	assert_string_equal(json_string_value(json_object_get(r, "pin")), "/sys/fs/bpf/ours");
	assert_string_equal(json_string_value(json_array_get(json_object_get(r, "interfaces"), 0)), "eth1");
	json_decref(r);
}

/* Where only tandem-mg is to relay, nobody has XDP attached. */
static void the_engine_is_the_configured_one(void **state)
{
	static const char *const asked[] = {"{\"do\":\"fastpath-attach\",\"want\":\"native\"}", "{\"do\":\"fastpath-attach\"}"};
	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		json_t *r;
		assert_int_equal(ask_with("null", asked[i], &r), 0);
		assert_string_equal(json_string_value(json_object_get(r, "want")), "null");
		json_decref(r);
	}
}

static void ports_of_others_are_refused(void **state)
{
	static const char *const bad[] = {
		"{\"do\":\"fastpath-open\",\"locals\":[{\"ip\":\"127.0.0.1\",\"min\":53,\"max\":53}]}",
		"{\"do\":\"fastpath-open\",\"locals\":[{\"ip\":\"127.0.0.1\"}]}",
		"{\"do\":\"fastpath-open\",\"locals\":[7]}",
		"{\"do\":\"fastpath-close\",\"ports\":[\"20000-20999\",\"1-65535\"]}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		json_t *r;
		assert_int_equal(ask(bad[i], &r), -EPERM);
		json_decref(r);
	}
}

static void what_was_reserved_may_be_given_back(void **state)
{
	json_t *r;
	assert_int_equal(ask("{\"do\":\"fastpath-close\",\"pin\":null,\"ports\":[\"20000-20999\"]}", &r), 0);
	assert_true(json_is_null(json_object_get(r, "pin")));
	json_decref(r);
}

static void the_module_is_attached_where_it_is_wanted(void **state)
{
	static const struct {
		const char *engine, *on;
		int err;
	} rows[] = {{"auto", "true", 0}, {"module", "true", 0}, {"native", "true", -EPERM}, {"null", "true", -EPERM}, {"null", "false", 0}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char request[128];
		json_t *r;
		snprintf(request, sizeof request, "{\"do\":\"fastpath-module\",\"on\":%s,\"map\":7,\"pin\":\"/etc\",\"locals\":[]}", rows[i].on);
		assert_int_equal(ask_with(rows[i].engine, request, &r), rows[i].err);
		if (!rows[i].err)
			assert_string_equal(json_string_value(json_object_get(r, "pin")), "/sys/fs/bpf/ours");
		json_decref(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_and_interfaces_are_the_configured_ones),
		cmocka_unit_test(the_engine_is_the_configured_one),
		cmocka_unit_test(the_module_is_attached_where_it_is_wanted),
		cmocka_unit_test(ports_of_others_are_refused),
		cmocka_unit_test(what_was_reserved_may_be_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
