// SPDX-License-Identifier: GPL-2.0-or-later
/* Both halves of a daemon's talk with tandem-keep. Descriptors: taken from LISTEN_FDS at start, handed over as datagrams to
 * NOTIFY_SOCKET. What was handed over is remembered, so that a keeper that was itself restarted gets it again. Requests:
 * one packet there, one back, on a connection that is inherited and, when the keeper restarts, made again to TANDEM_KEEP. */
#include "base/fdstore.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/timer.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD    3
#define MAX_NAME    255
#define RETRY_MS    20
#define MAX_PASSED  200
#define MAX_PACKET  65536
#define ANSWER_MS   5000
#define START_MS    60000 /* ... to a daemon that is starting: programs that the kernel has to verify take their time on a slow machine */
#define WAIT_MS     10000 /* a daemon that is starting waits so long for a keeper that has just died */
#define SEND_MS     500   /* a keeper that is stopped reads nothing: sending to it must not block for ever */
#define HELD_LISTS  1024
#define HUNG_MS     30000 /* one that did not answer is not asked again before */

struct stored {
	struct link link;
	int fd;
	char name[];
};

static struct list given; /* at start, not yet taken */
static struct list held[HELD_LISTS]; /* handed to the keeper, by a hash of their names: connections come and go */
static struct list unsaid; /* removed while no keeper was there to hear it; without descriptors */
static bool parsed;
static bool started;      /* READY=1 has been said */
static int keeper = -1;
static uint64_t hung_until; /* clock_ms() */

/* --- descriptors --------------------------------------------------------------------------------------------------- */

static struct stored *remember(struct list *in, struct slice name, int fd)
{
	struct stored *s = mem_raw(sizeof *s + name.len + 1);
	if (!s)
		return NULL;
	*s = (struct stored){.fd = fd};
	slice_copy(name, s->name, name.len + 1);
	list_append(in, &s->link);
	return s;
}

static struct stored *find(const struct list *in, const char *name)
{
	struct stored *s;
	list_foreach(s, in, link)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

static struct list *held_like(const char *name)
{
	return &held[slice_hash(slice_str(name), false) % HELD_LISTS];
}

static void forget(struct stored *s)
{
	list_remove(&s->link);
	mem_free(s);
}

/* sd_listen_fds(3): descriptors from 3 on, with their names separated by colons. */
static void parse_environment(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	struct slice rest = slice_str(names);
	uint32_t owner, n;
	if (parsed)
		return;
	parsed = true;
	if (pid && count && !slice_u32(slice_str(pid), &owner) && owner == (uint32_t)getpid() &&
	    !slice_u32(slice_str(count), &n))
		for (int fd = FIRST_FD; fd < FIRST_FD + (int)n; fd++) {
			struct slice name = slice_cut(&rest, ':');
			if (fcntl(fd, F_SETFD, FD_CLOEXEC))
				break;
			remember(&given, slice_is_set(name) ? name : SLICE("unknown"), fd);
		}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

/* Keeps a copy of what the keeper holds, to give it to the keeper's successor. */
static int hold(const char *name, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
	if (copy < 0)
		return -errno;
	struct stored *old = find(held_like(name), name);
	if (!remember(held_like(name), slice_str(name), copy)) {
		close(copy);
		return -ENOMEM;
	}
	if (old) {
		close(old->fd);
		forget(old);
	}
	return 0;
}

int fdstore_take(const char *name)
{
	parse_environment();
	struct stored *s = find(&given, name);
	if (!s)
		return -1;
	int fd = s->fd;
	hold(s->name, fd); /* before it is forgotten: `name` may be its own, from fdstore_waiting() */
	forget(s);
	return fd;
}

const char *fdstore_waiting(void)
{
	parse_environment();
	struct stored *s = list_empty(&given) ? NULL : container_of(list_first(&given), struct stored, link);
	return s ? s->name : NULL;
}

const char *fdstore_waiting_like(const char *prefix)
{
	struct stored *s;
	parse_environment();
	list_foreach(s, &given, link)
		if (slice_starts(slice_str(s->name), slice_str(prefix)))
			return s->name;
	return NULL;
}

void fdstore_close_rest(void)
{
	fdstore_keeper();
	while (list_first(&given)) {
		struct stored *s = container_of(list_first(&given), struct stored, link);
		fdstore_remove(s->name);
		close(s->fd);
		forget(s);
	}
}

/* --- datagrams to NOTIFY_SOCKET (sd_notify(3)) --------------------------------------------------------------------- */

static int unix_address(struct sockaddr_un *un, socklen_t *len, const char *path)
{
	size_t n = strlen(path);
	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (n >= sizeof un->sun_path)
		return -ENAMETOOLONG;
	memcpy(un->sun_path, path, n);
	if (path[0] == '@')
		un->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));
	return 0;
}

