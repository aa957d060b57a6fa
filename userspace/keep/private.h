/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keeper's inside: one file a noun. */
#pragma once
#include "base/list.h"
#include "base/loop.h"
#include "base/timer.h"
#include "keep/keeper.h"
#include <sys/types.h>

enum { HELD_LISTS = 256 };

enum child_state { CHILD_WAITING, CHILD_STARTING, CHILD_READY, CHILD_STOPPING, CHILD_BACKOFF, CHILD_ENDED, CHILD_OFF };

struct child {
	struct keeper *keeper;
	const struct keeper_child *spec;
	enum child_state state;
	pid_t pid; /* 0: not running */
	int pidfd;
	struct loop_watch *exit_watch;
	bool unwanted; /* it is not needed */
	bool killed; /* by keeper_restart(): its end is no surprise */
	unsigned restarts;
	uint32_t backoff_ms;
	uint64_t started_ms;
	struct timer timer; /* grace or back-off */
	char last_end[64];  /* "signal 9", "exit 1"; "" */
	struct list held;   /* struct held_fd, in the order they came */
	struct list held_names[HELD_LISTS]; /* the same by name */
	unsigned n_held;
	struct list connections; /* struct connection: where its requests come from */
};

struct keeper {
	struct keeper_params params;
	char *runtime, *user, *notify_path, *request_path;
	struct child *children;
	unsigned n;
	bool stopping, was_ready;
	int notify_fd, request_fd;
	struct loop_watch *notify_watch, *request_watch;
};

struct child *keeper_child_of_pid(struct keeper *k, pid_t pid);

/* child.c: life of one daemon. */
void child_init(struct child *c, struct keeper *k, const struct keeper_child *spec);
void child_free(struct child *c);
bool child_adopt(struct child *c); /* true when it runs already */
void child_start(struct child *c);
void child_set_ready(struct child *c);
void child_terminate(struct child *c);
void child_signal(struct child *c, int signo);
void child_want(struct child *c, bool on);
const char *child_state_name(enum child_state s);
/* keeper.c: something changed in a child: starts the next one, reports readiness and the end. */
void keeper_step(struct keeper *k);

/* spawn.c: a process without capabilities that has `fds` under `names` by the LISTEN_FDS protocol. */
struct spawn {
	const char *path, *name, *config, *user;
	const int *fds;
	const char *const *names;
	unsigned n;
	const char *notify_path, *request_path;
	pid_t keeper; /* set by spawn_process() */
};
int spawn_process(const struct spawn *s, pid_t *pid, int *pidfd);
/* "/usr/lib/tandem/tandem-mg": next to our own program, else in /usr/sbin. -ENOENT. */
int spawn_find(const char *name, char *path, size_t size);

/* fds.c: descriptors held for a child. */
struct held_fd {
	struct link link, alike;
	int fd;
	char name[];
};
int held_put(struct child *c, const char *name, int fd); /* takes the descriptor, also on error */
void held_remove(struct child *c, const char *name);
void held_free(struct child *c);
/* Takes back what an earlier keeper gave to its own keeper (systemd). */
void held_recover(struct keeper *k);

/* notify.c: the datagrams of the children. */
int notify_open(struct keeper *k, struct buf *why);
void notify_close(struct keeper *k);
/* Takes those that have come. */
void notify_take(struct keeper *k);

/* privileged.c: requests of the children. */
int requests_open(struct keeper *k, struct buf *why);
void requests_close(struct keeper *k);
int requests_pair(struct child *c); /* the child's end of a new connection, or negative errno */
void requests_forget(struct child *c);
