// SPDX-License-Identifier: GPL-3.0-or-later
#include "keep/keeper.h"
#include "keep/private.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

struct child *keeper_child_of_pid(struct keeper *k, pid_t pid)
{
	for (unsigned i = 0; i < k->n; i++)
		if (pid > 0 && k->children[i].pid == pid)
			return &k->children[i];
	return NULL;
}

static void step_start(struct keeper *k)
{
	bool all = true;
	for (unsigned i = 0; i < k->n; i++) {
		if (k->children[i].state == CHILD_WAITING)
			child_start(&k->children[i]);
		if (k->children[i].state == CHILD_STARTING)
			return; /* the next one waits for this one to be ready, or to fail */
		all &= k->children[i].state == CHILD_READY || k->children[i].unwanted;
	}
	if (all && !k->was_ready) {
		k->was_ready = true;
		if (k->params.on_ready)
			k->params.on_ready(k->params.arg);
	}
}

static void step_stop(struct keeper *k)
{
	for (unsigned i = k->n; i-- > 0;) {
		struct child *c = &k->children[i];
		if (c->state != CHILD_STOPPING && c->state != CHILD_ENDED)
			child_terminate(c);
		if (c->state != CHILD_ENDED)
			return;
	}
	if (k->params.on_ended)
		k->params.on_ended(k->params.arg);
}

void keeper_step(struct keeper *k)
{
	if (k->stopping)
		step_stop(k);
	else
		step_start(k);
}

static void keeper_destroy(void *obj)
{
	struct keeper *k = obj;
	for (unsigned i = 0; i < k->n; i++)
		child_free(&k->children[i]);
	notify_close(k);
	requests_close(k);
	mem_free(k->children);
	mem_free(k->runtime);
	mem_free(k->user);
	mem_free(k->notify_path);
	mem_free(k->request_path);
}

static char *in_runtime(const struct keeper *k, const char *name)
{
	struct buf path = buf_growing();
	buf_printf(&path, "%s/%s", k->runtime, name);
	const char *z = buf_z(&path);
	char *copy = path.err ? NULL : mem_strdup(z);
	buf_reset(&path);
	return copy;
}

static int copy_params(struct keeper *k, const struct keeper_params *p)
{
	unsigned n = 0;
	while (p->children[n].name)
		n++;
	k->params = *p;
	k->notify_fd = k->request_fd = -1;
	k->runtime = mem_strdup(p->runtime);
	k->user = mem_strdup(p->user ? p->user : "");
	k->notify_path = k->runtime ? in_runtime(k, "notify.sock") : NULL;
	k->request_path = k->runtime ? in_runtime(k, "request.sock") : NULL;
	k->children = mem_raw(n * sizeof *k->children);
	if (!k->user || !k->notify_path || !k->request_path || !k->children)
		return -ENOMEM;
	memset(k->children, 0, n * sizeof *k->children);
	k->n = n;
	for (unsigned i = 0; i < n; i++)
		child_init(&k->children[i], k, &p->children[i]);
	return 0;
}

/* The daemons make their sockets in the runtime directory, write to ours there, and keep files in the state directory. */
static int give_to_user(struct keeper *k, struct buf *why)
{
	if (!*k->user)
		return 0;
	struct passwd *pw = getpwnam(k->user);
	if (!pw) {
		buf_printf(why, "process.user: there is no user \"%s\"", k->user);
		return -ENOENT;
	}
	const char *paths[] = {k->runtime, k->notify_path, k->request_path, k->params.state};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (paths[i] && chown(paths[i], pw->pw_uid, pw->pw_gid)) {
			int err = -errno;
			buf_printf(why, "%s: %s", paths[i], strerror(-err));
			return err;
		}
	return 0;
}

int keeper_open(struct keeper **ret, const struct keeper_params *params, struct buf *why)
{
	struct keeper *k = mem_alloc(sizeof *k, keeper_destroy);
	if (!k)
		return -ENOMEM;
	k->notify_fd = k->request_fd = -1;
	int err = copy_params(k, params);
	if (!err)
		err = notify_open(k, why);
	if (!err)
		err = requests_open(k, why);
	if (!err)
		err = give_to_user(k, why);
	if (err) {
		mem_deref(k);
		return err;
	}
	held_recover(k);
	for (unsigned i = 0; i < k->n; i++)
		child_adopt(&k->children[i]);
	*ret = k;
	keeper_step(k);
	return 0;
}

void keeper_set_times(struct keeper *k, const struct keeper_times *times)
{
	k->params.times = *times;
}

void keeper_stop(struct keeper *k)
{
	k->stopping = true;
	keeper_step(k);
}

void keeper_kill(struct keeper *k)
{
	for (unsigned i = 0; i < k->n; i++)
		child_signal(&k->children[i], SIGKILL);
}

/* SIGKILL first: it outruns the SIGTERM that stopping sends. */
void keeper_leave(struct keeper *k)
{
	keeper_kill(k);
	keeper_stop(k);
}

void keeper_hangup(struct keeper *k)
{
	for (unsigned i = 0; i < k->n; i++)
		child_signal(&k->children[i], SIGHUP);
}

static struct child *child_named(struct keeper *k, const char *name)
{
	for (unsigned i = 0; i < k->n; i++)
		if (!strcmp(k->children[i].spec->name, name))
			return &k->children[i];
	return NULL;
}

int keeper_restart(struct keeper *k, const char *name)
{
	struct child *c = child_named(k, name);
	if (!c || c->unwanted)
		return -ENOENT;
	c->killed = true;
	child_signal(c, SIGKILL);
	return 0;
}

void keeper_want(struct keeper *k, const char *name, bool on)
{
	struct child *c = child_named(k, name);
	if (!c || k->stopping || c->unwanted == !on)
		return;
	child_want(c, on);
	keeper_step(k);
}

json_t *keeper_json(const struct keeper *k)
{
	json_t *all = json_array();
	for (unsigned i = 0; i < k->n; i++) {
		const struct child *c = &k->children[i];
		if (c->state == CHILD_OFF)
			continue;
		json_array_append_new(all, json_pack("{s:s, s:i, s:s, s:i, s:I, s:i, s:s}", "name", c->spec->name, "pid", (int)c->pid,
						     "state", child_state_name(c->state), "restarts", (int)c->restarts, "uptime_ms",
						     (json_int_t)(c->pid ? clock_ms() - c->started_ms : 0), "descriptors",
						     (int)c->n_held, "last_end", c->last_end));
	}
	return all;
}