static int unix_socket(int type)
{
	const struct timeval limit = {.tv_usec = SEND_MS * 1000};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	return fd;
}

/* One datagram, with a descriptor when fd >= 0. Nobody to tell is no error. */
static int notify(const char *text, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un;
	socklen_t len;
	if (!path || !*path)
		return 0;
	int err = unix_address(&un, &len, path);
	if (err)
		return err;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
	struct msghdr m = {.msg_name = &un, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1};
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control.bytes;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	int s = unix_socket(SOCK_DGRAM);
	if (s < 0)
		return s;
	err = sendmsg(s, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
	close(s);
	return err;
}

static int send_stored(const char *name, int fd)
{
	char text[MAX_NAME + 64];
	snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s", name);
	return notify(text, fd);
}

static bool name_is_good(const char *name)
{
	return *name && strlen(name) <= MAX_NAME && !strpbrk(name, ":\n");
}

int fdstore_put(const char *name, int fd)
{
	if (!name_is_good(name))
		return -EINVAL;
	if (!getenv("NOTIFY_SOCKET"))
		return 0;
	int err = hold(name, fd);
	return err ? err : send_stored(name, fd);
}

static int send_removed(const char *name)
{
	char text[MAX_NAME + 64];
	snprintf(text, sizeof text, "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return notify(text, -1);
}

void fdstore_remove(const char *name)
{
	struct stored *s = find(held_like(name), name);
	if (s) {
		close(s->fd);
		forget(s);
	}
	if (!name_is_good(name))
		return;
	if (send_removed(name) && getenv("TANDEM_KEEP"))
		remember(&unsaid, slice_str(name), -1);
}

/* A keeper's successor has from its own keeper what was removed while it was dead. */
static void say_removed(void)
{
	while (list_first(&unsaid)) {
		struct stored *s = container_of(list_first(&unsaid), struct stored, link);
		if (send_removed(s->name))
			return;
		forget(s);
	}
}

void fdstore_notify(const char *text)
{
	started |= slice_starts(slice_str(text), SLICE("READY=1"));
	notify(text, -1);
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

int fdstore_keeper(void)
{
	parse_environment();
	struct stored *s = keeper < 0 ? find(&given, "keep") : NULL;
	if (s) {
		keeper = s->fd;
		forget(s);
	}
	return keeper;
}

static void lose_keeper(void)
{
	if (keeper >= 0)
		close(keeper);
	keeper = -1;
}

int fdstore_reconnect(void)
{
	const char *path = getenv("TANDEM_KEEP");
	struct sockaddr_un un;
	socklen_t len;
	if (!path)
		return -ENOTCONN;
	int err = unix_address(&un, &len, path);
	if (err)
		return err;
	int fd = unix_socket(SOCK_SEQPACKET);
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&un, len)) {
		err = -errno;
		close(fd);
		return err;
	}
	lose_keeper();
	keeper = fd;
	say_removed();
	struct stored *s;
	err = 0;
	for (unsigned i = 0; i < HELD_LISTS && err != -EAGAIN; i++)
		list_foreach(s, &held[i], link)
			if (err != -EAGAIN)
				err = send_stored(s->name, s->fd);
	notify("READY=1", -1);
	return 0;
}

static int send_request(json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	if (!text)
		return -ENOMEM;
	ssize_t n = send(keeper, text, strlen(text), MSG_NOSIGNAL);
	int err = n < 0 ? -errno : 0;
	free(text);
	return err;
}

static void take_descriptors(struct msghdr *m, int *fds, unsigned room, unsigned *got)
{
	*got = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		unsigned n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		for (unsigned i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (*got < room)
				fds[(*got)++] = fd;
			else
				close(fd);
		}
	}
}

