// SPDX-License-Identifier: GPL-3.0-or-later
/* RFC 3263 section 4 and RFC 2782, on a zone in memory. Places are told as "udp 192.0.2.1:5060, ...". */
#include "net/dns_zone.h"
#include "sip/locate.h"
#include "sip/srv.h"

#define BOTH (SIP_REACH_V4 | SIP_REACH_V6)

static const struct sip_reach all = {{[SIP_UDP] = BOTH, [SIP_TCP] = BOTH, [SIP_TLS] = BOTH}};
static const struct sip_reach v4 = {{[SIP_UDP] = SIP_REACH_V4, [SIP_TCP] = SIP_REACH_V4, [SIP_TLS] = SIP_REACH_V4}};
static const struct sip_reach udp4 = {{[SIP_UDP] = SIP_REACH_V4}};
static const struct sip_reach tcp4 = {{[SIP_TCP] = SIP_REACH_V4}};

static struct zone z;
static struct sip_locator *locator;
static uint32_t luck;

static uint32_t fixed_random(void *arg)
{
	return luck;
}

static void open_with(const char *const *lines, bool v4_first)
{
	zone_open(&z, lines);
	struct sip_locator_params p = {.dns = z.dns, .v4_first = v4_first, .dead_ms = 30000, .random = fixed_random};
	assert_int_equal(sip_locator_new(&locator, &p), 0);
}

static void close_all(void)
{
	locator = mem_deref(locator);
	zone_close(&z);
}

struct finding {
	unsigned told;
	int err;
	char text[2000], name[256];
};

static void on_servers(void *arg, int err, struct sip_servers *servers)
{
	struct finding *f = arg;
	char one[ADDR_STR_LEN];
	struct buf b = buf_fixed(f->text, sizeof f->text);
	f->told++;
	f->err = err;
	for (unsigned i = 0; servers && i < servers->n; i++)
		buf_printf(&b, "%s%s %s", i ? ", " : "", sip_transports[servers->server[i].transport].name, addr_str(&servers->server[i].addr, one));
	buf_z(&b);
	if (servers)
		snprintf(f->name, sizeof f->name, "%s", servers->name);
}

static struct finding f;

static const char *find_as(const char *uri, const struct sip_reach *reach, bool stable)
{
	struct sip_servers *servers = NULL;
	struct sip_location *pending = NULL;
	struct sip_locate_params p = {.uri = slice_str(uri), .reach = *reach, .stable = stable};
	f = (struct finding){0};
	int err = sip_locate(&servers, &pending, locator, &p, on_servers, &f);
	if (err == -EINPROGRESS)
		for (unsigned i = 0; i < 500 && !f.told; i++)
			clock_test_advance(10);
	else
		on_servers(&f, err, servers);
	assert_int_equal(f.told, 1);
	mem_deref(servers);
	mem_deref(pending);
	return f.text;
}

static const char *find(const char *uri, const struct sip_reach *reach)
{
	return find_as(uri, reach, false);
}

static bool was_asked(const char *what)
{
	for (unsigned i = 0; i < z.asked; i++)
		if (!strcmp(z.names[i], what))
			return true;
	return false;
}

static void an_address_needs_no_question(void **state)
{
	static const char *const lines[] = {NULL};
	open_with(lines, false);
	assert_string_equal(find("sip:192.0.2.1", &all), "udp 192.0.2.1:5060");
	assert_string_equal(find("sip:alice@192.0.2.1:5070;transport=tcp", &all), "tcp 192.0.2.1:5070");
	assert_string_equal(find("sip:[2001:db8::1];transport=TLS", &all), "tls [2001:db8::1]:5061");
	assert_string_equal(find("sips:192.0.2.1", &all), "tls 192.0.2.1:5061");
	assert_string_equal(find("sips:192.0.2.1;transport=tcp", &all), "tls 192.0.2.1:5061");
	assert_string_equal(find("sip:example.com;maddr=192.0.2.9", &all), "udp 192.0.2.9:5060");
	assert_string_equal(f.name, "example.com");
	assert_string_equal(find("sip:192.0.2.1", &tcp4), "tcp 192.0.2.1:5060");
	assert_int_equal(z.asked, 0);
	close_all();
}

static void what_cannot_be_reached_is_told(void **state)
{
	static const char *const lines[] = {NULL};
	open_with(lines, false);
	z.no_name = true;
	find("sip:[2001:db8::1]", &v4);
	assert_int_equal(f.err, -EAFNOSUPPORT);
	find("sip:192.0.2.1;transport=tls", &udp4);
	assert_int_equal(f.err, -EPROTONOSUPPORT);
	find("sips:example.com", &udp4);
	assert_int_equal(f.err, -EPROTONOSUPPORT);
	find("sip:example.com;transport=sctp", &all);
	assert_int_equal(f.err, -EINVAL);
	find("sips:example.com;transport=udp", &all);
	assert_int_equal(f.err, -EINVAL);
	find("tel:+49301234", &all);
	assert_int_equal(f.err, -EINVAL);
	assert_int_equal(z.asked, 0);
	find("sip:x7s8.invalid", &all);
	assert_int_equal(f.err, -ENOENT);
	assert_int_equal(z.asked, 0);
	find("sip:nothing.example", &all);
	assert_int_equal(f.err, -ENOENT);
	close_all();
}

