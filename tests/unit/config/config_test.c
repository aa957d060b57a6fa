// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "config/schema.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct conf *load(const char *text)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	int err = config_load(&c, "unit.conf", text, &why);
	assert_string_equal(buf_z(&why), "");
	assert_int_equal(err, 0);
	buf_reset(&why);
	return c;
}

static void the_built_in_configuration_serves_this_machine(void **state)
{
	struct conf *c = load(config_default);
	struct config_address *all;
	unsigned n;
	struct buf why = buf_growing();
	assert_int_equal(config_addresses(c, &all, &n, true, &why), 0);
	assert_int_equal(n, 1);
	assert_string_equal(all[0].name, "inside");
	assert_in_range(all[0].n_local, 1, 2);
	assert_int_equal(all[0].sip_port, 5060);
	assert_int_equal(all[0].port_min, 16384);
	assert_int_equal(all[0].port_max, 32767);
	assert_int_equal(all[0].dscp_voice, 46);
	assert_int_equal(all[0].dscp_signalling, 40);
	assert_non_null(conf_find(c, "gateway", "local"));
	mem_free(all);
	mem_deref(c);
	buf_reset(&why);
}

static void every_default_passes_its_own_check(void **state)
{
	for (const struct conf_section *s = config_schema; s->name; s++) {
		assert_non_null(s->help);
		for (const struct conf_option *o = s->options; o->name; o++) {
			assert_true(strlen(o->help) > 5);
			assert_true(o->type != CONF_CHOICE || o->choices);
			assert_true(o->min <= o->max);
		}
	}
	mem_deref(load("address a { }\nuser u { password = x }\ntrunk t { peer = \"192.0.2.1:5060\" }\nroute r { to = t }\ngateway g { }\n"));
}

static void addresses_are_resolved_as_written(void **state)
{
	struct conf *c = load("address outside {\n local = {\"127.0.0.1\", \"::1\"}\n public = {\"203.0.113.9\"}\n"
			      " local-networks = {\"10.0.0.0/8\", \"fd00::/8\"}\n ports = 20000-20999 sip-port = 5070 }\n");
	struct config_address *all;
	struct buf why = buf_growing();
	unsigned n;
	char text[ADDR_STR_LEN];
	assert_int_equal(config_addresses(c, &all, &n, true, &why), 0);
	assert_int_equal(all[0].n_local, 2);
	assert_string_equal(addr_ip_str(config_address_of(all[0].local, 2, AF_INET6), text), "::1");
	assert_string_equal(addr_ip_str(config_address_of(all[0].public, all[0].n_public, AF_INET), text), "203.0.113.9");
	assert_null(config_address_of(all[0].public, all[0].n_public, AF_INET6));
	assert_int_equal(all[0].n_nets, 2);
	assert_int_equal(all[0].nets[0].bits, 8);
	assert_int_equal(all[0].port_max, 20999);
	mem_free(all);
	mem_deref(c);
	c = load("address a { local = {\"198.51.100.77\"} }\n");
	assert_int_equal(config_addresses(c, &all, &n, true, &why), -EADDRNOTAVAIL);
	assert_string_equal(buf_z(&why), "unit.conf:1: address a: 198.51.100.77 is not an address of this machine");
	assert_int_equal(config_addresses(c, &all, &n, false, &why), 0);
	mem_free(all);
	mem_deref(c);
	buf_reset(&why);
}

