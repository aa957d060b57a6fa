// SPDX-License-Identifier: GPL-2.0-or-later
/* The serving side. A client is one connection: what it asks is answered at once into its output buffer, and while that
 * buffer is not empty nothing more is read from it, so that a client holds at most one answer and EVENT_ROOM bytes of
 * events here. Of an answer in rows it holds no more than a part: the next is made in another turn of the loop, once that is sent;
 * events wait until its end. */
#include "base/counter.h"
#include "base/ctl.h"
#include "base/ctl_line.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_REQUEST 65536
#define EVENT_ROOM  (512 * 1024)
#define MAX_CLIENTS 64

struct table {
	struct link link;
	const struct ctl_verb *verbs;
	void *arg;
};

struct subscription {
	struct link link;
	uint64_t dropped;
	char topic[];
};

/* An answer in rows, under way while `fn` is set. */
struct rows {
	ctl_rows_fn fn;
	void *arg;
	json_t *args;
	uint64_t at;
	bool begun; /* a row has been written */
};

struct client {
	struct link link;
	struct ctl *ctl; /* NULL once it is out of the list */
	int fd;
	struct loop_watch *watch;
	struct buf in, out;
	size_t sent; /* of out */
	struct rows rows;
	struct buf events; /* those that wait for the end of the rows */
	struct list subscriptions;
};

struct ctl {
	int fd;
	char *path;
	struct loop_watch *watch;
	struct list tables, clients;
	void (*changed)(void *arg);
	void *changed_arg;
};

enum { CNT_CLIENTS, CNT_REFUSED, CNT_REQUESTS, CNT_ERRORS, CNT_EVENTS, CNT_DROPPED, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_CLIENTS] = {"clients", "control connections accepted"},
	[CNT_REFUSED] = {"clients-refused", "control connections refused: too many, or memory is out"},
	[CNT_REQUESTS] = {"requests", "control requests"},
	[CNT_ERRORS] = {"errors", "control requests answered with an error"},
	[CNT_EVENTS] = {"events", "events sent to subscribers"},
	[CNT_DROPPED] = {"events-dropped", "events not sent because the subscriber did not read"},
};
static uint64_t counters[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("control", counter_defs, counters);

/* --- one client's output ------------------------------------------------------------------------------------------- */

static void client_destroy(void *obj)
{
	struct client *c = obj;
	list_remove(&c->link);
	mem_deref(c->watch);
	if (c->fd >= 0)
		close(c->fd);
	buf_reset(&c->in);
	buf_reset(&c->out);
	buf_reset(&c->events);
	json_decref(c->rows.args);
	while (list_first(&c->subscriptions)) {
		struct subscription *s = container_of(list_first(&c->subscriptions), struct subscription, link);
		list_remove(&s->link);
		mem_free(s);
	}
}

static void tell_change(struct ctl *ctl)
{
	if (ctl->changed)
		ctl->changed(ctl->changed_arg);
}

/* The client is gone: the list's reference is given back. */
static void drop(struct client *c)
{
	struct ctl *ctl = c->ctl;
	bool subscribed = !list_empty(&c->subscriptions);
	if (!ctl)
		return;
	c->ctl = NULL;
	list_remove(&c->link);
	c->watch = mem_deref(c->watch);
	mem_deref(c);
	if (subscribed)
		tell_change(ctl);
}

static void add_line(struct client *c, json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text) {
		buf_str(&c->out, text);
		buf_char(&c->out, '\n');
	} else {
		c->out.err = -ENOMEM;
	}
	free(text);
	json_decref(line);
}

static void tell_dropped(struct client *c)
{
	struct subscription *s;
	list_foreach(s, &c->subscriptions, link)
		if (s->dropped) {
			add_line(c, json_pack("{s:s, s:I}", "topic", s->topic, "dropped", (json_int_t)s->dropped));
			s->dropped = 0;
		}
}

static void add_row(struct client *c, const json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_ENCODE_ANY);
	if (c->rows.begun)
		buf_char(&c->out, ',');
	c->rows.begun = true;
	if (text)
		buf_str(&c->out, text);
	else
		c->out.err = -ENOMEM;
	free(text);
}