static void naptr_chooses_the_transport(void **state)
{
	/* The example of RFC 3263 4.1, and what it leads to. */
	static const char *const lines[] = {
		"example.com 60 NAPTR 50 50 s SIPS+D2T - _sips._tcp.example.com", "example.com 60 NAPTR 90 50 s SIP+D2T - _sip._tcp.example.com",
		"example.com 60 NAPTR 100 50 s SIP+D2U - _sip._udp.example.com", "example.com 60 NAPTR 10 50 s SIP+D2S - _sip._sctp.example.com",
		"_sips._tcp.example.com 60 SRV 1 0 5061 s3.example.com", "_sip._tcp.example.com 60 SRV 0 1 5060 s1.example.com",
		"_sip._udp.example.com 60 SRV 0 1 5080 s1.example.com", "s1.example.com 60 A 192.0.2.1", "s3.example.com 60 A 192.0.2.3", NULL};
	open_with(lines, false);
	assert_string_equal(find("sip:a@example.com", &v4), "tls 192.0.2.3:5061, tcp 192.0.2.1:5060, udp 192.0.2.1:5080");
	assert_string_equal(f.name, "example.com");
	assert_string_equal(find("sip:a@example.com", &udp4), "udp 192.0.2.1:5080");
	assert_string_equal(find("sips:a@example.com", &v4), "tls 192.0.2.3:5061");
	/* Everything is known by now: at once. */
	unsigned asked = z.asked;
	find("sip:a@example.com", &v4);
	assert_int_equal(z.asked, asked);
	close_all();
}

static void without_naptr_srv_tells(void **state)
{
	static const char *const lines[] = {"_sip._tcp.example.com 60 SRV 0 1 5070 s1.example.com", "s1.example.com 60 A 192.0.2.1",
		"example.com 60 A 192.0.2.99", "plain.example 60 A 192.0.2.50", NULL};
	open_with(lines, false);
	assert_string_equal(find("sip:example.com", &v4), "tcp 192.0.2.1:5070");
	assert_true(was_asked("SRV _sip._udp.example.com"));
	assert_string_equal(find("sip:plain.example", &v4), "udp 192.0.2.50:5060");
	assert_string_equal(find("sips:plain.example", &v4), "tls 192.0.2.50:5061");
	close_all();
}

static void a_port_means_addresses_and_a_transport_means_its_srv(void **state)
{
	static const char *const lines[] = {"_sip._udp.example.com 60 SRV 0 1 5070 s1.example.com", "_sip._tcp.example.com 60 SRV 0 1 5071 s1.example.com",
		"_sips._tcp.example.com 60 SRV 0 1 5072 s1.example.com", "s1.example.com 60 A 192.0.2.1", "example.com 60 A 192.0.2.99", NULL};
	open_with(lines, false);
	assert_string_equal(find("sip:example.com:5060", &v4), "udp 192.0.2.99:5060");
	assert_int_equal(z.asked, 1);
	assert_string_equal(find("sips:example.com:5090", &v4), "tls 192.0.2.99:5090");
	assert_string_equal(find("sip:example.com;transport=tcp", &v4), "tcp 192.0.2.1:5071");
	assert_string_equal(find("sip:example.com;transport=tls", &v4), "tls 192.0.2.1:5072");
	assert_string_equal(find("sips:example.com;transport=tcp", &v4), "tls 192.0.2.1:5072");
	assert_false(was_asked("NAPTR example.com"));
	close_all();
}

static void families_by_what_is_reached_and_preferred(void **state)
{
	static const char *const lines[] = {"example.com 60 A 192.0.2.1", "example.com 60 AAAA 2001:db8::1", NULL};
	open_with(lines, false);
	assert_string_equal(find("sip:example.com:5060", &all), "udp [2001:db8::1]:5060, udp 192.0.2.1:5060");
	assert_string_equal(find("sip:example.com:5060", &v4), "udp 192.0.2.1:5060");
	close_all();
	open_with(lines, true);
	assert_string_equal(find("sip:example.com:5060", &all), "udp 192.0.2.1:5060, udp [2001:db8::1]:5060");
	close_all();
}