/* What spans options and sections; %s stands before each: one address that is good. */
#define U8 "\"u\", \"u\", \"u\", \"u\", \"u\", \"u\", \"u\", \"u\", "
#define N8 "\"10.0.0.0/8\", \"10.0.0.0/8\", \"10.0.0.0/8\", \"10.0.0.0/8\", \"10.0.0.0/8\", \"10.0.0.0/8\", \"10.0.0.0/8\", \"10.0.0.0/8\", "
#define GOOD "address in { local = {\"10.0.0.1\"} }\n"
static const struct {
	const char *text, *why;
} mistakes[] = {
	{GOOD "line a { endpoint = \"aaln/1\" gateway = \"gone\" }", "unit.conf:2: line.gateway: expected the name of a gateway section, not \"gone\"\n"},
	{GOOD "line a { endpoint = \"aaln/1\" }\nline b { endpoint = \"AALN/1\" }", "unit.conf:3: line.endpoint: \"AALN/1\" is line a already\n"},
	{GOOD "line a { endpoint = \"1\" number = \"20\" }\nline b { endpoint = \"2\" number = \"20\" }", "unit.conf:3: line.number: \"20\" belongs to line a already\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"(1xxx;)\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"(1xxx;)\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"(11\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"(11\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"0T|1\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"0T|1\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"(1||2)\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"(1||2)\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"([12)\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"([12)\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"[]\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"[]\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"()\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"()\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"(.T)\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"(.T)\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"1-2\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"1-2\"\n"},
	{GOOD "line a { endpoint = \"1\" digit-map = \"(1)2)\" }", "unit.conf:2: line.digit-map: expected a digit map, such as \"(0T|[1-9]xxx)\", not \"(1)2)\"\n"},
	{GOOD "gateway g { address = \"\" }", "unit.conf:2: gateway.networks: expected where a gateway without an address may be, such as \"192.0.2.0/24\"\n"},
	{GOOD "gateway g { address = \"\" networks = {\"10.0.0.0/8\"} }", "unit.conf:2: gateway.domain: expected the domain that a gateway without an address is known by\n"},
	{GOOD "gateway g { address = \"a b\" }", "unit.conf:2: gateway.address: expected an IP address or a name, maybe with a port, such as 192.0.2.1:2427 or gw.example.net, not \"a b\"\n"},
	{"", "unit.conf: expected at least one address section, such as: address inside { local = {\"auto\"} }\n"},
	{"address a { local = {\"10.0.0.1\", \"10.0.0.2\"} }", "unit.conf:1: address.local: expected at most one IPv4 and one IPv6 address\n"},
	{"address a { local = {\"auto\", \"10.0.0.2\"} }", "unit.conf:1: address.local: expected \"auto\" alone, or addresses\n"},
	{"address a { local = {} }", "unit.conf:1: address.local: expected at least one address\n"},
	{"address a { local = {\"10.0.0.300\"} }",
	 "unit.conf:1: address.local: expected an IPv4 or IPv6 address, or \"auto\", not \"10.0.0.300\"\n"},
	{"address a { public = {\"x\"} }", "unit.conf:1: address.public: expected an IPv4 or IPv6 address, not \"x\"\n"},
	{"address a { local-networks = {\"10.0.0.0/33\"} }",
	 "unit.conf:1: address.local-networks: expected a network such as 192.168.0.0/16 or fd00::/8, not \"10.0.0.0/33\"\n"},
	{"address a { ports = 30000-20000 }",
	 "unit.conf:1: address.ports: expected a range such as 16384-32767 of at least four ports from 1024 to 65535, not \"30000-20000\"\n"},
	{"address a { local = {\"10.0.0.1\"}\n sip-port = 20000 }", "unit.conf:1: address.sip-port: 20000 is one of the media ports (16384-32767)\n"},
	{GOOD "address b { local = {\"10.0.0.1\"} ports = 32000-33000 sip-port = 5070 }",
	 "unit.conf:2: address.ports: 32000-33000 overlaps 16384-32767 of address in, which has the same local address\n"},
	{GOOD "address b { local = {\"10.0.0.1\"} ports = 33000-34000 }",
	 "unit.conf:2: address.sip-port: 5060 is used by address in, which has the same local address\n"},
	{GOOD "media { bind = \"10.0.0.1:20000\" }", "unit.conf:2: media.bind: port 20000 is one of the media ports of address in (16384-32767)\n"},
	{GOOD "agent { bind = \"0.0.0.0:20000\" }", "unit.conf:2: agent.bind: port 20000 is one of the media ports of address in (16384-32767)\n"},
	{GOOD "media { bind = \"10.0.0.1\" }",
	 "unit.conf:2: media.bind: expected an IP address and port such as 192.0.2.1:5060 or [2001:db8::1]:5060, not \"10.0.0.1\"\n"},
	{GOOD "user al {\n password = x\n address = out }",
	 "unit.conf:2: user.address: expected the name of an address section (in), not \"out\"\n"},
	{GOOD "user al { password = x numbers = {\"7\"} }\nuser bo { password = x numbers = {\"7\"} }",
	 "unit.conf:3: user.numbers: \"7\" belongs to user al already\n"},
	{GOOD "domain d { }\nuser al { password = x domain = d numbers = {\"7\"} name = n }\nuser bo { password = x domain = D numbers = {\"7\"} name = n }",
	 "unit.conf:4: user.name: user al is called \"n\" in that domain already\nunit.conf:4: user.numbers: \"7\" belongs to user al already\n"},
	{GOOD "user al { password = x domain = d }", "unit.conf:2: user.domain: expected the name of a domain section, not \"d\"\n"},
	{GOOD "domain d { }\ndomain D { }", "unit.conf:3: domain: \"d\" has a section already: case does not count in host names\n"},
	{GOOD "user al { password = x numbers = {\"bo\"} }\nuser bo { password = x }",
	 "unit.conf:2: user.numbers: \"bo\" is the name of another user\n"},
	{GOOD "trunk t { peer = \"example.net\" }",
	 "unit.conf:2: trunk.peer: expected an IP address and port such as 192.0.2.1:5060 or [2001:db8::1]:5060, not \"example.net\"\n"},
	{GOOD "trunk t { peer = \"192.0.2.1:5060\" address = x }",
	 "unit.conf:2: trunk.address: expected the name of an address section (in), not \"x\"\n"},
	{GOOD "trunk t { peer = \"192.0.2.1:5060\" auth-user = x }",
	 "unit.conf:2: trunk.password: expected a password, because auth-user is set\n"},
	{GOOD "user t { password = x }\ntrunk t { peer = \"192.0.2.1:5060\" }",
	 "unit.conf:3: trunk: a user is called \"t\" already; routes could not tell them apart\n"},
	{GOOD "route r { to = carrier }",
	 "unit.conf:2: route.to: expected the name of a user, trunk, group, hunt group, isdn or line section, number:N, enum:DOMAIN, or block, not \"carrier\"\n"},
	{GOOD "route r { to = { block, \"block:302\" } }", "unit.conf:2: route.to: expected block:N with a status of 400 to 699, not \"block:302\"\n"},
	{GOOD "route r { to = block called = {\"/(/\"} }",
	 "unit.conf:2: route.called: expected a regular expression that can be read, not \"/(/\"\n"},
	{GOOD "route r { to = block caller = {\"@spam\"} }",
	 "unit.conf:2: route.caller: expected a list that can be read: there is no list \"spam\"\n"},
	{GOOD "route r { to = block time = {\"mon-fri 8-17\"} }",
	 "unit.conf:2: route.time: expected days, times, or both, such as \"mon-fri 08:00-17:30\" or \"sat,sun\", not \"mon-fri 8-17\"\n"},
	{GOOD "route r { to = block time-zone = \"Europe/Atlantis\" }",
	 "unit.conf:2: route.time-zone: expected a time zone of this machine's, such as \"Europe/Berlin\", not \"Europe/Atlantis\"\n"},
	{GOOD "route r { to = block headers-add = {\"Via: x\"} }",
	 "unit.conf:2: route.headers-add: expected a header field that is not SIP's own business, not \"Via: x\"\n"},
	{GOOD "trunk t { peer = \"192.0.2.1:5060\" }\nsite s { emergency = {\"112\"} emergency-to = t }\nuser u { password = x forward-busy = \"112\" }",
	 "unit.conf:4: user.forward-busy: expected a number that is no emergency number: calls are not passed on for help\n"},
	{GOOD "trunk t { peer = \"192.0.2.1:5060\" }\nsite s { emergency-to = t location = \"here > there\" }",
	 "unit.conf:3: site.location: expected a URI such as https://lis.example.com/here, not \"here > there\"\n"},
	{GOOD "user u { password = \"long enough\" }\nhunt h { members = { " U8 U8 U8 U8 "\"u\" } }", "unit.conf:3: hunt.members: expected at most 32, not 33\n"},
	{GOOD "trunk t { peer = \"192.0.2.1:5060\" networks = { " N8 N8 "\"10.0.0.0/8\" } }", "unit.conf:2: trunk.networks: expected at most 16, not 17\n"},
	{GOOD "group g { members = { \"t\" } }", "unit.conf:2: group.members: expected the name of a trunk, isdn or line section, not \"t\"\n"},
	{GOOD "trunk t { peer = \"192.0.2.1:5060\" failover = {\"200\"} }",
	 "unit.conf:2: trunk.failover: expected a SIP status of 400 to 699 or a Q.850 cause of 1 to 127, not \"200\"\n"},
	{GOOD "trunk t { peer = \"192.0.2.1:5060\" }\ngroup t { members = { \"t\" } }",
	 "unit.conf:2: trunk: a group is called \"t\" already; routes could not tell them apart\n"
	 "unit.conf:3: group: a trunk is called \"t\" already; routes could not tell them apart\n"},
	{GOOD "user u { password = x }\nroute r { to = u source = v }",
	 "unit.conf:3: route.source: expected the name of a trunk, line or user, not \"v\"\n"},
	{GOOD "registrar { min-expiry = 2h }", "unit.conf:2: registrar.min-expiry: expected at most default-expiry (1h), not 2h\n"},
	{GOOD "registrar { default-expiry = 3h }", "unit.conf:2: registrar.default-expiry: expected at most max-expiry (2h), not 3h\n"},
	{GOOD "sip { t1 = 5s t2 = 4s }", "unit.conf:2: sip.t1: expected at most t2 (4s), not 5s\n"},
	{GOOD "media { engine = warp }", "unit.conf:2: media.engine: expected one of auto, native, generic, module, null, not \"warp\"\n"},
	{GOOD "state { directory = lib }", "unit.conf:2: state.directory: expected an absolute path, not \"lib\"\n"},
	{GOOD "user \"al ice\" { password = x }",
	 "unit.conf:2: user: expected a name of 1 to 64 characters, none of them a space or one of @:;,<>\"/?, not \"al ice\"\n"},
	{GOOD "trunk \"a:b\" { peer = \"192.0.2.1:5060\" }",
	 "unit.conf:2: trunk: expected a name of 1 to 64 characters, none of them a space or one of @:;,<>\"/?, not \"a:b\"\n"},
	{GOOD "user u { }", "unit.conf:2: user.password: expected a value: it has no default\n"},
};

static void digit_maps_of_the_standards_are_taken(void **state)
{
	static const char *const maps[] = {"(xxxxxxx|x11)", "(0[12].|00|1[12].1|2x.#)", "(xxxxxxx | x.[T#])", "9011x.T", "[0-9*#].T", "([3-7]11|123xxxxxxx|[1-7]xxxxxxP|8xxxP)"};
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		char text[200];
		struct conf *c = NULL;
		struct buf why = buf_growing();
		snprintf(text, sizeof text, GOOD "line a { endpoint = \"1\" digit-map = \"%s\" }", maps[i]);
		assert_int_equal(config_load(&c, "unit.conf", text, &why), 0);
		mem_deref(c);
		buf_reset(&why);
	}
}

static void each_mistake_is_told_with_its_line(void **state)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		struct conf *c = NULL;
		struct buf why = buf_growing();
		assert_int_equal(config_load(&c, "unit.conf", mistakes[i].text, &why), -EINVAL);
		assert_string_equal(buf_z(&why), mistakes[i].why);
		assert_null(c);
		buf_reset(&why);
	}
}

