// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/ctl_link.h"
#include "base/buf.h"
#include "base/ctl.h"
#include "base/ctl_line.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LINE (16u << 20)

struct question {
	struct link link;
	json_int_t id;
	ctl_answer_fn fn;
	void *arg;
	char verb[];
};

struct ctl_link {
	char *path;
	struct ctl_link_handlers h;
	void *arg;
	unsigned retry_ms;
	int fd; /* -1: not connected */
	struct loop_watch *watch;
	struct buf in, out;
	struct list questions;
	json_int_t last_id;
	struct timer retry;
	bool told_down, closing;
};

/* --- the connection ------------------------------------------------------------------------------------------------- */

static void connect_now(void *arg);

static void answer(struct question *q, const json_t *result, const char *why)
{
	list_remove(&q->link);
	if (q->fn)
		q->fn(q->arg, result, why);
	else if (!result)
		log_warn(NULL, "%s: %s", q->verb, why);
	mem_free(q);
}

static void disconnect(struct ctl_link *l)
{
	l->watch = mem_deref(l->watch);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	buf_reset(&l->in);
	buf_reset(&l->out);
}

static void lost(struct ctl_link *l, const char *why)
{
	mem_ref(l);
	disconnect(l);
	while (!list_empty(&l->questions))
		answer(container_of(list_first(&l->questions), struct question, link), NULL, why);
	if (!l->closing)
		timer_start(&l->retry, l->retry_ms, connect_now, l);
	if (!l->told_down && !l->closing) {
		l->told_down = true;
		l->h.down(l->arg, why);
	}
	mem_deref(l);
}

static int flush(struct ctl_link *l)
{
	size_t sent = 0;
	while (sent < l->out.len) {
		ssize_t n = send(l->fd, l->out.p + sent, l->out.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return -errno;
		sent += (size_t)n;
	}
	if (sent == l->out.len)
		buf_reset(&l->out);
	else if (sent) {
		memmove(l->out.p, l->out.p + sent, l->out.len - sent);
		l->out.len -= sent;
	}
	return loop_watch_set(l->watch, UV_READABLE | (l->out.len ? UV_WRITABLE : 0));
}

/* --- what comes ----------------------------------------------------------------------------------------------------- */

static void take_answer(struct ctl_link *l, json_int_t id, const json_t *line)
{
	struct question *q;
	const char *why = json_string_value(json_object_get(line, "error"));
	list_foreach(q, &l->questions, link)
		if (q->id == id) {
			answer(q, why ? NULL : json_object_get(line, "result"), why ? why : "");
			return;
		}
}

static void take_line(struct ctl_link *l, struct slice text)
{
	json_t *line = json_loadb(text.p, text.len, 0, NULL);
	const json_t *id = json_object_get(line, "id"), *event = json_object_get(line, "event"), *dropped = json_object_get(line, "dropped");
	const char *topic = json_string_value(json_object_get(line, "topic"));
	if (topic && (event || dropped))
		l->h.event(l->arg, topic, event, (unsigned)json_integer_value(dropped));
	else if (json_is_integer(id))
		take_answer(l, json_integer_value(id), line);
	json_decref(line);
}

static int read_lines(struct ctl_link *l)
{
	char chunk[16384];
	ssize_t n = recv(l->fd, chunk, sizeof chunk, MSG_DONTWAIT);
	if (n <= 0)
		return n == 0 ? -EPIPE : errno == EAGAIN || errno == EINTR ? 0 : -errno;
	buf_add(&l->in, chunk, (size_t)n);
	if (l->in.err || l->in.len > MAX_LINE)
		return l->in.err ? l->in.err : -EMSGSIZE;
	ptrdiff_t end;
	while (l->fd >= 0 && (end = slice_find(buf_text(&l->in), '\n')) >= 0) {
		char *line = slice_dup(slice_of(l->in.p, (size_t)end));
		memmove(l->in.p, l->in.p + end + 1, l->in.len - (size_t)end - 1);
		l->in.len -= (size_t)end + 1;
		if (!line)
			return -ENOMEM;
		take_line(l, slice_of(line, (size_t)end));
		mem_free(line);
	}
	return 0;
}

static void on_ready(void *arg, int events)
{
	struct ctl_link *l = mem_ref(arg);
	int err = events & UV_READABLE ? read_lines(l) : 0;
	if (!err && l->fd >= 0 && events & UV_WRITABLE)
		err = flush(l);
	if (err && l->fd >= 0)
		lost(l, err == -EPIPE || err == -ECONNRESET ? "the other side has gone" : strerror(-err));
	mem_deref(l);
}

static int open_fd(const char *path)
{
	struct sockaddr_un un;
	int err = ctl_address(&un, path);
	if (err)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&un, sizeof un))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void connect_now(void *arg)
{
	struct ctl_link *l = arg;
	int fd = open_fd(l->path);
	int err = fd < 0 ? fd : loop_watch(&l->watch, fd, UV_READABLE, on_ready, l);
	l->fd = err ? -1 : fd;
	if (err && fd >= 0)
		close(fd);
	if (err) {
		lost(l, err == -ENOENT || err == -ECONNREFUSED ? "nobody is there" : strerror(-err));
		return;
	}
	l->told_down = false;
	l->h.up(l->arg);
}