/* The next part of an answer in rows, into an empty buffer. */
static int add_rows(struct client *c)
{
	size_t i;
	json_t *list = json_array(), *row;
	int rc = list ? c->rows.fn(c->rows.arg, c->rows.args, &c->rows.at, list) : -ENOMEM;
	json_array_foreach(list, i, row)
		add_row(c, row);
	json_decref(list);
	if (rc)
		return rc < 0 ? rc : c->out.err;
	buf_str(&c->out, "]}\n");
	buf_slice(&c->out, buf_text(&c->events));
	buf_reset(&c->events);
	json_decref(c->rows.args);
	c->rows = (struct rows){0};
	return c->out.err;
}

/* Writes what can be written. 0, or negative errno when the client is lost. */
static int flush(struct client *c)
{
	if (c->out.err)
		return c->out.err;
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return loop_watch_set(c->watch, UV_WRITABLE);
		if (n < 0)
			return -errno;
		c->sent += (size_t)n;
		if (c->sent == c->out.len) {
			buf_reset(&c->out);
			c->sent = 0;
			if (c->rows.fn)
				break;
			tell_dropped(c);
			if (c->out.err)
				return c->out.err;
		}
	}
	return loop_watch_set(c->watch, c->rows.fn ? UV_WRITABLE : UV_READABLE);
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

static struct subscription *find_subscription(const struct client *c, const char *topic)
{
	struct subscription *s;
	list_foreach(s, &c->subscriptions, link)
		if (!strcmp(s->topic, topic))
			return s;
	return NULL;
}

static int subscribe(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct client *c = arg;
	const char *topic = json_string_value(json_object_get(args, "topic"));
	if (!topic || strlen(topic) > 64) {
		buf_str(why, "subscribe: args.topic is missing");
		return -EINVAL;
	}
	if (!find_subscription(c, topic)) {
		struct subscription *s = mem_raw(sizeof *s + strlen(topic) + 1);
		if (!s)
			return -ENOMEM;
		*s = (struct subscription){0};
		memcpy(s->topic, topic, strlen(topic) + 1);
		list_append(&c->subscriptions, &s->link);
		tell_change(c->ctl);
	}
	*result = json_null();
	return 0;
}

static int unsubscribe(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct client *c = arg;
	const char *topic = json_string_value(json_object_get(args, "topic"));
	struct subscription *s = topic ? find_subscription(c, topic) : NULL;
	if (!s) {
		buf_str(why, "not subscribed");
		return -ENOENT;
	}
	list_remove(&s->link);
	mem_free(s);
	tell_change(c->ctl);
	*result = json_null();
	return 0;
}

static int help(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct client *c = arg;
	struct table *t;
	json_t *all = json_array();
	list_foreach(t, &c->ctl->tables, link)
		for (const struct ctl_verb *v = t->verbs; v->name; v++)
			json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "verb", v->name, "help", v->help, "args",
							     v->args ? v->args : ""));
	*result = all;
	return all ? 0 : -ENOMEM;
}

static int ping(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = json_true();
	return 0;
}

/* Verbs about the connection itself: their arg is the client. */
static const struct ctl_verb own_verbs[] = {
	{"help", "lists the verbs", help, NULL, NULL},
	{"ping", "a sign of life", ping, NULL, NULL},
	{"subscribe", "sends the events of a topic on this connection", subscribe, "topic=NAME", NULL},
	{"unsubscribe", "ends a subscription", unsubscribe, "topic=NAME", NULL},
	{0},
};

static const struct ctl_verb *find_in(const struct ctl_verb *verbs, const char *name)
{
	for (; verbs->name; verbs++)
		if (!strcmp(verbs->name, name))
			return verbs;
	return NULL;
}

static const struct ctl_verb *find_verb(struct client *c, const char *name, void **arg)
{
	const struct ctl_verb *v = find_in(own_verbs, name);
	struct table *t;
	*arg = c;
	if (v)
		return v;
	list_foreach(t, &c->ctl->tables, link) {
		*arg = t->arg;
		v = find_in(t->verbs, name);
		if (v)
			return v;
	}
	return NULL;
}

