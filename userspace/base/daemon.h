/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every daemon does the same way, so that its main.c only names what is its own: the command line (-c FILE), the
 * configuration, the log, the control socket with the common verbs (pid, show counters, show alarms, show config, log level,
 * reload), signals (SIGHUP reload, SIGTERM and SIGINT clean end), READY=1 to the keeper, and finding a restarted keeper again.
 *
 *     int main(int argc, char **argv) { return daemon_main(argc, argv, &params); }
 */
#pragma once
#include "base/conf.h"
#include "base/ctl.h"

#define DAEMON_EXIT_CONFIG 78 /* EX_CONFIG of sysexits(3): a mistake in the configuration */

struct daemon_params {
	const char *name;   /* "tandem-ca": log and usage */
	const char *help;   /* one line for --help */
	const char *socket; /* file name of the control socket in state.runtime: "ca.sock" */
	/* Loads the configuration; `path` NULL: the default file or built-in one (config_open()). */
	int (*load)(struct conf **ret, const char *path, struct buf *why);
	const struct ctl_verb *verbs; /* further verbs, ends with name == NULL; may be NULL */
	void *arg; /* of the verbs and of what follows */
	/* Opens everything. A negative errno ends the daemon with the text in `why`. */
	int (*start)(void *arg, const struct conf *conf, struct buf *why);
	/* Takes over `now`, which has been checked; on error `was` stays. NULL: only the log level follows a reload. */
	int (*reload)(void *arg, const struct conf *was, const struct conf *now, struct buf *why);
	/* After a SIGHUP that loaded a good configuration; NULL. */
	void (*hangup)(void *arg);
	/* SIGTERM: begins the end. True: done at once. False: daemon_end() will be called, or stop_ms pass. NULL: true. */
	bool (*stop)(void *arg);
	void (*hurry)(void *arg); /* a second SIGTERM while stopping; NULL: the daemon ends at once */
	uint32_t stop_ms; /* 0: three seconds */
	bool ready_later; /* `start` is not all: daemon_ready() is called when it is */
	/* After the loop: closes everything, also after a failed start. */
	void (*close)(void *arg);
};

/* Runs a daemon from its command line to its end; returns the exit status. */
int daemon_main(int argc, char **argv, const struct daemon_params *params);
/* Ends the loop now. */
void daemon_end(void);
/* Tells the keeper that this daemon serves; called by daemon_main() after `start` unless ready_later. */
void daemon_ready(void);

/* The running configuration (changes with a reload) and the control socket; NULL outside daemon_main(). */
const struct conf *daemon_conf(void);
struct ctl *daemon_ctl(void);
/* The file given with -c, NULL without. */
const char *daemon_conf_path(void);