static void a_service_that_is_not_there(void **state)
{
	/* RFC 2782: the root as target says that the service is decidedly not available; the A record does not help. */
	static const char *const lines[] = {"_sip._udp.example.com 60 SRV 0 0 0 .", "example.com 60 A 192.0.2.1", NULL};
	open_with(lines, false);
	find("sip:example.com;transport=udp", &v4);
	assert_int_equal(f.err, -ENOENT);
	close_all();
}

static void dead_places_come_last(void **state)
{
	static const char *const lines[] = {"_sip._udp.example.com 600 SRV 1 0 5060 a.example.com", "_sip._udp.example.com 600 SRV 2 0 5060 b.example.com",
		"a.example.com 600 A 192.0.2.1", "b.example.com 600 A 192.0.2.2", NULL};
	struct sip_server first = {.transport = SIP_UDP};
	open_with(lines, false);
	addr_parse(&first.addr, SLICE("192.0.2.1:5060"), 0);
	const char *uri = "sip:example.com;transport=udp";
	assert_string_equal(find(uri, &v4), "udp 192.0.2.1:5060, udp 192.0.2.2:5060");
	sip_locator_failed(locator, &first, 0, "no answer");
	assert_string_equal(find(uri, &v4), "udp 192.0.2.2:5060, udp 192.0.2.1:5060");
	assert_string_equal(find_as(uri, &v4, true), "udp 192.0.2.1:5060, udp 192.0.2.2:5060");
	json_t *rows = sip_locator_dead_json(locator);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "why")), "no answer");
	json_decref(rows);
	sip_locator_answered(locator, &first);
	assert_string_equal(find(uri, &v4), "udp 192.0.2.1:5060, udp 192.0.2.2:5060");
	sip_locator_failed(locator, &first, 0, "no answer");
	clock_test_advance(30000);
	assert_string_equal(find(uri, &v4), "udp 192.0.2.1:5060, udp 192.0.2.2:5060");
	/* As many as there may be: the oldest give way. */
	for (unsigned i = 0; i < 5000; i++) {
		first.addr.port = (uint16_t)(i + 1);
		sip_locator_failed(locator, &first, 5000, "flood");
	}
	rows = sip_locator_dead_json(locator);
	assert_in_range(json_array_size(rows), 100, 1024);
	json_decref(rows);
	close_all();
}

static void weights_share_and_priorities_order(void **state)
{
	static const char *const lines[] = {"_sip._udp.example.com 9999999 SRV 1 75 5060 a.example.com", "_sip._udp.example.com 9999999 SRV 1 25 5060 b.example.com",
		"_sip._udp.example.com 9999999 SRV 1 0 5060 c.example.com", "_sip._udp.example.com 9999999 SRV 0 0 5060 first.example.com",
		"a.example.com 9999999 A 192.0.2.1", "b.example.com 9999999 A 192.0.2.2", "c.example.com 9999999 A 192.0.2.3",
		"first.example.com 9999999 A 192.0.2.4", NULL};
	unsigned second[4] = {0};
	open_with(lines, false);
	for (unsigned i = 0; i < 4000; i++) {
		luck = i * 2654435761U;
		const char *got = find("sip:example.com;transport=udp", &v4);
		assert_int_equal(strncmp(got, "udp 192.0.2.4:5060, udp 192.0.2.", 32), 0);
		assert_in_range(got[32], '1', '3');
		second[got[32] - '0']++;
	}
	/* 75 to 25; weight 0 has "a very small chance". */
	assert_in_range(second[1], 2800, 3200);
	assert_in_range(second[2], 800, 1200);
	assert_in_range(second[3], 1, 120);
	/* For stateless proxies the order never changes (4.4). */
	for (unsigned i = 0; i < 100; i++) {
		luck = i * 2654435761U;
		assert_string_equal(find_as("sip:example.com;transport=udp", &v4, true),
				    "udp 192.0.2.4:5060, udp 192.0.2.1:5060, udp 192.0.2.2:5060, udp 192.0.2.3:5060");
	}
	close_all();
}

static void what_leads_nowhere_ends(void **state)
{
	static char text[200][80];
	static const char *lines[210];
	unsigned n = 0;
	for (; n < 60; n++) {
		snprintf(text[n], sizeof text[n], "_sip._udp.many.example 60 SRV 1 1 5060 t%u.many.example", n);
		lines[n] = text[n];
	}
	lines[n++] = "self.example 60 NAPTR 1 1 s SIP+D2U - self.example";
	lines[n++] = "_sip._udp.circle.example 60 SRV 1 1 5060 _sip._udp.circle.example";
	lines[n++] = "loop.example 60 CNAME pool.example";
	lines[n++] = "pool.example 60 CNAME loop.example";
	open_with(lines, false);
	find("sip:self.example", &v4);
	assert_int_equal(f.err, -ENOENT);
	find("sip:circle.example;transport=udp", &v4);
	assert_int_equal(f.err, -ENOENT);
	find("sip:loop.example:5060", &v4);
	assert_int_equal(f.err, -EBADMSG);
	z.asked = 0;
	find("sip:many.example;transport=udp", &v4);
	assert_int_equal(f.err, -ENOENT);
	assert_true(z.asked < 40);
	close_all();
}