static void first_users_have_random_passwords(void **state)
{
	char dir[] = "/tmp/config-unit-XXXXXX", path[64], text[256];
	struct buf told = buf_growing(), again = buf_growing();
	struct stat st;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/users.conf", dir);
	assert_int_equal(config_make_users(path, &told), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(config_make_users(path, &again), -EEXIST);
	snprintf(text, sizeof text, "address in { }\ninclude(\"%s\")\n", path);
	struct conf *c = load(text);
	const char *a = conf_string(conf_find(c, "user", "1001"), "password"), *b = conf_string(conf_find(c, "user", "1002"), "password");
	assert_int_equal(strlen(a), 16);
	assert_string_not_equal(a, b);
	assert_non_null(strstr(buf_z(&told), a));
	assert_non_null(strstr(buf_z(&told), b));
	mem_deref(c);
	buf_reset(&told);
	buf_reset(&again);
	unlink(path);
	rmdir(dir);
}

static void load_and_drop(void *arg)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	struct config_address *all = NULL;
	unsigned n;
	int err = config_load(&c, "unit.conf", arg, &why);
	assert_true(err == 0 || err == -ENOMEM || err == -EINVAL);
	if (!err) {
		err = config_addresses(c, &all, &n, false, &why);
		assert_true(err == 0 || err == -ENOMEM);
	}
	mem_free(all);
	mem_deref(c);
	buf_reset(&why);
}

static void memory_running_out(void **state)
{
	each_allocation_fails(load_and_drop, GOOD "user al { password = x numbers = {\"3\"} }\n");
	each_allocation_fails(load_and_drop, GOOD "user al { password = x address = y }\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digit_maps_of_the_standards_are_taken),
		cmocka_unit_test(the_built_in_configuration_serves_this_machine),
		cmocka_unit_test(every_default_passes_its_own_check),
		cmocka_unit_test(addresses_are_resolved_as_written),
		cmocka_unit_test(each_mistake_is_told_with_its_line),
		cmocka_unit_test(first_users_have_random_passwords),
		cmocka_unit_test(memory_running_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
