// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/daemon.h"
#include "base/alarm.h"
#include "base/counter.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_MS   3000
#define REKEEP_MS 500

/* A process is one daemon. */
static struct {
	const struct daemon_params *params;
	const char *path;
	struct conf *conf;
	struct ctl *ctl;
	bool stopping;
	struct timer grace, rekeep;
	/* A copy of the connection to the keeper, since a request that failed closes the original. */
	int keeper_fd;
	struct loop_watch *keeper;
} self = {.keeper_fd = -1};

const struct conf *daemon_conf(void)
{
	return self.conf;
}

struct ctl *daemon_ctl(void)
{
	return self.ctl;
}

const char *daemon_conf_path(void)
{
	return self.path;
}

/* --- reload -------------------------------------------------------------------------------------------------------- */

static void log_as_configured(const struct conf *c)
{
	const struct conf_part *log = conf_section(c, "log");
	int level = log_level_parse(conf_string(log, "level"));
	log_set_level(level < 0 ? LOG_LEVEL_INFO : (enum log_level)level);
	log_open(self.params->name, !strcmp(conf_string(log, "to"), "syslog") ? LOG_TO_SYSLOG : LOG_TO_STDERR);
}

static int reload(struct buf *why)
{
	struct conf *fresh = NULL;
	int err = self.params->load(&fresh, self.path, why);
	if (err)
		return err;
	if (self.params->reload)
		err = self.params->reload(self.params->arg, self.conf, fresh, why);
	if (err) {
		mem_deref(fresh);
		return err;
	}
	mem_deref(self.conf);
	self.conf = fresh;
	log_as_configured(fresh);
	log_info(NULL, "configuration reloaded");
	return 0;
}

/* Each line of `why` is a message of its own. */
static void log_lines(enum log_level level, struct buf *why)
{
	struct slice rest = buf_text(why), line;
	while (slice_is_set(line = slice_line(&rest)))
		log_at(level, NULL, SLICE_FMT, SLICE_ARG(line));
}

static void on_hangup(void *arg)
{
	struct buf why = buf_growing();
	int err = reload(&why);
	if (err) {
		log_error(NULL, "configuration not reloaded, the running one stays: %s", strerror(-err));
		log_lines(LOG_LEVEL_ERROR, &why);
	} else if (self.params->hangup) {
		self.params->hangup(self.params->arg);
	}
	buf_reset(&why);
}

/* --- common verbs -------------------------------------------------------------------------------------------------- */

static int verb_pid(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = json_pack("{s:s, s:i}", "name", self.params->name, "pid", (int)getpid());
	return *result ? 0 : -ENOMEM;
}