static void servers_that_fail_are_not_taken_for_nothing(void **state)
{
	static const char *const lines[] = {"example.com 60 A 192.0.2.1", NULL};
	open_with(lines, false);
	z.fails = -EREMOTEIO;
	find("sip:example.com", &all);
	assert_int_equal(f.err, -EREMOTEIO);
	z.fails = 0;
	clock_test_advance(6000);
	assert_string_equal(find("sip:example.com", &v4), "udp 192.0.2.1:5060");
	close_all();
}

static void who_is_not_waited_for_any_more(void **state)
{
	static const char *const lines[] = {"example.com 60 A 192.0.2.1", NULL};
	struct sip_servers *servers;
	struct sip_location *pending;
	struct sip_locate_params p = {.uri = SLICE("sip:example.com"), .reach = all};
	open_with(lines, false);
	f = (struct finding){0};
	assert_int_equal(sip_locate(&servers, &pending, locator, &p, on_servers, &f), -EINPROGRESS);
	clock_test_advance(15);
	mem_deref(pending);
	clock_test_advance(5000);
	assert_int_equal(f.told, 0);
	/* Who waits keeps what it takes. */
	assert_int_equal(sip_locate(&servers, &pending, locator, &(struct sip_locate_params){.uri = SLICE("sip:other.example"), .reach = all}, on_servers, &f),
			 -EINPROGRESS);
	locator = mem_deref(locator);
	mem_deref(pending);
	zone_close(&z);
}

static void the_decision_can_be_looked_at(void **state)
{
	static const char *const lines[] = {"example.com 60 NAPTR 10 50 s SIP+D2U - _sip._udp.example.com",
		"_sip._udp.example.com 60 SRV 1 2 5070 a.example.com", "a.example.com 60 A 192.0.2.1", NULL};
	struct sip_locate_params p = {.uri = SLICE("sip:example.com"), .reach = v4};
	bool known = false;
	char *all_steps = NULL;
	open_with(lines, false);
	for (unsigned i = 0; i < 10 && !known; i++) {
		json_t *steps = sip_locate_explain(locator, &p, &known);
		free(all_steps);
		all_steps = json_dumps(steps, 0);
		json_decref(steps);
		clock_test_advance(11);
	}
	assert_true(known);
	assert_non_null(strstr(all_steps, "NAPTR example.com"));
	assert_non_null(strstr(all_steps, "1 2 5070 a.example.com."));
	assert_non_null(strstr(all_steps, "udp 192.0.2.1:5070"));
	free(all_steps);
	close_all();
}

static void oom_body(void *arg)
{
	static const char *const lines[] = {"example.com 60 NAPTR 10 50 s SIP+D2U - _sip._udp.example.com",
		"_sip._udp.example.com 60 SRV 1 2 5070 a.example.com", "a.example.com 60 A 192.0.2.1", NULL};
	struct sip_locate_params p = {.uri = SLICE("sip:example.com"), .reach = v4};
	struct sip_servers *servers = NULL;
	struct sip_location *pending = NULL;
	if (zone_try_open(&z, lines))
		return;
	f = (struct finding){0};
	if (!sip_locator_new(&locator, &(struct sip_locator_params){.dns = z.dns, .dead_ms = 1000})) {
		if (sip_locate(&servers, &pending, locator, &p, on_servers, &f) == -EINPROGRESS) {
			clock_test_advance(20000);
			assert_int_equal(f.told, 1);
			assert_true(!f.err || f.err == -ENOMEM || f.err == -ETIMEDOUT || f.err == -ENOENT);
		}
		mem_deref(pending);
		mem_deref(servers);
	}
	locator = mem_deref(locator);
	zone_close(&z);
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(oom_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_needs_no_question),
		cmocka_unit_test(what_cannot_be_reached_is_told),
		cmocka_unit_test(naptr_chooses_the_transport),
		cmocka_unit_test(without_naptr_srv_tells),
		cmocka_unit_test(a_port_means_addresses_and_a_transport_means_its_srv),
		cmocka_unit_test(families_by_what_is_reached_and_preferred),
		cmocka_unit_test(a_service_that_is_not_there),
		cmocka_unit_test(dead_places_come_last),
		cmocka_unit_test(weights_share_and_priorities_order),
		cmocka_unit_test(what_leads_nowhere_ends),
		cmocka_unit_test(servers_that_fail_are_not_taken_for_nothing),
		cmocka_unit_test(who_is_not_waited_for_any_more),
		cmocka_unit_test(the_decision_can_be_looked_at),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
