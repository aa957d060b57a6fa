// SPDX-License-Identifier: GPL-3.0-or-later
/* Listening for connections. */
#include "net/stream.h"
#include "base/counter.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BACKLOG  4096
#define BATCH    64  /* connections taken in one turn */
#define PAUSE_MS 100 /* when descriptors or memory are out: those who wait do so in the kernel */

enum { CNT_EXHAUSTED, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_EXHAUSTED] = {"exhausted", "times that no connection could be taken: descriptors or memory are out"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("stream-server", counter_defs, counts);

struct stream_server {
	int fd;
	struct addr local;
	struct loop_watch *watch;
	struct timer pause;
	stream_accept_fn accepted;
	void *arg;
};

static void server_destroy(void *obj)
{
	struct stream_server *s = obj;
	timer_stop(&s->pause);
	mem_deref(s->watch);
	if (s->fd >= 0)
		close(s->fd);
}

static void go_on(void *arg)
{
	struct stream_server *s = arg;
	loop_watch_set(s->watch, UV_READABLE);
}

static void on_ready(void *arg, int events)
{
	struct stream_server *s = mem_ref(arg);
	for (unsigned i = 0; i < BATCH && mem_refs(s) > 1; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof ss;
		struct addr peer;
		int fd = accept4(s->fd, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
			counts[CNT_EXHAUSTED]++;
			loop_watch_set(s->watch, 0);
			timer_start(&s->pause, PAUSE_MS, go_on, s);
		}
		if (fd < 0)
			break;
		if (addr_from_sockaddr(&peer, (struct sockaddr *)&ss))
			close(fd);
		else
			s->accepted(s->arg, fd, &peer);
	}
	mem_deref(s);
}

static int bind_new(const struct addr *local)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(local, &ss);
	int on = 1, err = 0, fd = socket(local->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	    (local->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) ||
	    bind(fd, (struct sockaddr *)&ss, len))
		err = -errno;
	if (err)
		close(fd);
	return err ? err : fd;
}

int stream_listen(struct stream_server **ret, const struct stream_server_params *p)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct stream_server *s = mem_alloc(sizeof *s, server_destroy);
	if (!s)
		return -ENOMEM;
	s->accepted = p->accepted;
	s->arg = p->arg;
	s->fd = p->fd >= 0 ? p->fd : bind_new(&p->local);
	int err = s->fd < 0 ? s->fd : 0;
	if (!err && (listen(s->fd, BACKLOG) || fcntl(s->fd, F_SETFL, O_NONBLOCK) || getsockname(s->fd, (struct sockaddr *)&ss, &len)))
		err = -errno;
	if (!err)
		err = addr_from_sockaddr(&s->local, (struct sockaddr *)&ss);
	if (!err)
		err = loop_watch(&s->watch, s->fd, UV_READABLE, on_ready, s);
	if (err) {
		/* A descriptor handed over stays the caller's when this fails. */
		if (s->fd == p->fd)
			s->fd = -1;
		mem_deref(s);
		return err;
	}
	counter_register(&counter_group);
	*ret = s;
	return 0;
}

const struct addr *stream_server_local(const struct stream_server *s)
{
	return &s->local;
}

int stream_server_fd(const struct stream_server *s)
{
	return s->fd;
}
