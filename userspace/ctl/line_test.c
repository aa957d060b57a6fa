// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl test [span] FROM [channel] TO [all] [number NUMBER] [caller NUMBER]: begins the test, waits until it is over, and prints its checks. */
#include "ctl/command.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_US 200000

static bool is_kind(const char *word)
{
	static const char *const kinds[] = {"span", "group", "channel"};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(word, kinds[i]))
			return true;
	return false;
}

/* span 1 2; channel 7 31; group A B; span 1 channel 45; ds/ds1-1/7 ds/ds1-2/7: a kind holds for both unless the second has its own. The words that were read, 0: too few. */
static int read_targets(json_t *args, int n, char **rest)
{
	static const char *const names[] = {"from", "to"};
	const char *kind = NULL;
	int at = 0;
	for (unsigned i = 0; i < 2; i++) {
		if (at < n && is_kind(rest[at]))
			kind = rest[at++];
		if (at == n)
			return 0;
		struct buf target = buf_growing();
		buf_printf(&target, "%s%s%s", kind ? kind : "", kind ? " " : "", rest[at++]);
		json_object_set_new(args, names[i], json_string(buf_z(&target)));
		buf_reset(&target);
	}
	return at;
}

/* What follows them. False: it is not understood. */
static bool read_more(json_t *args, int n, char **rest)
{
	int at = 0;
	json_object_set_new(args, "all", json_boolean(n && !strcmp(rest[0], "all")));
	if (n && !strcmp(rest[0], "all"))
		at++;
	for (; at + 1 < n && (!strcmp(rest[at], "number") || !strcmp(rest[at], "caller")); at += 2)
		json_object_set_new(args, rest[at], json_string(rest[at + 1]));
	return at == n;
}

static json_t *read_args(int n, char **rest)
{
	json_t *args = json_object();
	int at = read_targets(args, n, rest);
	if (at && read_more(args, n - at, rest + at))
		return args;
	json_decref(args);
	return NULL;
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
	/* One that is over has found something: who answers now has not made it. */
	if (n && (!failed || !*failed) && !json_array_size(json_object_get(result, "rows")))
		failed = "the test is lost: tandem-mg was restarted";
	command_print(c, o, json_object_get(result, "rows"));
	int status = failed && *failed ? EXIT_FAILURE : 0;
	if (status)
		fprintf(stderr, "tandemctl: %s\n", failed);
	json_decref(result);
	return status;
}
