// SPDX-License-Identifier: GPL-3.0-or-later
/* tandemctl tdm VERB TARGET: the target may be of two words. */
#include "ctl/command.h"
#include <stdlib.h>

int run_tdm(const struct command *c, const struct options *o, int n, char **rest)
{
	struct buf target = buf_growing();
	for (int i = 1; i < n; i++)
		buf_printf(&target, "%s%s", i > 1 ? " " : "", rest[i]);
	json_t *args = json_object();
	if (n)
		json_object_set_new(args, "verb", json_string(rest[0]));
	if (n > 1)
		json_object_set_new(args, "target", json_string(buf_z(&target)));
	json_t *result = command_result(o, MG, c->words, args, false);
	struct command words = *c;
	if (!json_is_array(result))
		words.columns = NULL;
	if (result)
		command_print(&words, o, result);
	int status = result ? 0 : EXIT_FAILURE;
	json_decref(result);
	json_decref(args);
	buf_reset(&target);
	return status;
}
