// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl show calls: the call agent knows the calls, the media gateway who relays their media. */
#include "ctl/command.h"
#include <stdlib.h>

/* The engines of a call's streams, each once, as "xdp" or "xdp,null". */
static json_t *engines_of(const json_t *streams, const char *call)
{
	json_t *found = json_array(), *stream, *known;
	size_t i, k;
	json_array_foreach(streams, i, stream) {
		json_t *engine = json_object_get(stream, "engine");
		const char *of = json_string_value(json_object_get(stream, "call"));
		bool seen = !engine || !of || !call || strcmp(of, call);
		json_array_foreach(found, k, known)
			seen |= json_equal(known, engine);
		if (!seen)
			json_array_append(found, engine);
	}
	return found;
}

int run_calls(const struct command *c, const struct options *o, int n, char **rest)
{
	json_t *calls = command_result(o, CA, c->words, NULL, false), *streams, *call;
	size_t i;
	if (!calls)
		return EXIT_FAILURE;
	streams = json_array_size(calls) ? command_result(o, MG, "show streams", NULL, true) : NULL;
	json_array_foreach(calls, i, call)
		json_object_set_new(call, "engine", engines_of(streams, json_string_value(json_object_get(call, "id"))));
	command_print(c, o, calls);
	json_decref(calls);
	json_decref(streams);
	return 0;
}
