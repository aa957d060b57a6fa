/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keeper: starts daemons and starts them again when they die, holds the descriptors they must not lose, and does for them the few
 * things that need privileges. It parses nothing from a network. */
#pragma once
#include "base/buf.h"
#include <jansson.h>

struct keeper; /* mem_deref() leaves the daemons running */

struct keeper_child {
	const char *name;    /* "tandem-mg"; also the program, next to our own or in /usr/sbin */
	const char *program; /* another program (tests); NULL */
	const char *socket;  /* its control socket in the runtime directory: "mg.sock" */
	bool off;            /* not needed: is started by keeper_want() */
};

struct keeper_times {
	uint32_t grace_ms;                       /* from SIGTERM to SIGKILL */
	uint32_t restart_min_ms, restart_max_ms; /* back-off between restarts */
	uint32_t stable_ms;                      /* one that ran so long is started again at once, and its back-off begins anew */
};

struct keeper_params {
	const struct keeper_child *children; /* started in this order, each when the one before is ready; ends with name == NULL; kept */
	const char *runtime;                 /* directory of the sockets */
	const char *state;                   /* directory the daemons write to; NULL */
	const char *config;                  /* passed to the daemons with -c, NULL: without; kept */
	const char *user;                    /* to run them as, "" or NULL: as we are */
	struct keeper_times times;
	/* Daemons face the network: what is configured replaces what their fastpath requests say. 0 or negative errno: refused. */
	int (*confine)(void *arg, json_t *request);
	void (*on_ready)(void *arg); /* every daemon has said READY=1 */
	void (*on_ended)(void *arg); /* after keeper_stop() the last one has ended */
	void *arg;
};

/* Takes over daemons that run already, and starts the others. On error negative errno and a line in `why`. */
int keeper_open(struct keeper **ret, const struct keeper_params *params, struct buf *why);
void keeper_set_times(struct keeper *k, const struct keeper_times *times);
/* Ends the daemons, the last started first. */
void keeper_stop(struct keeper *k);
/* Ends the daemons as a kill does, and on_ended() follows: calls and streams are left for the daemons that are started next. */
void keeper_leave(struct keeper *k);
/* After keeper_stop(): kills what has not ended yet. */
void keeper_kill(struct keeper *k);
/* Whether a daemon is needed: it is started, or ended. */
void keeper_want(struct keeper *k, const char *name, bool on);
/* SIGHUP to every daemon. */
void keeper_hangup(struct keeper *k);
/* Kills a daemon, so that it is started anew with what is held for it: -ENOENT when there is none of that name. */
int keeper_restart(struct keeper *k, const char *name);
/* Those that are needed: [{"name","pid","state","restarts","uptime_ms","descriptors","last_end"}]; a new reference. */
json_t *keeper_json(const struct keeper *k);