/* The answer, or a negative errno: -ETIMEDOUT, and -ENOTCONN when the keeper has gone. */
static int receive_answer(char *mem, json_t **reply, int *fds, unsigned *n)
{
	struct pollfd p = {.fd = keeper, .events = POLLIN};
	int rc = poll(&p, 1, started ? ANSWER_MS : START_MS);
	if (rc <= 0)
		return rc ? -errno : -ETIMEDOUT;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MAX_PASSED * sizeof(int))];
	} control;
	struct iovec iov = {mem, MAX_PACKET};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
	ssize_t len = recvmsg(keeper, &m, MSG_CMSG_CLOEXEC);
	if (len <= 0)
		return -ENOTCONN;
	unsigned got;
	take_descriptors(&m, fds, n ? *n : 0, &got);
	*reply = json_loadb(mem, (size_t)len, 0, NULL);
	if (!*reply) {
		while (got)
			close(fds[--got]);
		return -EPROTO;
	}
	if (n)
		*n = got;
	return 0;
}

/* What a daemon gets at its start decides how it works from then on: without its keeper it would do without privileges for good. One that
 * serves does not stop for a keeper. */
static int find_keeper(void)
{
	int err = fdstore_reconnect();
	for (unsigned ms = 0; err && !started && getenv("TANDEM_KEEP") && ms < WAIT_MS; ms += RETRY_MS) {
		usleep(RETRY_MS * 1000);
		err = fdstore_reconnect();
	}
	return err;
}

static int gone(int err)
{
	return err == -EPIPE || err == -ECONNRESET ? -ENOTCONN : err;
}

static int exchange(json_t *request, char *mem, json_t **reply, int *fds, unsigned *n)
{
	int err = gone(send_request(request));
	if (err == -ENOTCONN && !find_keeper())
		err = gone(send_request(request));
	if (!err)
		err = gone(receive_answer(mem, reply, fds, n));
	/* It died over the question: the next one is asked. One that is dying may still have taken the connection. */
	for (unsigned ms = 0; err == -ENOTCONN && !started && ms < WAIT_MS && !find_keeper(); ms += RETRY_MS) {
		usleep(RETRY_MS * 1000);
		err = gone(send_request(request));
		if (!err)
			err = gone(receive_answer(mem, reply, fds, n));
	}
	return err;
}

int keep_request(json_t *request, json_t **reply, int *fds, unsigned *n)
{
	*reply = NULL;
	if (clock_ms() < hung_until)
		return -ETIMEDOUT;
	if (fdstore_keeper() < 0 && find_keeper())
		return -ENOTCONN;
	char *mem = mem_raw(MAX_PACKET);
	if (!mem)
		return -ENOMEM;
	int err = exchange(request, mem, reply, fds, n);
	mem_free(mem);
	if (err == -ETIMEDOUT)
		hung_until = clock_ms() + HUNG_MS;
	if (err)
		lose_keeper(); /* a late answer must not meet the next request */
	else
		err = (int)json_integer_value(json_object_get(*reply, "errno"));
	if (err && n)
		*n = 0;
	return err;
}
