// SPDX-License-Identifier: GPL-3.0-or-later
/* Making a process: descriptors from 3 on as sd_listen_fds(3) says, no capabilities at all and no way to get any. */
#include "keep/private.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_FD 3

static const struct {
	int resource;
	rlim_t wanted;
} limits[] = {
	{RLIMIT_NOFILE, 262144},
	{RLIMIT_RTPRIO, 1},           /* the threads of telephone lines (mediagw/span_thread.c) */
	{RLIMIT_MEMLOCK, 128u << 20}, /* what they execute, which stays in memory */
};

int spawn_find(const char *name, char *path, size_t size)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	const char *dirs[] = {slash ? (*slash = '\0', self) : NULL, "/usr/sbin"};
	for (int i = 0; i < 2; i++) {
		if (!dirs[i])
			continue;
		int len = snprintf(path, size, "%s/%s", dirs[i], name);
		if (len > 0 && (size_t)len < size && !access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}

/* --- in the new process, before exec ------------------------------------------------------------------------------- */

/* Numbers 3.. may be taken by descriptors that are still to be moved: first everything goes above them. */
static int place_descriptors(const struct spawn *s, int *moved)
{
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0)
		return -errno;
	for (unsigned i = 0; i < s->n; i++) {
		moved[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, FIRST_FD + (int)s->n);
		if (moved[i] < 0)
			return -errno;
	}
	for (unsigned i = 0; i < s->n; i++)
		if (dup2(moved[i], FIRST_FD + (int)i) < 0)
			return -errno;
	return syscall(SYS_close_range, FIRST_FD + s->n, ~0u, CLOSE_RANGE_CLOEXEC) ? -errno : 0;
}

/* What daemons need more of than a process has by itself, given as far as we may. */
static void raise_limits(void)
{
	for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rlimit r;
		if (getrlimit(limits[i].resource, &r) || r.rlim_cur >= limits[i].wanted)
			continue;
		struct rlimit more = {limits[i].wanted, r.rlim_max > limits[i].wanted ? r.rlim_max : limits[i].wanted};
		if (setrlimit(limits[i].resource, &more)) {
			r.rlim_cur = r.rlim_max;
			setrlimit(limits[i].resource, &r);
		}
	}
}

static int become(const char *user)
{
	if (!user || !*user)
		return 0;
	struct passwd *pw = getpwnam(user);
	if (!pw)
		return -ENOENT;
	if (initgroups(user, pw->pw_gid) || setgid(pw->pw_gid) || setuid(pw->pw_uid))
		return -errno;
	return 0;
}

/* capabilities(7): without the bounding set, not even root regains them by exec. */
static int drop_capabilities(const char *user)
{
	for (int cap = 0; cap <= 63; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* fails where we have no CAP_SETPCAP, and so nothing to give away */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	int err = become(user);
	if (err)
		return err;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	if (syscall(SYS_capset, &head, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static int set_number(const char *name, long value)
{
	char text[24];
	snprintf(text, sizeof text, "%ld", value);
	return setenv(name, text, 1);
}

static int set_environment(const struct spawn *s, const char *names)
{
	return set_number("LISTEN_PID", getpid()) || set_number("LISTEN_FDS", s->n) || setenv("LISTEN_FDNAMES", names, 1) ||
			       setenv("NOTIFY_SOCKET", s->notify_path, 1) || setenv("TANDEM_KEEP", s->request_path, 1)
		       ? -ENOMEM
		       : 0;
}

/* What is still the keeper's handler would tell the keeper, by a pipe that both have, of a signal that was sent to us. */
static void forget_handlers(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL); /* fails for those that cannot be caught */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run(const struct spawn *s, const char *names, int *moved)
{
	forget_handlers();
	setpgid(0, 0); /* Ctrl-C is for the keeper, which ends us in order */
	raise_limits();
	int err = place_descriptors(s, moved);
	if (!err)
		err = set_environment(s, names);
	if (!err)
		err = drop_capabilities(s->user);
	/* A keeper's successor knows daemons by their control sockets: one that has none yet must not outlive us, or there would be two of it.
	 * It takes this back when it has (base/daemon.c). */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (!err && getppid() != s->keeper)
		_exit(127);
	if (!err) {
		if (s->config)
			execl(s->path, s->name, "-c", s->config, (char *)NULL);
		else
			execl(s->path, s->name, (char *)NULL);
		err = -errno;
	}
	log_error(s->name, "%s: %s", s->path, strerror(-err));
	_exit(127);
}

/* --- in the keeper ------------------------------------------------------------------------------------------------- */

/* Signals wait until the child has handlers of its own. */
static pid_t fork_without_signals(void)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	int err = errno;
	if (pid)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = err;
	return pid;
}

int spawn_process(const struct spawn *spec, pid_t *ret_pid, int *ret_pidfd)
{
	struct spawn own = *spec, *s = &own;
	own.keeper = getpid();
	struct buf names = buf_growing();
	for (unsigned i = 0; i < s->n; i++)
		buf_printf(&names, "%s%s", i ? ":" : "", s->names[i]);
	const char *z = buf_z(&names);
	int *moved = mem_raw((s->n + 1) * sizeof *moved);
	int err = names.err || !moved ? -ENOMEM : 0, pidfd = -1;
	pid_t pid = err ? -1 : fork_without_signals();
	if (!pid)
		run(s, z, moved);
	if (!err && pid < 0)
		err = -errno;
	if (!err) {
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		err = pidfd < 0 ? -errno : 0;
	}
	mem_free(moved);
	buf_reset(&names);
	if (err)
		return err;
	fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}
