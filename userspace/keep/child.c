// SPDX-License-Identifier: GPL-3.0-or-later
/* The life of one daemon: waiting for its turn, starting, ready, stopping; when it dies unasked, back-off and starting again. Its end
 * is seen through a pidfd, which also works for one that an earlier keeper started. */
#include "keep/private.h"
#include "base/ctl.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *child_state_name(enum child_state s)
{
	static const char *const names[] = {
		[CHILD_WAITING] = "waiting",   [CHILD_STARTING] = "starting", [CHILD_READY] = "ready",
		[CHILD_STOPPING] = "stopping", [CHILD_BACKOFF] = "back-off",  [CHILD_ENDED] = "ended",
		[CHILD_OFF] = "off",
	};
	return names[s];
}

static void set_state(struct child *c, enum child_state to, const char *why)
{
	log_debug(c->spec->name, "%s -> %s: %s", child_state_name(c->state), child_state_name(to), why);
	c->state = to;
}

void child_init(struct child *c, struct keeper *k, const struct keeper_child *spec)
{
	c->keeper = k;
	c->spec = spec;
	c->pidfd = -1;
	c->unwanted = spec->off;
	c->state = spec->off ? CHILD_OFF : CHILD_WAITING;
	c->backoff_ms = k->params.times.restart_min_ms;
	list_init(&c->held);
	list_init(&c->connections);
}

static void forget_process(struct child *c)
{
	timer_stop(&c->timer);
	c->exit_watch = mem_deref(c->exit_watch);
	if (c->pidfd >= 0)
		close(c->pidfd);
	c->pidfd = -1;
	c->pid = 0;
	requests_forget(c);
}

void child_free(struct child *c)
{
	forget_process(c);
	held_free(c);
}

void child_signal(struct child *c, int signo)
{
	if (c->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, c->pidfd, signo, NULL, 0);
}

/* --- its end ------------------------------------------------------------------------------------------------------- */

static void on_backoff_over(void *arg)
{
	child_start(arg);
}

static void try_again_later(struct child *c)
{
	const struct keeper_times *t = &c->keeper->params.times;
	set_state(c, CHILD_BACKOFF, c->last_end);
	timer_start(&c->timer, c->backoff_ms, on_backoff_over, c);
	c->backoff_ms = c->backoff_ms * 2 < t->restart_max_ms ? c->backoff_ms * 2 : t->restart_max_ms;
}

/* At once if it has run well: calls wait for it. One that keeps dying waits longer each time. */
static void start_again(struct child *c)
{
	const struct keeper_times *t = &c->keeper->params.times;
	bool ran_well = clock_ms() - c->started_ms >= t->stable_ms;
	if (ran_well || c->backoff_ms < t->restart_min_ms)
		c->backoff_ms = t->restart_min_ms;
	log_error(c->spec->name, "died: %s; starting it again in %u ms", c->last_end, ran_well ? 0 : c->backoff_ms);
	c->restarts++;
	if (ran_well)
		child_start(c);
	else
		try_again_later(c);
}

/* The exit status of one that an earlier keeper started is not ours to read. */
static void describe_end(struct child *c)
{
	siginfo_t info = {0};
	if (waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG) || !info.si_pid)
		snprintf(c->last_end, sizeof c->last_end, "gone");
	else if (info.si_code == CLD_EXITED)
		snprintf(c->last_end, sizeof c->last_end, "exit %d", info.si_status);
	else
		snprintf(c->last_end, sizeof c->last_end, "signal %d (%s)", info.si_status, strsignal(info.si_status));
}

static void on_exit_seen(void *arg, int events)
{
	struct child *c = arg;
	notify_take(c->keeper); /* what it handed over with its last breath */
	describe_end(c);
	forget_process(c);
	if (c->keeper->stopping) {
		log_info(c->spec->name, "ended: %s", c->last_end);
		set_state(c, CHILD_ENDED, c->last_end);
	} else if (c->unwanted) {
		log_info(c->spec->name, "ended: %s", c->last_end);
		set_state(c, CHILD_OFF, "it is not needed");
	} else if (c->killed || c->state == CHILD_STOPPING) {
		c->restarts++;
		child_start(c);
	} else {
		start_again(c);
	}
	keeper_step(c->keeper);
}

