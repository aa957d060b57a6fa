// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl route test FROM TO: what the routing would do with a call, rule by rule. */
#include "ctl/command.h"
#include <stdlib.h>

static const struct column steps[] = {
	{"step", "STEP", AS_IS}, {"name", "NAME", AS_IS}, {"taken", "TAKEN", AS_IS}, {"why", "WHY", AS_IS}, {0},
};

static const struct column attempts[] = {
	{"attempt", "ATTEMPT", AS_IS}, {"target", "TARGET", AS_IS}, {"uri", "CALLED AS", AS_IS}, {"caller", "CALLER", AS_IS},
	{"first_response_ms", "FIRST RESPONSE MS", AS_IS}, {"answer_ms", "ANSWER MS", AS_IS}, {0},
};

static void print(const json_t *result)
{
	struct buf out = buf_growing();
	json_int_t status = json_integer_value(json_object_get(result, "status"));
	table_print(&out, json_object_get(result, "steps"), steps, "no rule, user or group was looked at");
	buf_char(&out, '\n');
	table_print(&out, json_object_get(result, "attempts"), attempts, "nobody would be called");
	if (status)
		buf_printf(&out, "\nThe caller is told %lld (cause %lld): %s\n", (long long)status,
			   (long long)json_integer_value(json_object_get(result, "cause")), json_string_value(json_object_get(result, "words")));
	fwrite(out.p, 1, out.len, stdout);
	buf_reset(&out);
}

/* Options may stand anywhere among FROM and TO. */
static json_t *read_args(int n, char **rest, bool *json)
{
	static const char *const names[] = {"from", "to"};
	json_t *args = json_object(), *headers = json_array();
	int words = 0;
	json_object_set_new(args, "headers", headers);
	for (int i = 0; i < n; i++) {
		bool option = !strcmp(rest[i], "--time") || !strcmp(rest[i], "--caller") || !strcmp(rest[i], "--header");
		if (option && i + 1 < n && !strcmp(rest[i], "--header")) {
			json_array_append_new(headers, json_string(rest[++i]));
		} else if (option && i + 1 < n) {
			json_object_set_new(args, rest[i] + 2, json_string(rest[i + 1]));
			i++;
		} else if (!strcmp(rest[i], "--json")) {
			*json = true;
		} else if (!option && words < 2) {
			json_object_set_new(args, names[words++], json_string(rest[i]));
		} else {
			words = 3;
		}
	}
	if (words == 2)
		return args;
	json_decref(args);
	return NULL;
}

int run_route_test(const struct command *c, const struct options *o, int n, char **rest)
{
	struct options own = *o;
	json_t *args = read_args(n, rest, &own.json);
	if (!args) {
		fprintf(stderr, "tandemctl: usage: %s %s\n", c->words, c->args);
		return 64;
	}
	json_t *result = command_result(o, CA, c->words, args, false);
	json_decref(args);
	if (!result)
		return EXIT_FAILURE;
	if (own.json)
		command_print(c, &own, result);
	else
		print(result);
	json_decref(result);
	return 0;
}
