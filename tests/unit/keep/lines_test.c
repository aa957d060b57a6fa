// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "config/schema.h"
#include "keep/lines.h"
#include "tdm/driver.h"
#include <errno.h>
#include <unistd.h>

static void configure(const char *text)
{
	struct conf *conf;
	struct buf why = buf_growing();
	if (config_load(&conf, "test", text, &why))
		fail_msg("%s", buf_z(&why));
	lines_configure(conf);
	mem_deref(conf);
	buf_reset(&why);
}

static int ask(const char *json)
{
	json_t *request = json_loads(json, 0, NULL), *reply = NULL;
	int fds[4];
	unsigned n = 4;
	int err = lines_open(request, &reply, fds, &n);
	while (n)
		close(fds[--n]);
	json_decref(reply);
	json_decref(request);
	return err;
}

/* Where no cards are, one that may be opened is not there. */
static bool may_be_opened(const char *json)
{
	return ask(json) != -EPERM;
}

static void configured_channels_only(void **state)
{
	(void)state;
	assert_int_equal(ask("{\"channel\":7}"), -EPERM);
	configure("address a { local = { \"127.0.0.1\" } }\ntdm { system-conf = \"\" }\nchannels b { numbers = { \"1-15\" } signalling = \"bchan\" }\nchannels d { numbers = { \"16\" } signalling = \"dchan\" }\n");
	assert_true(may_be_opened("{\"channel\":0}"));
	assert_true(may_be_opened("{\"channel\":15}"));
	assert_true(may_be_opened("{\"channel\":16}"));
	assert_int_equal(ask("{\"channel\":17}"), -EPERM);
	assert_int_equal(ask("{\"channel\":-1}"), -EPERM);
	assert_int_equal(ask("{\"channel\":1000000}"), -EPERM);
	assert_int_equal(ask("{\"channel\":\"7\"}"), -EINVAL);
	assert_int_equal(ask("{}"), -EINVAL);
	/* Nor are any where the configuration cannot be understood. */
	configure("address a { local = { \"127.0.0.1\" } }\ntdm { system-conf = \"\" }\nchannels b { numbers = { \"1-15\" } signalling = \"nothing\" }\n");
	assert_int_equal(ask("{\"channel\":7}"), -EPERM);
	lines_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configured_channels_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
