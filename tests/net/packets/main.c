// SPDX-License-Identifier: GPL-3.0-or-later
/* One group of packet tests, inside the gateway's namespace of tests/net/packets/run. */
#include "wire.h"
#include <stdio.h>

static int null(void) { return test_engine(FP_NULL); }
static int generic(void) { return test_engine(FP_XDP_GENERIC); }
static int native(void) { return test_engine(FP_XDP_NATIVE); }
static int null_disabled(void) { return test_disabled(FP_NULL); }
static int generic_disabled(void) { return test_disabled(FP_XDP_GENERIC); }
static int native_disabled(void) { return test_disabled(FP_XDP_NATIVE); }

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(void);
	} groups[] = {
		{"null", null},
		{"generic", generic},
		{"native", native},
		{"null-disabled", null_disabled},
		{"generic-disabled", generic_disabled},
		{"native-disabled", native_disabled},
		{"tags", test_tags},
		{"checksums", test_checksums},
		{"hops", test_hops},
		{"restart", test_restart},
		{"powers", test_powers},
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
