// SPDX-License-Identifier: GPL-3.0-or-later
/* One group of packet tests, inside the gateway's namespace of tests/net/packets/run. */
#include "wire.h"
#include <stdio.h>

static int null(void) { return test_engine(FP_NULL); }
static int generic(void) { return test_engine(FP_XDP_GENERIC); }
static int native(void) { return test_engine(FP_XDP_NATIVE); }
static int module(void) { return test_engine(FP_KMOD); }
static int null_disabled(void) { return test_disabled(FP_NULL); }
static int generic_disabled(void) { return test_disabled(FP_XDP_GENERIC); }
static int native_disabled(void) { return test_disabled(FP_XDP_NATIVE); }
static int module_disabled(void) { return test_disabled(FP_KMOD); }
static int sources_null(void) { return test_sources(FP_NULL); }
static int sources_generic(void) { return test_sources(FP_XDP_GENERIC); }
static int sources_native(void) { return test_sources(FP_XDP_NATIVE); }
static int sources_module(void) { return test_sources(FP_KMOD); }
static int digits_null(void) { return test_digits(FP_NULL); }
static int digits_generic(void) { return test_digits(FP_XDP_GENERIC); }
static int digits_native(void) { return test_digits(FP_XDP_NATIVE); }
static int digits_module(void) { return test_digits(FP_KMOD); }
static int deliver_null(void) { return test_deliver(FP_NULL); }
static int deliver_generic(void) { return test_deliver(FP_XDP_GENERIC); }
static int deliver_native(void) { return test_deliver(FP_XDP_NATIVE); }
static int deliver_module(void) { return test_deliver(FP_KMOD); }

static int mtu_null(void) { return test_mtu(FP_NULL); }
static int mtu_generic(void) { return test_mtu(FP_XDP_GENERIC); }
static int mtu_native(void) { return test_mtu(FP_XDP_NATIVE); }
static int mtu_module(void) { return test_mtu(FP_KMOD); }

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(void);
	} groups[] = {
		{"null", null},
		{"generic", generic},
		{"native", native},
		{"module", module},
		{"null-disabled", null_disabled},
		{"generic-disabled", generic_disabled},
		{"native-disabled", native_disabled},
		{"module-disabled", module_disabled},
		{"tags", test_tags},
		{"checksums", test_checksums},
		{"mtu-null", mtu_null},
		{"mtu-generic", mtu_generic},
		{"mtu-native", mtu_native},
		{"mtu-module", mtu_module},
		{"hops", test_hops},
		{"restart", test_restart},
		{"powers", test_powers},
		{"powerless", test_powerless},
		{"interfaces", test_interfaces},
		{"migrate", test_migrate},
		{"many", test_many},
		{"vrfs", test_vrfs},
		{"sources-null", sources_null},
		{"sources-generic", sources_generic},
		{"sources-native", sources_native},
		{"sources-module", sources_module},
		{"digits-null", digits_null},
		{"digits-generic", digits_generic},
		{"digits-native", digits_native},
		{"digits-module", digits_module},
		{"deliver-null", deliver_null},
		{"deliver-generic", deliver_generic},
		{"deliver-native", deliver_native},
		{"deliver-module", deliver_module},
		{"differ", test_differ},
		{"differ-module", test_differ_module},
	};
	int rc = -1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !loop_init())
		open_wires();
	for (size_t i = 0; argc == 2 && i < sizeof groups / sizeof groups[0]; i++)
		if (!strcmp(argv[1], groups[i].name))
			rc = groups[i].fn();
	loop_close();
	return rc < 0 ? fprintf(stderr, "usage: packets GROUP\n"), 2 : rc;
}
