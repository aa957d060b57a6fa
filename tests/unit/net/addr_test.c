// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "net/addr.h"
#include <errno.h>

static void text_goes_in_and_comes_out(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"192.0.2.1:5070", "192.0.2.1:5070"}, {"192.0.2.1", "192.0.2.1:9"},	      {"[2001:db8::1]:65535", "[2001:db8::1]:65535"},
		{"[2001:db8::1]", "[2001:db8::1]:9"}, {"2001:db8::1", "[2001:db8::1]:9"}, {"::", "[::]:9"},
		{"fe80::1%1", "[fe80::1%lo]:9"},      {"", NULL},	      {"192.0.2", NULL},
		{"192.0.2.256", NULL},		      {"192.0.2.1:", NULL},	      {"192.0.2.1:65536", NULL},
		{"[192.0.2.1]:5", NULL},	      {"[2001:db8::1", NULL},	      {"[::1]x", NULL},
		{"fe80::1%", NULL},		      {"1.2.3.4:5:6", NULL},	      {"host", NULL},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct addr a;
		char text[ADDR_STR_LEN];
		assert_int_equal(addr_parse(&a, slice_str(rows[i].in), 9), rows[i].out ? 0 : -EINVAL);
		if (rows[i].out)
			assert_string_equal(addr_str(&a, text), rows[i].out);
	}
}

static void hosts_and_addresses_are_written_apart(void **state)
{
	struct addr a;
	char text[ADDR_STR_LEN];
	addr_parse(&a, SLICE("[2001:db8::1]:5"), 0);
	assert_string_equal(addr_host_str(&a, text), "[2001:db8::1]");
	assert_string_equal(addr_ip_str(&a, text), "2001:db8::1");
	addr_parse(&a, SLICE("255.0.20.100"), 0);
	assert_string_equal(addr_host_str(&a, text), "255.0.20.100");
}

static void mapped_addresses_are_ipv4(void **state)
{
	struct addr a, b;
	uint8_t key[16];
	struct sockaddr_storage ss;
	addr_parse(&a, SLICE("192.0.2.1:77"), 0);
	addr_mapped(&a, key);
	addr_from_mapped(&b, key, 77);
	assert_true(addr_eq(&a, &b));
	assert_int_equal(addr_hash(&a), addr_hash(&b));
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(77)};
	memcpy(&in6.sin6_addr, key, 16);
	assert_int_equal(addr_from_sockaddr(&b, (struct sockaddr *)&in6), 0);
	assert_true(addr_eq(&a, &b));
	assert_int_equal(addr_to_sockaddr(&b, &ss), sizeof(struct sockaddr_in));
	b.port = 78;
	assert_false(addr_eq(&a, &b));
	assert_true(addr_ip_eq(&a, &b));
}

static void prefixes_hold_what_they_cover(void **state)
{
	static const struct {
		const char *prefix, *addr;
		int has; /* -1: no prefix at all */
	} rows[] = {
		{"10.0.0.0/8", "10.255.0.1", 1},   {"10.0.0.0/8", "11.0.0.1", 0},	{"192.0.2.128/25", "192.0.2.127", 0},
		{"192.0.2.128/25", "192.0.2.200", 1}, {"0.0.0.0/0", "1.2.3.4", 1},	{"0.0.0.0/0", "::1", 0},
		{"2001:db8::/32", "2001:db8:1::", 1}, {"2001:db8::/33", "2001:db8:8000::", 0}, {"192.0.2.1", "192.0.2.1", 1},
		{"192.0.2.1", "192.0.2.2", 0},	   {"10.0.0.1/8", "", -1},		{"10.0.0.0/33", "", -1},
		{"10.0.0.0/", "", -1},		   {"x/8", "", -1},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct prefix p;
		struct addr a;
		assert_int_equal(prefix_parse(&p, slice_str(rows[i].prefix)), rows[i].has < 0 ? -EINVAL : 0);
		if (rows[i].has < 0)
			continue;
		assert_int_equal(addr_parse_ip(&a, slice_str(rows[i].addr)), 0);
		assert_int_equal(prefix_has(&p, &a), rows[i].has);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_in_and_comes_out),
		cmocka_unit_test(hosts_and_addresses_are_written_apart),
		cmocka_unit_test(mapped_addresses_are_ipv4),
		cmocka_unit_test(prefixes_hold_what_they_cover),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
