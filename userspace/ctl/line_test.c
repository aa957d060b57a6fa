// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl test [span] FROM TO [all] [number NUMBER] [caller NUMBER]: begins the test, waits until it is over, and prints its checks. */
#include "ctl/command.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_US 200000

/* span 1 2; channel 7 31; group A B; ds/ds1-1/7 ds/ds1-2/7: the kind, if there is one, stands before both. */
static json_t *read_args(int n, char **rest)
{
	static const char *const kinds[] = {"span", "group", "channel"};
	const char *kind = NULL;
	for (size_t i = 0; n && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(rest[0], kinds[i]))
			kind = kinds[i];
	if (kind) {
		n--;
		rest++;
	}
	const char *number = "", *caller = "";
	for (; n >= 4 && (!strcmp(rest[n - 2], "number") || !strcmp(rest[n - 2], "caller")); n -= 2)
		*(!strcmp(rest[n - 2], "number") ? &number : &caller) = rest[n - 1];
	bool all = n == 3 && !strcmp(rest[2], "all");
	if (n != 2 && !all)
		return NULL;
	json_t *args = json_object();
	static const char *const names[] = {"from", "to"};
	for (unsigned i = 0; i < 2; i++) {
		struct buf target = buf_growing();
		buf_printf(&target, "%s%s%s", kind ? kind : "", kind ? " " : "", rest[i]);
		json_object_set_new(args, names[i], json_string(buf_z(&target)));
		buf_reset(&target);
	}
	json_object_set_new(args, "all", json_boolean(all));
	json_object_set_new(args, "number", json_string(number));
	json_object_set_new(args, "caller", json_string(caller));
	return args;
}

int run_line_test(const struct command *c, const struct options *o, int n, char **rest)
{
	json_t *args = n ? read_args(n, rest) : NULL;
	if (n && !args) {
		fprintf(stderr, "tandemctl: usage: %s %s\n", c->words, c->args);
		return 64;
	}
	json_t *result = command_result(o, MG, n ? "test" : "show test", args, false);
	while (result && json_is_string(json_object_get(result, "running"))) {
		json_decref(result);
		usleep(POLL_US);
		result = command_result(o, MG, "show test", NULL, false);
	}
	json_decref(args);
	if (!result)
		return EXIT_FAILURE;
	const char *failed = json_string_value(json_object_get(result, "result"));
	command_print(c, o, json_object_get(result, "rows"));
	int status = failed && *failed ? EXIT_FAILURE : 0;
	if (status)
		fprintf(stderr, "tandemctl: %s\n", failed);
	json_decref(result);
	return status;
}
