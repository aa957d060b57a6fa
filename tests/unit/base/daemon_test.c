// SPDX-License-Identifier: GPL-3.0-or-later
/* A daemon in a forked process, controlled from here. */
#include "unit.h"
#include "base/alarm.h"
#include "base/daemon.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64], config[128], errors[128], socket_path[128];
static pid_t daemon_pid;

/* --- the daemon ---------------------------------------------------------------------------------------------------- */

static const struct conf_option log_options[] = {
	{.name = "level", .type = CONF_CHOICE, .dflt = "warn", .help = "Level.", .choices = "error|warn|remote|info|debug"},
	{.name = "to", .type = CONF_CHOICE, .dflt = "stderr", .help = "To.", .choices = "stderr|syslog"},
	{0},
};
static const struct conf_option state_options[] = {
	{.name = "directory", .type = CONF_STRING, .dflt = dir, .help = "Directory."},
	{.name = "runtime", .type = CONF_STRING, .dflt = dir, .help = "Directory."},
	{0},
};
static const struct conf_option box_options[] = {
	{.name = "size", .type = CONF_INT, .dflt = "1", .help = "Size.", .min = 1, .max = 9},
	{.name = "password", .type = CONF_STRING, .dflt = "hush", .help = "Password."},
	{0},
};
static const struct conf_section schema[] = {
	{"log", NULL, "Log.", log_options}, {"state", NULL, "State.", state_options}, {"box", NULL, "Box.", box_options}, {0},
};
static const struct alarm_def lid_open = {"lid-open", ALARM_MINOR, "Close the lid.", 0, 0};

static int load(struct conf **ret, const char *path, struct buf *why)
{
	return conf_load(ret, schema, path, NULL, why);
}

static int start(void *arg, const struct conf *c, struct buf *why)
{
	if (conf_int(conf_section(c, "box"), "size") != 9)
		return 0;
	buf_str(why, "a box of size 9 does not fit");
	return -EADDRINUSE;
}

static int reload(void *arg, const struct conf *was, const struct conf *now, struct buf *why)
{
	if (conf_int(conf_section(now, "box"), "size") != 8)
		return 0;
	buf_str(why, "8 is unlucky");
	return -EINVAL;
}

static int size(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = json_integer(conf_int(conf_section(daemon_conf(), "box"), "size"));
	return 0;
}

static int open_lid(void *arg, json_t *args, json_t **result, struct buf *why)
{
	alarm_raise(&lid_open, "box 1", "wide open");
	return 0;
}

static const struct ctl_verb verbs[] = {{"size", "size", size, NULL, NULL}, {"open", "opens the lid", open_lid, NULL, NULL}, {0}};

static void close_all(void *arg)
{
}

static _Noreturn void run(void)
{
	char *argv[] = {"unit", "-c", config, NULL};
	int fd = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, 2);
	int status = daemon_main(3, argv,
				 &(struct daemon_params){.name = "unit",
							 .help = "for the test",
							 .socket = "unit.sock",
							 .load = load,
							 .verbs = verbs,
							 .start = start,
							 .reload = reload,
							 .close = close_all});
	_exit(status || !mem_blocks() ? status : 99);
}

/* --- the test's side ----------------------------------------------------------------------------------------------- */