/* --- the interface -------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct ctl_link *l = obj;
	l->closing = true;
	timer_stop(&l->retry);
	disconnect(l);
	while (!list_empty(&l->questions)) {
		struct question *q = container_of(list_first(&l->questions), struct question, link);
		list_remove(&q->link);
		mem_free(q);
	}
	mem_free(l->path);
}

int ctl_link_open(struct ctl_link **ret, const char *path, unsigned retry_ms, const struct ctl_link_handlers *h, void *arg)
{
	struct ctl_link *l = mem_alloc(sizeof *l, destroy);
	if (!l)
		return -ENOMEM;
	l->fd = -1;
	l->h = *h;
	l->arg = arg;
	l->retry_ms = retry_ms;
	l->in = l->out = buf_growing();
	list_init(&l->questions);
	l->path = mem_strdup(path);
	if (!l->path) {
		mem_deref(l);
		return -ENOMEM;
	}
	timer_start(&l->retry, 0, connect_now, l);
	*ret = l;
	return 0;
}

bool ctl_link_is_up(const struct ctl_link *l)
{
	return l->fd >= 0;
}

static struct question *question_new(const char *verb, json_int_t id, ctl_answer_fn fn, void *arg)
{
	size_t n = strlen(verb) + 1;
	struct question *q = mem_raw(sizeof *q + n);
	if (!q)
		return NULL;
	*q = (struct question){.id = id, .fn = fn, .arg = arg};
	memcpy(q->verb, verb, n);
	return q;
}

int ctl_link_ask(struct ctl_link *l, const char *verb, json_t *args, ctl_answer_fn fn, void *arg)
{
	if (l->fd < 0) {
		json_decref(args);
		return -ENOTCONN;
	}
	json_t *request = json_pack("{s:I, s:s, s:o*}", "id", ++l->last_id, "do", verb, "args", args);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	struct question *q = text ? question_new(verb, l->last_id, fn, arg) : NULL;
	json_decref(request);
	size_t before = l->out.len;
	if (q) {
		buf_str(&l->out, text);
		buf_char(&l->out, '\n');
	}
	free(text);
	if (!q || l->out.err) {
		l->out.err = 0;
		l->out.len = before;
		mem_free(q);
		return -ENOMEM;
	}
	list_append(&l->questions, &q->link);
	/* What goes wrong here is seen by the watch, from the loop. */
	if (!before)
		flush(l);
	return 0;
}

void ctl_link_break(struct ctl_link *l, const char *why)
{
	if (l->fd >= 0)
		lost(l, why);
}

void ctl_link_forget(struct ctl_link *l, const void *arg)
{
	struct question *q;
	list_foreach_safe(q, &l->questions, link)
		if (q->arg == arg)
			q->fn = NULL, q->arg = NULL;
}