static int follow(struct child *c, pid_t pid, int pidfd)
{
	int err = loop_watch(&c->exit_watch, pidfd, UV_READABLE, on_exit_seen, c);
	if (err)
		return err;
	c->pid = pid;
	c->pidfd = pidfd;
	c->started_ms = clock_ms();
	return 0;
}

/* --- its start ----------------------------------------------------------------------------------------------------- */

/* Who listens at its control socket, be it only a hung one: the kernel knows. 0: nobody. */
static pid_t running_pid(const struct child *c)
{
	struct ucred who = {0};
	socklen_t len = sizeof who;
	struct buf path = buf_growing();
	if (!c->spec->socket || c->unwanted)
		return 0;
	buf_printf(&path, "%s/%s", c->keeper->runtime, c->spec->socket);
	int fd = ctl_connect(buf_z(&path));
	buf_reset(&path);
	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		who.pid = 0;
	close(fd);
	return who.pid;
}

bool child_adopt(struct child *c)
{
	pid_t pid = running_pid(c);
	if (pid <= 0)
		return false;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return false;
	if (follow(c, pid, pidfd)) {
		close(pidfd);
		return false;
	}
	log_info(c->spec->name, "found running, process %d", (int)pid);
	set_state(c, CHILD_READY, "found running");
	return true;
}

static int spawn(struct child *c, pid_t *pid, int *pidfd)
{
	unsigned n = c->n_held + 1, i = 1;
	int *fds = mem_raw(n * sizeof *fds), request = requests_pair(c), err;
	const char **names = mem_raw(n * sizeof *names);
	char path[512];
	struct held_fd *h;
	err = !fds || !names ? -ENOMEM : request < 0 ? request : 0;
	if (!err && !c->spec->program)
		err = spawn_find(c->spec->name, path, sizeof path);
	if (!err) {
		fds[0] = request;
		names[0] = "keep";
		list_foreach(h, &c->held, link) {
			fds[i] = h->fd;
			names[i++] = h->name;
		}
		const struct keeper *k = c->keeper;
		err = spawn_process(&(struct spawn){.path = c->spec->program ? c->spec->program : path,
						    .name = c->spec->name,
						    .config = k->params.config,
						    .user = k->user,
						    .fds = fds,
						    .names = names,
						    .n = n,
						    .notify_path = k->notify_path,
						    .request_path = k->request_path},
				    pid, pidfd);
	}
	if (request >= 0)
		close(request);
	mem_free(fds);
	mem_free(names);
	return err;
}

void child_start(struct child *c)
{
	pid_t pid;
	int pidfd = -1;
	c->started_ms = clock_ms();
	c->killed = false;
	int err = spawn(c, &pid, &pidfd);
	if (!err)
		err = follow(c, pid, pidfd);
	if (err) {
		snprintf(c->last_end, sizeof c->last_end, "not started: %s", strerror(-err));
		log_error(c->spec->name, "%s", c->last_end);
		if (pidfd >= 0) {
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
			waitid(P_PIDFD, (id_t)pidfd, NULL, WEXITED);
			close(pidfd);
		}
		requests_forget(c);
		try_again_later(c);
		return;
	}
	log_info(c->spec->name, "started, process %d, with %u descriptors held for it", (int)pid, c->n_held);
	set_state(c, CHILD_STARTING, "started");
}

void child_set_ready(struct child *c)
{
	if (c->state == CHILD_STARTING) {
		log_info(c->spec->name, "ready");
		set_state(c, CHILD_READY, "READY=1");
		keeper_step(c->keeper);
	}
}

/* --- ending it ----------------------------------------------------------------------------------------------------- */

static void on_grace_over(void *arg)
{
	struct child *c = arg;
	log_warn(c->spec->name, "does not end: killed");
	child_signal(c, SIGKILL);
}

void child_terminate(struct child *c)
{
	if (!c->pid) {
		timer_stop(&c->timer);
		set_state(c, CHILD_ENDED, "was not running");
		return;
	}
	set_state(c, CHILD_STOPPING, "SIGTERM");
	child_signal(c, SIGTERM);
	timer_start(&c->timer, c->keeper->params.times.grace_ms, on_grace_over, c);
}

void child_want(struct child *c, bool on)
{
	c->unwanted = !on;
	if (on && c->state == CHILD_OFF) {
		set_state(c, CHILD_WAITING, "it is needed");
	} else if (!on && c->state != CHILD_OFF) {
		child_terminate(c);
		if (!c->pid)
			set_state(c, CHILD_OFF, "it is not needed");
	}
}
