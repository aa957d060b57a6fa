// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands that ask no daemon for rows: help, reload. */
#include "base/ctl.h"
#include "base/mem.h"
#include "config/schema.h"
#include "ctl/command.h"
#include <stdlib.h>
#include <unistd.h>

int run_help(const struct command *self, const struct options *o, int n, char **rest)
{
	printf("usage: tandemctl [-s RUNTIME_DIR | -c FILE] [--json] COMMAND\n\n");
	for (const struct command *c = commands; c->words; c++) {
		int width = printf("  %s%s%s", c->words, c->args ? " " : "", c->args ? c->args : "");
		printf("%*s%s\n", width < 36 ? 36 - width : 1, "", c->help);
	}
	return 0;
}

int run_help_config(const struct command *self, const struct options *o, int n, char **rest)
{
	struct buf out = buf_growing();
	if (n && strcmp(rest[0], "--man")) {
		fprintf(stderr, "tandemctl: usage: %s %s\n", self->words, self->args);
		return 64;
	}
	if (n)
		conf_help_man(config_schema, &out);
	else
		conf_help(config_schema, &out);
	fwrite(out.p, 1, out.len, stdout);
	buf_reset(&out);
	return 0;
}

/* The daemons that serve tell what they do not like; the keeper is told last. */
int run_reload(const struct command *self, const struct options *o, int n, char **rest)
{
	static const enum daemon_bit order[] = {MG, ISDN, CA, KEEP};
	unsigned answered = 0, failed = 0;
	for (size_t i = 0; i < sizeof order / sizeof order[0] && !failed; i++) {
		json_t *reply = NULL;
		int fd = command_connect(o, order[i], true);
		if (fd < 0)
			continue;
		answered++;
		int err = ctl_ask(fd, "reload", NULL, &reply);
		close(fd);
		const char *wrong = json_string_value(json_object_get(reply, "error"));
		if (err || wrong) {
			failed++;
			fprintf(stderr, "tandemctl: %s goes on with what it had: %s\n", command_daemon_name(order[i]),
				err ? strerror(-err) : wrong);
		} else {
			printf("%s: reloaded\n", command_daemon_name(order[i]));
		}
		json_decref(reply);
	}
	if (!answered)
		fprintf(stderr, "tandemctl: no daemon answers in %s\n", o->runtime);
	return answered && !failed ? 0 : EXIT_FAILURE;
}