/* The head of an answer in rows; the rows follow as the client reads. */
static void begin_rows(struct client *c, const struct ctl_verb *v, void *arg, json_t *args, json_t *id)
{
	char *text = id ? json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	c->rows = (struct rows){.fn = v->rows, .arg = arg, .args = json_incref(args)};
	buf_printf(&c->out, "{%s%s%s\"result\":[", text ? "\"id\":" : "", text ? text : "", text ? "," : "");
	free(text);
}

/* 0 with *result NULL: the answer is in rows, and has begun. */
static int perform(struct client *c, json_t *request, json_t **result, struct buf *why)
{
	const char *name = json_string_value(json_object_get(request, "do"));
	json_t *args = json_object_get(request, "args");
	void *arg;
	if (!name || (args && !json_is_object(args) && !json_is_null(args))) {
		buf_str(why, "not a request: {\"id\":..,\"do\":\"verb\",\"args\":{..}} is expected");
		return -EINVAL;
	}
	const struct ctl_verb *v = find_verb(c, name, &arg);
	if (!v) {
		buf_printf(why, "unknown verb \"%s\"; \"help\" lists them", name);
		return -ENOENT;
	}
	if (v->rows) {
		begin_rows(c, v, arg, args, json_object_get(request, "id"));
		return 0;
	}
	int err = v->fn(arg, args, result, why);
	if (!err && !*result)
		*result = json_null();
	return err;
}

static void answer(struct client *c, struct slice line)
{
	json_t *request = json_loadb(line.p, line.len, 0, NULL), *result = NULL, *reply = NULL;
	struct buf why = buf_growing();
	json_t *id = json_object_get(request, "id");
	counters[CNT_REQUESTS]++;
	int err = perform(c, request, &result, &why);
	if (err) {
		counters[CNT_ERRORS]++;
		reply = json_pack("{s:O?, s:s}", "id", id, "error", why.len ? buf_z(&why) : strerror(-err));
		json_decref(result);
	} else if (result) {
		reply = json_pack("{s:O?, s:o}", "id", id, "result", result);
	}
	if (c->ctl && !c->rows.fn)
		add_line(c, reply);
	else
		json_decref(reply);
	buf_reset(&why);
	json_decref(request);
}

/* Answers the lines read so far, until one answer could not be written whole. */
static int answer_lines(struct client *c)
{
	int err = 0;
	size_t at = 0;
	while (!err && c->ctl && !c->out.len && !c->rows.fn) {
		struct slice rest = slice_from(buf_text(&c->in), at);
		ptrdiff_t end = slice_find(rest, '\n');
		if (end < 0)
			break;
		at += (size_t)end + 1;
		struct slice line = slice_trim(slice_of(rest.p, (size_t)end));
		if (line.len)
			answer(c, line);
		if (c->ctl)
			err = flush(c);
	}
	if (at) {
		memmove(c->in.p, c->in.p + at, c->in.len - at);
		c->in.len -= at;
	}
	return err;
}

static int read_more(struct client *c)
{
	char chunk[4096];
	ssize_t n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	buf_add(&c->in, chunk, (size_t)n);
	if (c->in.len > MAX_REQUEST)
		return -EMSGSIZE;
	return c->in.err;
}

static void on_client(void *arg, int events)
{
	struct client *c = mem_ref(arg);
	int err = events & UV_WRITABLE && c->rows.fn && !c->out.len ? add_rows(c) : 0;
	if (!err && events & UV_WRITABLE)
		err = flush(c);
	if (!err && events & UV_READABLE)
		err = read_more(c);
	if (!err)
		err = answer_lines(c);
	if (err)
		drop(c);
	mem_deref(c);
}

/* --- listening ----------------------------------------------------------------------------------------------------- */

static int add_client(struct ctl *ctl, int fd)
{
	struct client *c = mem_alloc(sizeof *c, client_destroy);
	if (!c)
		return -ENOMEM;
	c->fd = -1;
	int err = loop_watch(&c->watch, fd, UV_READABLE, on_client, c);
	if (err) {
		mem_deref(c);
		return err;
	}
	c->fd = fd;
	c->ctl = ctl;
	list_append(&ctl->clients, &c->link);
	return 0;
}