enum { CNT_TIMERS_NOW, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {[CNT_TIMERS_NOW] = {"timers-now", "timers that run"}};
static uint64_t counters[CNT_MAX];

static void count_timers(struct counter_group *g)
{
	counters[CNT_TIMERS_NOW] = timer_count();
}

static struct counter_group counter_group = {.name = "daemon", .defs = counter_defs, .values = counters, .count = CNT_MAX, .refresh = count_timers};

static int verb_counters(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = counter_json();
	return *result ? 0 : -ENOMEM;
}

static int verb_alarms(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = alarm_json();
	return *result ? 0 : -ENOMEM;
}

static int verb_config(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct buf text = buf_growing();
	conf_dump(self.conf, &text, true);
	*result = json_string(buf_z(&text));
	buf_reset(&text);
	return *result ? 0 : -ENOMEM;
}

static int verb_reload(void *arg, json_t *args, json_t **result, struct buf *why)
{
	int err = reload(why);
	if (err)
		log_error(NULL, "configuration not reloaded, the running one stays: %s", buf_z(why));
	return err;
}

static int verb_log_level(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const char *name = json_string_value(json_object_get(args, "level"));
	int level = name ? log_level_parse(name) : (int)log_threshold;
	if (level < 0) {
		buf_str(why, "level is one of error, warn, remote, info, debug");
		return -EINVAL;
	}
	log_set_level((enum log_level)level);
	*result = json_string(log_level_name((enum log_level)level));
	return *result ? 0 : -ENOMEM;
}

static const struct ctl_verb common_verbs[] = {
	{"pid", "name and process id", verb_pid, NULL, NULL},
	{"show counters", "every counter of this daemon", verb_counters, NULL, NULL},
	{"show alarms", "alarms that are on, and the last ones cleared", verb_alarms, NULL, NULL},
	{"show config", "the running configuration, passwords hidden", verb_config, NULL, NULL},
	{"reload", "reads the configuration again; a mistake leaves the running one", verb_reload, NULL, NULL},
	{"log level", "shows or sets the log level until the next reload", verb_log_level, "level=NAME", NULL},
	{0},
};

static void on_alarm(const json_t *alarm, void *arg)
{
	if (self.ctl && ctl_wanted(self.ctl, "alarms"))
		ctl_publish(self.ctl, "alarms", json_deep_copy(alarm));
}

/* --- the keeper ---------------------------------------------------------------------------------------------------- */

static void watch_keeper(void);

static void unwatch_keeper(void)
{
	self.keeper = mem_deref(self.keeper);
	if (self.keeper_fd >= 0)
		close(self.keeper_fd);
	self.keeper_fd = -1;
}

static void on_rekeep(void *arg)
{
	if (fdstore_reconnect()) {
		timer_start(&self.rekeep, REKEEP_MS, on_rekeep, NULL);
		return;
	}
	log_info(NULL, "tandem-keep is back");
	watch_keeper();
}

static void on_keeper(void *arg, int events)
{
	char late[256];
	ssize_t n = recv(self.keeper_fd, late, sizeof late, MSG_DONTWAIT);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	log_warn(NULL, "tandem-keep has gone; going on without it until it is back");
	unwatch_keeper();
	timer_start(&self.rekeep, REKEEP_MS, on_rekeep, NULL);
}

static void watch_keeper(void)
{
	int fd = fdstore_keeper();
	if (fd < 0) {
		/* It died while we started. */
		if (getenv("TANDEM_KEEP"))
			timer_start(&self.rekeep, REKEEP_MS, on_rekeep, NULL);
		return;
	}
	self.keeper_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (self.keeper_fd < 0 || loop_watch(&self.keeper, self.keeper_fd, UV_READABLE, on_keeper, NULL))
		log_warn(NULL, "the connection to tandem-keep is not watched");
}

/* --- life ---------------------------------------------------------------------------------------------------------- */

void daemon_end(void)
{
	loop_stop();
}

void daemon_ready(void)
{
	fdstore_notify("READY=1");
}

static void on_grace_over(void *arg)
{
	log_warn(NULL, "ending although not everything was finished");
	daemon_end();
}

static void on_terminate(void *arg)
{
	if (self.stopping) {
		if (self.params->hurry)
			self.params->hurry(self.params->arg);
		else
			daemon_end();
		return;
	}
	self.stopping = true;
	fdstore_notify("STOPPING=1");
	if (!self.params->stop || self.params->stop(self.params->arg))
		daemon_end();
	else
		timer_start(&self.grace, self.params->stop_ms ? self.params->stop_ms : STOP_MS, on_grace_over, NULL);
}

static int make_directory(const char *path, struct buf *why)
{
	if (!mkdir(path, 0750) || errno == EEXIST)
		return 0;
	int err = -errno;
	buf_printf(why, "%s: %s", path, strerror(-err));
	return err;
}

static int open_control(struct buf *why)
{
	const char *runtime = conf_string(conf_section(self.conf, "state"), "runtime");
	struct buf path = buf_growing();
	int err = make_directory(runtime, why);
	buf_printf(&path, "%s/%s", runtime, self.params->socket);
	if (!err) {
		err = ctl_listen(&self.ctl, buf_z(&path), -1, common_verbs, NULL);
		if (err)
			buf_printf(why, "control socket %s: %s", buf_z(&path), strerror(-err));
	}
	if (!err && self.params->verbs)
		err = ctl_add(self.ctl, self.params->verbs, self.params->arg);
	buf_reset(&path);
	return err;
}

static int begin(struct buf *why)
{
	const struct daemon_params *p = self.params;
	log_as_configured(self.conf);
	signal(SIGPIPE, SIG_IGN);
	int err = loop_init();
	if (err)
		return err;
	alarm_on_change(on_alarm, NULL);
	counter_register(&counter_group);
	err = open_control(why);
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); /* a keeper's successor can find us now */
	if (!err)
		err = loop_signal(SIGHUP, on_hangup, NULL);
	if (!err)
		err = loop_signal(SIGTERM, on_terminate, NULL);
	if (!err)
		err = loop_signal(SIGINT, on_terminate, NULL);
	if (!err)
		err = make_directory(conf_string(conf_section(self.conf, "state"), "directory"), why);
	if (!err)
		err = p->start(p->arg, self.conf, why);
	if (err)
		return err;
	watch_keeper();
	fdstore_close_rest();
	if (!p->ready_later)
		daemon_ready();
	return 0;
}

static void end(void)
{
	self.params->close(self.params->arg);
	timer_stop(&self.grace);
	timer_stop(&self.rekeep);
	alarm_reset();
	unwatch_keeper();
	self.ctl = mem_deref(self.ctl);
	loop_close();
	self.conf = mem_deref(self.conf);
}

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: %s [-c FILE]\n%s\n", self.params->name, self.params->help);
	return status;
}

int daemon_main(int argc, char **argv, const struct daemon_params *params)
{
	struct buf why = buf_growing();
	self.params = params;
	log_open(params->name, LOG_TO_STDERR);
	for (int o; (o = getopt(argc, argv, "c:h")) != -1;) {
		if (o != 'c')
			return usage(o == 'h' ? stdout : stderr, o == 'h' ? 0 : 64);
		self.path = optarg;
	}
	if (optind < argc)
		return usage(stderr, 64);
	if (params->load(&self.conf, self.path, &why)) {
		fprintf(stderr, "%s: the configuration has mistakes:\n%s", params->name, buf_z(&why));
		buf_reset(&why);
		return DAEMON_EXIT_CONFIG;
	}
	int err = begin(&why);
	if (err) {
		log_error(NULL, "not started: %s", strerror(-err));
		log_lines(LOG_LEVEL_ERROR, &why);
	} else {
		log_info(NULL, "started, process %d", (int)getpid());
		loop_begin();
		loop_run();
		log_info(NULL, "ended");
	}
	end();
	buf_reset(&why);
	return err ? EXIT_FAILURE : 0;
}
