// SPDX-License-Identifier: GPL-3.0-or-later
/* Requests of the children for what needs privileges: one packet with JSON, one packet back, with descriptors. A verb is a row of the
 * table; a packet that is none of them is refused and counted. */
#include "keep/private.h"
#include "fastpath/privileged.h"
#include "keep/lines.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_PACKET 65536
#define MAX_FDS    200

struct connection {
	struct link link;
	struct child *child;
	int fd;
	struct loop_watch *watch;
};

enum { CNT_REQUESTS, CNT_REFUSED, CNT_STRANGERS, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_REQUESTS] = {"requests", "privileged requests of daemons"},
	[CNT_REFUSED] = {"refused", "privileged requests that failed or are not known"},
	[CNT_STRANGERS] = {"strangers", "connections refused: the peer is no daemon of ours"},
};
static uint64_t counters[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("privileged", counter_defs, counters);

/* --- verbs --------------------------------------------------------------------------------------------------------- */

static int ping(json_t *request, json_t **reply, int *fds, unsigned *n)
{
	*reply = json_object();
	*n = 0;
	return 0;
}

static const struct {
	const char *verb;
	bool prefix; /* every verb that begins so */
	int (*fn)(json_t *request, json_t **reply, int *fds, unsigned *n);
} verbs[] = {
	{"ping", false, ping},
	{"fastpath", true, fastpath_privileged},
	{"tdm-open", false, lines_open},
};

static int perform(const struct keeper *k, json_t *request, json_t **reply, int *fds, unsigned *n)
{
	const char *verb = json_string_value(json_object_get(request, "do"));
	int err = verb ? 0 : -EINVAL;
	if (!err && k->params.confine)
		err = k->params.confine(k->params.arg, request);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (verbs[i].prefix ? slice_starts(slice_str(verb), slice_str(verbs[i].verb)) : !strcmp(verb, verbs[i].verb))
			return verbs[i].fn(request, reply, fds, n);
	return -ENOSYS;
}

/* --- one connection ------------------------------------------------------------------------------------------------ */

static void connection_destroy(void *obj)
{
	struct connection *x = obj;
	list_remove(&x->link);
	mem_deref(x->watch);
	if (x->fd >= 0)
		close(x->fd);
}

static int send_reply(int fd, json_t *reply, const int *fds, unsigned n)
{
	char *text = json_dumps(reply, JSON_COMPACT);
	if (!text)
		return -ENOMEM;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov = {text, strlen(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	if (n) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(n * sizeof(int))};
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	int err = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
	free(text);
	return err;
}

/* The reply always says how it went: "errno" (0 or negative), and "error" in words. */
static json_t *finish_reply(json_t *reply, int err)
{
	if (!json_is_object(reply)) {
		json_decref(reply);
		reply = json_object();
	}
	json_object_set_new(reply, "errno", json_integer(err));
	if (err && !json_object_get(reply, "error"))
		json_object_set_new(reply, "error", json_string(strerror(-err)));
	return reply;
}

static int serve(struct connection *x, const char *packet, size_t len)
{
	json_t *request = json_loadb(packet, len, 0, NULL), *reply = NULL;
	int fds[MAX_FDS];
	unsigned n = MAX_FDS;
	counters[CNT_REQUESTS]++;
	/* What was said before is done before: a telephone channel that a daemon let go can be opened again. */
	notify_take(x->child->keeper);
	int err = request ? perform(x->child->keeper, request, &reply, fds, &n) : -EINVAL;
	if (err) {
		counters[CNT_REFUSED]++;
		log_warn(x->child->spec->name, "privileged request %s: %s",
			 json_string_value(json_object_get(request, "do")) ? json_string_value(json_object_get(request, "do")) : "?",
			 strerror(-err));
		n = 0;
	}
	reply = finish_reply(reply, err);
	err = send_reply(x->fd, reply, fds, n);
	while (n)
		close(fds[--n]);
	json_decref(reply);
	json_decref(request);
	return err;
}

static void on_request(void *arg, int events)
{
	struct connection *x = arg;
	char *packet = mem_raw(MAX_PACKET);
	ssize_t len = packet ? recv(x->fd, packet, MAX_PACKET, MSG_DONTWAIT) : -1;
	bool lost = packet && (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR));
	if (len > 0)
		lost = serve(x, packet, (size_t)len) != 0;
	mem_free(packet);
	if (lost)
		mem_deref(x);
}

static int add_connection(struct child *c, int fd)
{
	struct connection *x = mem_alloc(sizeof *x, connection_destroy);
	if (!x)
		return -ENOMEM;
	x->fd = -1;
	int err = loop_watch(&x->watch, fd, UV_READABLE, on_request, x);
	if (err) {
		mem_deref(x);
		return err;
	}
	x->child = c;
	x->fd = fd;
	list_append(&c->connections, &x->link);
	return 0;
}

int requests_pair(struct child *c)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	int err = add_connection(c, pair[0]);
	if (err) {
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	return pair[1];
}

void requests_forget(struct child *c)
{
	while (list_first(&c->connections))
		mem_deref(container_of(list_first(&c->connections), struct connection, link));
}

/* --- the socket for children that find us again -------------------------------------------------------------------- */

static void on_connection(void *arg, int events)
{
	struct keeper *k = arg;
	struct ucred who = {0};
	socklen_t len = sizeof who;
	int fd = accept4(k->request_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct child *c = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) ? NULL : keeper_child_of_pid(k, who.pid);
	if (!c || add_connection(c, fd)) {
		counters[CNT_STRANGERS]++;
		close(fd);
	}
}

int requests_open(struct keeper *k, struct buf *why)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int err = slice_copy(slice_str(k->request_path), un.sun_path, sizeof un.sun_path) ? -ENAMETOOLONG : 0;
	if (!err) {
		unlink(k->request_path);
		k->request_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (k->request_fd < 0 || bind(k->request_fd, (struct sockaddr *)&un, sizeof un) || listen(k->request_fd, 16))
			err = -errno;
	}
	if (!err)
		err = loop_watch(&k->request_watch, k->request_fd, UV_READABLE, on_connection, k);
	if (err)
		buf_printf(why, "%s: %s", k->request_path, strerror(-err));
	counter_register(&counter_group);
	return err;
}

void requests_close(struct keeper *k)
{
	k->request_watch = mem_deref(k->request_watch);
	if (k->request_fd >= 0) {
		close(k->request_fd);
		unlink(k->request_path);
	}
	k->request_fd = -1;
}
