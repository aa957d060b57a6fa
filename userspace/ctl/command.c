// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/command.h"
#include "base/ctl.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 2 /* with each of several that are asked */

static const struct {
	enum daemon_bit bit;
	const char *name, *socket;
} daemons[] = {{CA, "tandem-ca", "ca.sock"}, {MG, "tandem-mg", "mg.sock"}, {ISDN, "tandem-isdn", "isdn.sock"}, {KEEP, "tandem-keep", "keep.sock"}};

#define N_DAEMONS (sizeof daemons / sizeof daemons[0])

const char *command_daemon_name(enum daemon_bit daemon)
{
	for (size_t i = 0; i < N_DAEMONS; i++)
		if (daemons[i].bit == daemon)
			return daemons[i].name;
	return "?";
}

int command_connect(const struct options *o, enum daemon_bit daemon, bool quiet)
{
	struct buf path = buf_growing();
	int fd = -EINVAL;
	for (size_t i = 0; i < N_DAEMONS; i++)
		if (daemons[i].bit == daemon) {
			buf_printf(&path, "%s/%s", o->runtime, daemons[i].socket);
			fd = ctl_connect(buf_z(&path));
		}
	if (fd < 0 && !quiet)
		fprintf(stderr, "tandemctl: %s does not answer at %s: %s\n", command_daemon_name(daemon), buf_z(&path),
			fd == -ENOENT || fd == -ECONNREFUSED ? "it is not running" : strerror(-fd));
	buf_reset(&path);
	return fd;
}

/* Rows of several daemons: each says whose it is. */
static void merge(json_t *all, json_t *rows, const char *daemon)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row) {
		json_object_set_new(row, "daemon", json_string(daemon));
		json_array_append(all, row);
	}
}

json_t *command_result(const struct options *o, enum daemon_bit daemon, const char *verb, json_t *args, bool quiet)
{
	json_t *reply = NULL, *result = NULL;
	int fd = command_connect(o, daemon, quiet);
	if (fd < 0)
		return NULL;
	/* One that hangs does not keep the others from answering. */
	if (quiet)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = PATIENCE_S}, sizeof(struct timeval));
	int err = ctl_ask(fd, verb, json_incref(args), &reply);
	err = err == -EAGAIN ? -ETIMEDOUT : err;
	close(fd);
	const char *wrong = json_string_value(json_object_get(reply, "error"));
	if (err || wrong)
		fprintf(stderr, "tandemctl: %s: %s\n", command_daemon_name(daemon), err ? strerror(-err) : wrong);
	else
		result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return result;
}

void command_print(const struct command *c, const struct options *o, const json_t *result)
{
	struct buf out = buf_growing();
	if (o->json) {
		char *text = json_dumps(result, JSON_INDENT(2) | JSON_ENCODE_ANY);
		buf_str(&out, text ? text : "");
		buf_char(&out, '\n');
		free(text);
	} else if (c->columns) {
		table_print(&out, result, c->columns, c->none);
	} else if (json_is_string(result)) {
		const char *text = json_string_value(result);
		buf_str(&out, text);
		buf_str(&out, *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
	}
	fwrite(out.p, 1, out.len, stdout);
	buf_reset(&out);
}

static bool several(unsigned bits)
{
	return (bits & (bits - 1)) != 0;
}

static void name_args(json_t *args, const char *names, int n, char **rest)
{
	struct slice left = slice_str(names), name;
	for (int i = 0; i < n && slice_is_set(name = slice_cut(&left, ' ')); i++)
		json_object_setn_new(args, name.p, name.len, json_string(rest[i]));
}

static int args_allowed(const struct command *c)
{
	int n = c->args != NULL;
	for (const char *p = c->arg_names; p && *p; p++)
		n += *p == ' ';
	return n;
}

int command_ask(const struct command *c, const struct options *o, int n, char **rest)
{
	json_t *all = json_array(), *args = json_object(), *last = NULL;
	unsigned answered = 0;
	name_args(args, c->arg_names, n, rest);
	for (size_t i = 0; i < N_DAEMONS; i++) {
		if (!(c->daemons & daemons[i].bit))
			continue;
		json_t *one = command_result(o, daemons[i].bit, c->verb ? c->verb : c->words, args, several(c->daemons));
		if (!one)
			continue;
		answered++;
		if (json_is_array(one))
			merge(all, one, daemons[i].name);
		json_decref(last);
		last = one;
	}
	if (answered)
		command_print(c, o, c->columns ? all : last);
	else if (several(c->daemons))
		fprintf(stderr, "tandemctl: no daemon answers in %s: is tandem-keep running?\n", o->runtime);
	json_decref(last);
	json_decref(all);
	json_decref(args);
	return answered ? 0 : EXIT_FAILURE;
}

/* --- finding the command ------------------------------------------------------------------------------------------- */

/* How many of argv's words the command takes, 0 when it is another one. */
static int words_matched(const struct command *c, int argc, char **argv)
{
	struct slice rest = slice_str(c->words), word;
	int n = 0;
	while (slice_is_set(word = slice_cut(&rest, ' '))) {
		if (n == argc || !slice_eq(word, slice_str(argv[n])))
			return 0;
		n++;
	}
	return n;
}

int command_run(const struct options *o, int argc, char **argv)
{
	for (const struct command *c = commands; c->words; c++) {
		int n = words_matched(c, argc, argv);
		if (!n)
			continue;
		if (!c->own_args && argc - n > args_allowed(c)) {
			fprintf(stderr, "tandemctl: usage: %s %s\n", c->words, c->args ? c->args : "");
			return 64;
		}
		return c->run ? c->run(c, o, argc - n, argv + n) : command_ask(c, o, argc - n, argv + n);
	}
	fprintf(stderr, "tandemctl: unknown command; \"tandemctl help\" lists them\n");
	return 64;
}