static void configure(const char *text)
{
	FILE *f = fopen(config, "w");
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	snprintf(dir, sizeof dir, "/tmp/base-daemon-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(config, sizeof config, "%s/unit.conf", dir);
	snprintf(errors, sizeof errors, "%s/errors", dir);
	snprintf(socket_path, sizeof socket_path, "%s/unit.sock", dir);
	return 0;
}

static int teardown(void **state)
{
	unlink(config);
	unlink(errors);
	return rmdir(dir); /* nothing else is left: the socket is gone */
}

static void start_daemon(const char *text)
{
	configure(text);
	fflush(NULL);
	daemon_pid = fork();
	if (!daemon_pid)
		run();
}

static int exit_status(void)
{
	int status = 0;
	waitpid(daemon_pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int connect_daemon(void)
{
	int fd = -1;
	for (int i = 0; i < 2000 && fd < 0; i++) { /* until it listens */
		fd = ctl_connect(socket_path);
		if (fd < 0)
			usleep(5000);
	}
	assert_true(fd >= 0);
	return fd;
}

/* What `verb` says, as JSON text. */
static const char *says(int fd, const char *verb)
{
	static char text[4096];
	json_t *reply = NULL, *what;
	assert_int_equal(ctl_ask(fd, verb, NULL, &reply), 0);
	what = json_object_get(reply, "result");
	char *dump = json_dumps(what ? what : json_object_get(reply, "error"), JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(text, sizeof text, "%s", dump);
	free(dump);
	json_decref(reply);
	return text;
}

static const char *error_text(void)
{
	static char text[4096];
	FILE *f = fopen(errors, "r");
	text[f ? fread(text, 1, sizeof text - 1, f) : 0] = '\0';
	if (f)
		fclose(f);
	return text;
}

static void a_bad_reload_leaves_the_running_configuration(void **state)
{
	char want[256];
	start_daemon("box { size = 3 }");
	int fd = connect_daemon();
	assert_string_equal(says(fd, "size"), "3");
	configure("\nbox { size = 30 }");
	snprintf(want, sizeof want, "\"%s:2: box.size: expected a whole number from 1 to 9, not \\\"30\\\"\\n\"", config);
	assert_string_equal(says(fd, "reload"), want);
	assert_string_equal(says(fd, "size"), "3");
	configure("box { size = 8 }"); /* good, but the daemon cannot take it over */
	assert_string_equal(says(fd, "reload"), "\"8 is unlucky\"");
	assert_string_equal(says(fd, "size"), "3");
	configure("box { size = 5 }");
	assert_string_equal(says(fd, "reload"), "null");
	assert_string_equal(says(fd, "size"), "5");
	configure("box { size = 6 }");
	kill(daemon_pid, SIGHUP);
	while (strcmp(says(fd, "size"), "6"))
		usleep(1000);
	configure("box {");
	kill(daemon_pid, SIGHUP);
	while (!strstr(error_text(), "never closed"))
		usleep(1000);
	assert_string_equal(says(fd, "size"), "6");
	close(fd);
	kill(daemon_pid, SIGTERM);
	assert_int_equal(exit_status(), 0);
}

static void common_verbs_are_there(void **state)
{
	char want[64];
	start_daemon("box { password = \"open sesame\" }");
	int fd = connect_daemon();
	snprintf(want, sizeof want, "{\"name\":\"unit\",\"pid\":%d}", (int)daemon_pid);
	assert_string_equal(says(fd, "pid"), want);
	assert_non_null(strstr(says(fd, "show counters"), "\"group\":\"control\""));
	assert_null(strstr(says(fd, "show config"), "sesame"));
	assert_string_equal(says(fd, "log level"), "\"warn\"");
	assert_string_equal(says(fd, "show alarms"), "[]");
	close(fd);
	kill(daemon_pid, SIGINT);
	assert_int_equal(exit_status(), 0);
}

static void alarms_are_published(void **state)
{
	json_t *reply = NULL, *event = NULL;
	start_daemon("log { level = error }");
	int watcher = connect_daemon(), fd = connect_daemon();
	assert_int_equal(ctl_ask(watcher, "subscribe", json_pack("{s:s}", "topic", "alarms"), &reply), 0);
	json_decref(reply);
	assert_string_equal(says(fd, "open"), "null");
	assert_int_equal(ctl_next(watcher, &event), 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(event, "event"), "name")), "lid-open");
	json_decref(event);
	assert_non_null(strstr(says(fd, "show alarms"), "wide open"));
	close(watcher);
	close(fd);
	kill(daemon_pid, SIGTERM);
	assert_int_equal(exit_status(), 0);
}

static void one_that_cannot_start_says_why(void **state)
{
	start_daemon("box { size = big }");
	assert_int_equal(exit_status(), DAEMON_EXIT_CONFIG);
	assert_non_null(strstr(error_text(), "unit.conf:1: box.size: expected a whole number from 1 to 9, not \"big\"\n"));
	start_daemon("box { size = 9 }");
	assert_int_equal(exit_status(), 1);
	assert_non_null(strstr(error_text(), "a box of size 9 does not fit"));
	unlink(config);
	daemon_pid = fork();
	if (!daemon_pid)
		run();
	assert_int_equal(exit_status(), DAEMON_EXIT_CONFIG);
	assert_non_null(strstr(error_text(), "unit.conf: No such file or directory\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bad_reload_leaves_the_running_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(common_verbs_are_there, setup, teardown),
		cmocka_unit_test_setup_teardown(alarms_are_published, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_cannot_start_says_why, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
