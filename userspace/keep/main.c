// SPDX-License-Identifier: GPL-3.0-or-later
/* tandem-keep: the order of things. */
#include "base/daemon.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/schema.h"
#include "keep/confine.h"
#include "keep/keeper.h"
#include "keep/lines.h"
#include <errno.h>
#include <stdio.h>

#define STABLE_MS 10000

static struct keeper *keeper;

static struct keeper_child children[] = {
	{.name = "tandem-mg", .socket = "mg.sock"},
	{.name = "tandem-isdn", .socket = "isdn.sock", .off = true},
	{.name = "tandem-ca", .socket = "ca.sock"},
	{0},
};
#define ISDN 1 /* of children */

/* Whether a section tells of interfaces: without any, tandem-isdn has nothing to do. */
static bool has_isdn(const struct conf *c)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(c, "isdn", i)); i++)
		if (conf_list_count(p, "spans"))
			return true;
	return false;
}

static int load(struct conf **ret, const char *path, struct buf *why)
{
	struct buf told = buf_growing();
	int err = config_first_run(path, &told);
	if (err)
		log_warn(NULL, "no users were made for the built-in configuration: %s", strerror(-err));
	else if (told.len)
		printf("No configuration file, so two users were made for you:\n%s", buf_z(&told));
	fflush(stdout);
	buf_reset(&told);
	return config_open(ret, path, why);
}

static struct keeper_times times_of(const struct conf *c)
{
	const struct conf_part *p = conf_section(c, "process");
	return (struct keeper_times){.grace_ms = (uint32_t)conf_int(p, "grace"),
				     .restart_min_ms = (uint32_t)conf_int(p, "restart-min"),
				     .restart_max_ms = (uint32_t)conf_int(p, "restart-max"),
				     .stable_ms = STABLE_MS};
}

/* Against the configuration in force now. */
static int confine(void *arg, json_t *request)
{
	return confine_request(daemon_conf(), request);
}

static void on_ready(void *arg)
{
	daemon_ready();
}

static void on_ended(void *arg)
{
	daemon_end();
}

static int start(void *arg, const struct conf *c, struct buf *why)
{
	lines_configure(c);
	children[ISDN].off = !has_isdn(c);
	return keeper_open(&keeper,
			   &(struct keeper_params){.children = children,
						   .runtime = conf_string(conf_section(c, "state"), "runtime"),
						   .state = conf_string(conf_section(c, "state"), "directory"),
						   .config = daemon_conf_path(),
						   .user = conf_string(conf_section(c, "process"), "user"),
						   .times = times_of(c),
						   .confine = confine,
						   .on_ready = on_ready,
						   .on_ended = on_ended},
			   why);
}

static int reload(void *arg, const struct conf *was, const struct conf *now, struct buf *why)
{
	struct keeper_times times = times_of(now);
	keeper_set_times(keeper, &times);
	lines_configure(now);
	keeper_want(keeper, children[ISDN].name, has_isdn(now));
	return 0;
}

static void hangup(void *arg)
{
	keeper_hangup(keeper);
}

static bool stop(void *arg)
{
	keeper_stop(keeper);
	return false;
}

static void hurry(void *arg)
{
	keeper_kill(keeper);
}

static void close_all(void *arg)
{
	keeper = mem_deref(keeper);
	lines_forget();
}

static int show_processes(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = keeper_json(keeper);
	return *result ? 0 : -ENOMEM;
}

static int restart(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const char *name = json_string_value(json_object_get(args, "name"));
	int err = name ? keeper_restart(keeper, name) : -EINVAL;
	if (err)
		buf_str(why, "name: expected tandem-ca, tandem-mg, or tandem-isdn when it is in use");
	return err;
}

static int leave(void *arg, json_t *args, json_t **result, struct buf *why)
{
	log_info(NULL, "leaving: calls and streams are for the daemons that are started next");
	keeper_leave(keeper);
	return 0;
}

static const struct ctl_verb verbs[] = {
	{"show processes", "the daemons and their state", show_processes, NULL, NULL},
	{"restart", "kills a daemon and starts it anew; what must survive a kill does", restart, "name=tandem-ca|tandem-mg|tandem-isdn", NULL},
	{"leave", "ends all daemons and this one; calls and streams go on when they are started again", leave, NULL, NULL},
	{0},
};

int main(int argc, char **argv)
{
	return daemon_main(argc, argv,
			   &(struct daemon_params){.name = "tandem-keep",
						   .help = "Starts Tandem's daemons, holds their descriptors, does what needs privileges.",
						   .socket = "keep.sock",
						   .load = load,
						   .verbs = verbs,
						   .start = start,
						   .reload = reload,
						   .hangup = hangup,
						   .stop = stop,
						   .hurry = hurry,
						   .stop_ms = 200000,
						   .ready_later = true,
						   .close = close_all});
}
