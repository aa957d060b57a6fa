// SPDX-License-Identifier: GPL-3.0-or-later
/* `tandemctl resolve URI`: the daemon tells what it knows and asks DNS for what is missing; we ask again until that has come. */
#include "ctl/command.h"
#include <stdlib.h>
#include <unistd.h>

#define AGAIN_US 20000
#define AGAIN_MAX 1000

int run_resolve(const struct command *c, const struct options *o, int n, char **rest)
{
	if (!n) {
		fprintf(stderr, "tandemctl: usage: %s %s\n", c->words, c->args);
		return 64;
	}
	json_t *answer = NULL;
	bool known = false;
	for (unsigned i = 0; !known && i < AGAIN_MAX; i++) {
		json_decref(answer);
		if (i)
			usleep(AGAIN_US);
		json_t *args = json_pack("{s:s, s:s*}", "uri", rest[0], "address", n > 1 ? rest[1] : NULL);
		answer = command_result(o, CA, c->words, args, false);
		json_decref(args);
		if (!answer)
			return EXIT_FAILURE;
		known = json_is_true(json_object_get(answer, "known"));
	}
	command_print(c, o, json_object_get(answer, "steps"));
	json_decref(answer);
	return known ? 0 : EXIT_FAILURE;
}
