// SPDX-License-Identifier: GPL-3.0-or-later
/* Which calls are emergencies, and where: numbers by site, services by name. */
#include "unit.h"
#include "base/log.h"
#include "config/schema.h"
#include "routing/emergency.h"

static const char text[] =
	"address in {\n local = {\"127.0.0.1\"}\n}\naddress out {\n local = {\"127.0.0.2\"}\n site = boston\n}\n"
	"trunk t {\n peer = \"192.0.2.1:5060\"\n}\ntrunk u {\n peer = \"192.0.2.2:5060\"\n}\ntrunk v {\n peer = \"192.0.2.3:5060\"\n}\n"
	"group g {\n members = {\"u priority=1\"}\n}\n"
	"site berlin {\n emergency = {\"112\", \"110\"}\n emergency-to = t\n emergency-test = {\"0112\"}\n}\n"
	"site boston {\n emergency = {\"911\"}\n emergency-to = {\"t\", \"g\"}\n}\n"
	"user ada {\n password = x\n}\nuser bob {\n password = x\n site = boston\n}\n";

static struct conf *conf;

static int setup(void **state)
{
	struct buf why = buf_growing();
	if (config_load(&conf, "test.conf", text, &why))
		fail_msg("%s", buf_z(&why));
	return 0;
}

static int teardown(void **state)
{
	mem_deref(conf);
	return 0;
}

static void calls_are_known_by_site_and_service(void **state)
{
	static const struct {
		const char *uri, *user, *address;
		enum emergency_kind kind;
		const char *service;
	} rows[] = {
		{"sip:112@x", "ada", "in", EMERGENCY_CALL, "urn:service:sos"},
		{"sip:112@x", "bob", "in", EMERGENCY_NONE, NULL},
		{"sip:911@x", "bob", "in", EMERGENCY_CALL, "urn:service:sos"},
		{"sip:911@x", NULL, "out", EMERGENCY_CALL, "urn:service:sos"},
		{"sip:112@x", NULL, NULL, EMERGENCY_CALL, "urn:service:sos"},
		{"tel:1-1-2", "ada", "in", EMERGENCY_CALL, "urn:service:sos"},
		{"sip:112;phone-context=+49@x;user=dialstring", "ada", "in", EMERGENCY_CALL, "urn:service:sos"},
		{"tel:112;phone-context=+49", "ada", "in", EMERGENCY_CALL, "urn:service:sos"},
		{"sip:%311%32@x", "ada", "in", EMERGENCY_CALL, "urn:service:sos"},
		{"sip:112%00@x", "ada", "in", EMERGENCY_NONE, NULL},
		{"sip:1123@x", "ada", "in", EMERGENCY_NONE, NULL},
		{"sip:0112@x", "ada", "in", EMERGENCY_TEST, "urn:service:test.sos"},
		{"urn:service:sos", "bob", "in", EMERGENCY_CALL, "urn:service:sos"},
		{"URN:SERVICE:SOS.police", NULL, "in", EMERGENCY_CALL, "URN:SERVICE:SOS.police"},
		{"urn:service:test.sos", NULL, "in", EMERGENCY_TEST, "urn:service:test.sos"},
		{"urn:service:sosx", NULL, "in", EMERGENCY_NONE, NULL},
		{"urn:service:counseling", NULL, "in", EMERGENCY_NONE, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri uri;
		assert_int_equal(sip_uri_parse(&uri, slice_str(rows[i].uri)), 0);
		struct emergency e = emergency_of(conf, &uri, rows[i].user ? conf_find(conf, "user", rows[i].user) : NULL, rows[i].address);
		assert_int_equal(e.kind, rows[i].kind);
		if (rows[i].service)
			assert_string_equal(e.service, rows[i].service);
		assert_true(emergency_maybe(conf, &uri) || rows[i].kind == EMERGENCY_NONE);
	}
}

static void services_have_a_number_where_only_numbers_go(void **state)
{
	struct emergency e = {.kind = EMERGENCY_CALL, .site = conf_find(conf, "site", "boston")};
	assert_string_equal(emergency_number(&e, "urn:service:sos"), "911");
	assert_string_equal(emergency_number(&e, "110"), "110");
	e.site = NULL;
	assert_string_equal(emergency_number(&e, "urn:service:sos"), "112");
}

static void who_takes_them_is_known_by_name_and_group(void **state)
{
	assert_true(emergency_takes(conf, "t"));
	assert_true(emergency_takes(conf, "u"));
	assert_false(emergency_takes(conf, "v"));
	assert_false(emergency_takes(conf, "g1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(calls_are_known_by_site_and_service, setup, teardown),
		cmocka_unit_test_setup_teardown(services_have_a_number_where_only_numbers_go, setup, teardown),
		cmocka_unit_test_setup_teardown(who_takes_them_is_known_by_name_and_group, setup, teardown),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
