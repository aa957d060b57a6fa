// SPDX-License-Identifier: GPL-3.0-or-later
/* The datagrams of sd_notify(3): READY=1, FDSTORE=1, FDSTOREREMOVE=1. Who sent one is told by the kernel (SCM_CREDENTIALS). */
#include "keep/private.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_TEXT 4096
#define MAX_FDS  16

enum { CNT_RECEIVED, CNT_STRANGER, CNT_MALFORMED, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_RECEIVED] = {"received", "notifications from daemons"},
	[CNT_STRANGER] = {"from-strangers", "notifications dropped: the sender is no daemon of ours"},
	[CNT_MALFORMED] = {"malformed", "notifications dropped: not understood, or a descriptor without a name"},
};
static uint64_t counters[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("notify", counter_defs, counters);

struct datagram {
	char text[MAX_TEXT];
	size_t len;
	pid_t pid;
	int fds[MAX_FDS];
	unsigned n;
};

static void take_control(struct msghdr *m, struct datagram *d)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred who;
			memcpy(&who, CMSG_DATA(c), sizeof who);
			d->pid = who.pid;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			d->n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(d->fds, CMSG_DATA(c), d->n * sizeof(int));
		}
	}
}

static int receive(int fd, struct datagram *d)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = {d->text, sizeof d->text};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	d->len = (size_t)n;
	d->n = 0;
	d->pid = 0;
	take_control(&m, d);
	return 0;
}

static void handle(struct child *c, struct datagram *d)
{
	struct slice rest = slice_of(d->text, d->len), line;
	char name[256] = "";
	bool store = false, removes = false, ready = false;
	while (slice_is_set(line = slice_line(&rest))) {
		struct slice value = line, key = slice_cut(&value, '=');
		if (slice_eq(key, SLICE("FDNAME")))
			slice_copy(value, name, sizeof name);
		store |= slice_eq(line, SLICE("FDSTORE=1"));
		removes |= slice_eq(line, SLICE("FDSTOREREMOVE=1"));
		ready |= slice_eq(line, SLICE("READY=1"));
	}
	if ((store || removes) && (!*name || strpbrk(name, ":\n")))
		counters[CNT_MALFORMED]++;
	else if (store && d->n)
		held_put(c, name, d->fds[--d->n]);
	else if (removes)
		held_remove(c, name);
	if (ready)
		child_set_ready(c);
}

void notify_take(struct keeper *k)
{
	struct datagram d;
	while (!receive(k->notify_fd, &d)) {
		struct child *c = keeper_child_of_pid(k, d.pid);
		counters[c ? CNT_RECEIVED : CNT_STRANGER]++;
		if (c)
			handle(c, &d);
		while (d.n)
			close(d.fds[--d.n]);
	}
}

static void on_datagram(void *arg, int events)
{
	notify_take(arg);
}

int notify_open(struct keeper *k, struct buf *why)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int on = 1;
	int err = slice_copy(slice_str(k->notify_path), un.sun_path, sizeof un.sun_path) ? -ENAMETOOLONG : 0;
	if (!err) {
		unlink(k->notify_path);
		k->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (k->notify_fd < 0 || setsockopt(k->notify_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) ||
		    bind(k->notify_fd, (struct sockaddr *)&un, sizeof un))
			err = -errno;
	}
	if (!err)
		err = loop_watch(&k->notify_watch, k->notify_fd, UV_READABLE, on_datagram, k);
	if (err)
		buf_printf(why, "%s: %s", k->notify_path, strerror(-err));
	counter_register(&counter_group);
	return err;
}

void notify_close(struct keeper *k)
{
	k->notify_watch = mem_deref(k->notify_watch);
	if (k->notify_fd >= 0) {
		close(k->notify_fd);
		unlink(k->notify_path);
	}
	k->notify_fd = -1;
}
