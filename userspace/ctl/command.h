/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands of tandemctl: a table of words, whom to ask, what, and how to print it. */
#pragma once
#include "ctl/table.h"
#include <stdio.h>

enum daemon_bit { KEEP = 1, CA = 2, MG = 4, ISDN = 8 };

struct options {
	const char *runtime; /* directory of the control sockets */
	const char *config;  /* -c, NULL */
	bool json;
};

struct command {
	const char *words;    /* "show calls" */
	const char *args;     /* of the command line: "FILE"; "" */
	const char *help;
	unsigned daemons;     /* whom to ask: bits; several answers are merged */
	const char *verb;     /* NULL: `words` */
	const struct column *columns; /* NULL: printed as it comes */
	const char *none;     /* when there are no rows */
	bool own_args; /* `run` looks at them by itself */
	/* Another way to do it; returns the exit status. `rest` are the words after the command's own. */
	int (*run)(const struct command *c, const struct options *o, int n, char **rest);
	const char *arg_names; /* the words of `rest` are passed under these names, which a space parts; NULL: one at most, to `run` */
};

extern const struct command commands[]; /* ends with words == NULL */

/* Runs the command that argv begins with: the exit status. */
int command_run(const struct options *o, int argc, char **argv);

/* Asks daemons and prints: what a command without `run` does. */
int command_ask(const struct command *c, const struct options *o, int n, char **rest);
/* Connects to a daemon's socket: a descriptor, or negative errno after telling the user. */
int command_connect(const struct options *o, enum daemon_bit daemon, bool quiet);
const char *command_daemon_name(enum daemon_bit daemon);

/* One daemon's answer: a new reference; NULL, after telling the user why unless `quiet`. */
json_t *command_result(const struct options *o, enum daemon_bit daemon, const char *verb, json_t *args, bool quiet);
void command_print(const struct command *c, const struct options *o, const json_t *result);

int run_calls(const struct command *c, const struct options *o, int n, char **rest);
int run_resolve(const struct command *c, const struct options *o, int n, char **rest);
int run_line_test(const struct command *c, const struct options *o, int n, char **rest);
int run_tdm(const struct command *c, const struct options *o, int n, char **rest);
int run_route_test(const struct command *c, const struct options *o, int n, char **rest);
int run_trace(const struct command *c, const struct options *o, int n, char **rest);
int run_reload(const struct command *c, const struct options *o, int n, char **rest);
int run_help(const struct command *c, const struct options *o, int n, char **rest);
int run_help_config(const struct command *c, const struct options *o, int n, char **rest);
int run_check_config(const struct command *c, const struct options *o, int n, char **rest);
