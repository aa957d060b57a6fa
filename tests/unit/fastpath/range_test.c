// SPDX-License-Identifier: GPL-3.0-or-later
/* Which slot a local port has, and the other way round, with as many addresses as there may be. */
#include "unit.h"
#include "fastpath/private.h"
#include <errno.h>
#include <stdio.h>

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(&a, slice_str(ip)), 0);
	a.port = port;
	return a;
}

static void forget(struct fastpath *fp)
{
	mem_free(fp->ranges);
	mem_free(fp->by_ip);
}

static void many_addresses(void **state)
{
	struct fp_local locals[TANDEM_MAX_LOCALS];
	struct fp_params p = {.locals = locals, .n_locals = TANDEM_MAX_LOCALS};
	struct fastpath fp = {0};
	struct addr local, back;
	uint32_t slot, next = 0;
	for (unsigned i = 0; i < TANDEM_MAX_LOCALS; i++) {
		char ip[32];
		snprintf(ip, sizeof ip, "127.0.%u.%u", 1 + i % 16, 1 + i / 16);
		locals[i] = (struct fp_local){at(ip, 0), (uint16_t)(20000 + i), (uint16_t)(20000 + 2 * i + 1)};
	}
	assert_int_equal(fp_ranges_set(&fp, &p), 0);
	for (unsigned i = 0; i < TANDEM_MAX_LOCALS; i++) {
		local = locals[i].ip;
		for (local.port = locals[i].port_min; local.port <= locals[i].port_max; local.port++) {
			assert_int_equal(fastpath_slot(&fp, &local, &slot), 0);
			assert_int_equal(slot, next++);
			fp_slot_local(&fp, slot, &back);
			assert_true(addr_eq(&local, &back));
		}
		assert_int_equal(fastpath_slot(&fp, &local, &slot), -ENOENT);
		local.port = (uint16_t)(locals[i].port_min - 1);
		assert_int_equal(fastpath_slot(&fp, &local, &slot), -ENOENT);
	}
	assert_int_equal(fp.n_slots, next);
	local = at("127.0.20.1", 20000);
	assert_int_equal(fastpath_slot(&fp, &local, &slot), -ENOENT);
	local = at("::1", 20000);
	assert_int_equal(fastpath_slot(&fp, &local, &slot), -ENOENT);
	forget(&fp);
}

static void bad_addresses(void **state)
{
	const struct fp_local bad[][2] = {
		{{at("127.0.0.1", 0), 2000, 2001}, {at("127.0.0.1", 0), 3000, 3001}}, /* twice */
		{{at("127.0.0.1", 0), 2000, 2001}, {at("0.0.0.0", 0), 3000, 3001}},
		{{at("127.0.0.1", 0), 2000, 2001}, {at("192.0.2.1", 0), 3000, 3001}}, /* not of this machine */
		{{at("127.0.0.1", 0), 2001, 2000}, {at("127.0.0.2", 0), 3000, 3001}},
		{{at("127.0.0.1", 0), 0, 2000}, {at("127.0.0.2", 0), 3000, 3001}},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct fastpath fp = {0};
		struct fp_params p = {.locals = bad[i], .n_locals = 2};
		assert_int_equal(fp_ranges_set(&fp, &p), -EADDRNOTAVAIL);
		forget(&fp);
	}
	struct fastpath fp = {0};
	struct fp_params none = {0};
	assert_int_equal(fp_ranges_set(&fp, &none), -EADDRNOTAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(many_addresses), cmocka_unit_test(bad_addresses)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