static void on_connection(void *arg, int events)
{
	struct ctl *ctl = arg;
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	counters[CNT_CLIENTS]++;
	if (list_count(&ctl->clients) >= MAX_CLIENTS || add_client(ctl, fd)) {
		counters[CNT_REFUSED]++;
		close(fd);
	}
}

/* A socket file nobody answers at is left over from a killed process. */
static int remove_dead(const char *path)
{
	int fd = ctl_connect(path);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd != -ECONNREFUSED)
		return 0;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static int open_socket(const char *path)
{
	struct sockaddr_un un;
	int err = ctl_address(&un, path);
	if (!err)
		err = remove_dead(path);
	if (err)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mode_t mask = umask(0117);
	if (bind(fd, (struct sockaddr *)&un, sizeof un) || listen(fd, 32))
		err = -errno;
	umask(mask);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static void ctl_destroy(void *obj)
{
	struct ctl *c = obj;
	c->changed = NULL;
	while (list_first(&c->clients))
		drop(container_of(list_first(&c->clients), struct client, link));
	while (list_first(&c->tables)) {
		struct table *t = container_of(list_first(&c->tables), struct table, link);
		list_remove(&t->link);
		mem_free(t);
	}
	mem_deref(c->watch);
	if (c->fd >= 0) {
		close(c->fd);
		unlink(c->path);
	}
	mem_free(c->path);
}

int ctl_listen(struct ctl **ret, const char *path, int fd, const struct ctl_verb *verbs, void *arg)
{
	struct ctl *c = mem_alloc(sizeof *c, ctl_destroy);
	if (!c)
		return -ENOMEM;
	c->fd = -1;
	c->path = mem_strdup(path);
	int err = c->path ? ctl_add(c, verbs, arg) : -ENOMEM;
	if (!err) {
		c->fd = fd >= 0 ? fd : open_socket(path);
		err = c->fd < 0 ? c->fd : loop_watch(&c->watch, c->fd, UV_READABLE, on_connection, c);
	}
	if (err) {
		mem_deref(c);
		return err;
	}
	counter_register(&counter_group);
	*ret = c;
	return 0;
}

int ctl_add(struct ctl *c, const struct ctl_verb *verbs, void *arg)
{
	struct table *t = mem_raw(sizeof *t);
	if (!t)
		return -ENOMEM;
	*t = (struct table){.verbs = verbs, .arg = arg};
	list_append(&c->tables, &t->link);
	return 0;
}

/* --- events -------------------------------------------------------------------------------------------------------- */

bool ctl_wanted(const struct ctl *c, const char *topic)
{
	struct client *k;
	list_foreach(k, &c->clients, link)
		if (find_subscription(k, topic))
			return true;
	return false;
}

void ctl_on_subscribers(struct ctl *c, void (*fn)(void *arg), void *arg)
{
	c->changed = fn;
	c->changed_arg = arg;
}

static void publish_to(struct client *k, struct subscription *s, struct slice line)
{
	if ((k->rows.fn ? k->events.len : k->out.len - k->sent) + line.len > EVENT_ROOM) {
		s->dropped++;
		counters[CNT_DROPPED]++;
		return;
	}
	counters[CNT_EVENTS]++;
	if (k->rows.fn) {
		buf_slice(&k->events, line);
		return;
	}
	bool idle = !k->out.len;
	if (k->sent > EVENT_ROOM) { /* what was sent makes room */
		memmove(k->out.p, k->out.p + k->sent, k->out.len - k->sent);
		k->out.len -= k->sent;
		k->sent = 0;
	}
	buf_slice(&k->out, line);
	if (idle || k->out.err) {
		int err = flush(k);
		if (err)
			drop(k);
	}
}

void ctl_publish(struct ctl *c, const char *topic, json_t *event)
{
	json_t *line = json_pack("{s:s, s:o}", "topic", topic, "event", event);
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	struct buf out = buf_growing();
	if (text) {
		buf_str(&out, text);
		buf_char(&out, '\n');
	}
	struct client *k;
	if (text && !out.err)
		list_foreach_safe(k, &c->clients, link) {
			struct subscription *s = find_subscription(k, topic);
			if (s)
				publish_to(k, s, buf_text(&out));
		}
	buf_reset(&out);
	free(text);
	json_decref(line);
}
