// SPDX-License-Identifier: GPL-3.0-or-later
/* A keeper in this process, with real child processes: this program again, as a small daemon that writes down what it finds. */
#include "unit.h"
#include "base/daemon.h"
#include "base/fdstore.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timer.h"
#include "config/schema.h"
#include "keep/private.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 15000

/* --- the child ----------------------------------------------------------------------------------------------------- */

static char status_line[64];

static const char *own_status(const char *field)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	status_line[0] = '\0';
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, field, strlen(field)))
			sscanf(line + strlen(field), ": %63s", status_line);
	if (f)
		fclose(f);
	return status_line;
}

static int ask(const char *verb)
{
	json_t *request = json_pack("{s:s}", "do", verb), *reply = NULL;
	unsigned n = 0;
	int err = keep_request(request, &reply, NULL, &n);
	json_decref(request);
	json_decref(reply);
	return err;
}

/* Whether the keeper has closed what was removed when it answers the next request. */
static bool is_let_go(void)
{
	int ends[2];
	char byte;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) || fdstore_put("pipe", ends[1]))
		return false;
	close(ends[1]);
	fdstore_remove("pipe");
	bool gone = !ask("ping") && !read(ends[0], &byte, 1);
	close(ends[0]);
	return gone;
}

/* One line in RUNTIME/report: "child-a found=... caps=... bound=... locked=... ping=... unknown=... let-go=...". */
static int begin_child(void *arg, const struct conf *c, struct buf *why)
{
	char path[256], text[64] = "nothing";
	snprintf(path, sizeof path, "%s/report", conf_string(conf_section(c, "state"), "runtime"));
	int fd = fdstore_take("memory");
	if (fd >= 0) {
		ssize_t n = pread(fd, text, sizeof text - 1, 0);
		text[n > 0 ? n : 0] = '\0';
	} else {
		fd = memfd_create("kept", MFD_CLOEXEC);
		if (dprintf(fd, "kept-by-%s", (const char *)arg) < 0 || fdstore_put("memory", fd))
			return -EIO;
	}
	int ping = ask("ping"), unknown = ask("fly");
	FILE *f = fopen(path, "ae");
	fprintf(f, "%s found=%s", (const char *)arg, text);
	fprintf(f, " caps=%s", own_status("CapEff"));
	fprintf(f, " bound=%s", own_status("CapBnd"));
	fprintf(f, " locked=%s ping=%d unknown=%d let-go=%d\n", own_status("NoNewPrivs"), ping, unknown == -ENOSYS, is_let_go());
	fclose(f);
	return 0;
}

static bool child_stop(void *arg)
{
	return strcmp(arg, "stubborn") != 0; /* that one never comes to an end */
}

static void child_die(void *arg)
{
	fdstore_put("last", 0);
	raise(SIGKILL);
}

static void child_close(void *arg)
{
}

static int run_child(int argc, char **argv)
{
	char socket[64];
	if (!strcmp(argv[0], "broken"))
		return 3;
	snprintf(socket, sizeof socket, "%s.sock", argv[0]);
	_exit(daemon_main(argc, argv,
			  &(struct daemon_params){.name = argv[0],
						  .help = "a child for the test",
						  .socket = socket,
						  .load = config_open,
						  .arg = argv[0],
						  .start = begin_child,
						  .hangup = child_die,
						  .stop = child_stop,
						  .stop_ms = 60000,
						  .close = child_close}));
}

/* --- the test's side ----------------------------------------------------------------------------------------------- */

static char dir[64], config[128], program[256];
static struct keeper *keeper;
static struct keeper_times times;
static bool ready, ended;

static void on_ready(void *arg)
{
	ready = true;
}

static void on_ended(void *arg)
{
	ended = true;
}

static int setup(void **state)
{
	snprintf(dir, sizeof dir, "/tmp/keep-unit-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(config, sizeof config, "%s/tandem.conf", dir);
	FILE *f = fopen(config, "w");
	fprintf(f, "log { level = error }\nstate { directory = \"%s\" runtime = \"%s\" }\naddress in { local = {\"127.0.0.1\"} }\n", dir, dir);
	fclose(f);
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	program[n > 0 ? n : 0] = '\0';
	log_set_level(LOG_LEVEL_ERROR);
	log_open("keep_test", LOG_TO_STDERR);
	ready = ended = false;
	times = (struct keeper_times){.restart_min_ms = 20, .restart_max_ms = 160, .stable_ms = PATIENCE_MS};
	return loop_init();
}

static int teardown(void **state)
{
	char command[128];
	keeper = mem_deref(keeper);
	loop_close();
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command) || mem_blocks() != 0;
}

static int open_keeper(const struct keeper_child *children, uint32_t grace_ms)
{
	struct buf why = buf_growing();
	times.grace_ms = grace_ms;
	int err = keeper_open(&keeper,
			      &(struct keeper_params){.children = children,
						      .runtime = dir,
						      .config = config,
						      .times = times,
						      .on_ready = on_ready,
						      .on_ended = on_ended},
			      &why);
	assert_string_equal(buf_z(&why), "");
	buf_reset(&why);
	return err;
}

/* What the keeper says of a child. */
static json_int_t told(unsigned child, const char *key)
{
	json_t *all = keeper_json(keeper);
	json_int_t v = json_integer_value(json_object_get(json_array_get(all, child), key));
	json_decref(all);
	return v;
}

static bool is_in_state(unsigned child, const char *state)
{
	json_t *all = keeper_json(keeper);
	bool is = !strcmp(json_string_value(json_object_get(json_array_get(all, child), "state")), state);
	json_decref(all);
	return is;
}

static bool is_ready(void)
{
	return ready;
}

static bool is_ended(void)
{
	return ended;
}

static struct {
	bool (*condition)(void);
	struct timer look, give_up;
	bool met;
} waiting;

static void on_look(void *arg)
{
	waiting.met = waiting.condition();
	if (waiting.met)
		loop_stop();
	else
		timer_start(&waiting.look, 5, on_look, NULL);
}

static void on_give_up(void *arg)
{
	loop_stop();
}

static bool run_until(bool (*condition)(void))
{
	waiting.condition = condition;
	timer_start(&waiting.look, 1, on_look, NULL);
	timer_start(&waiting.give_up, PATIENCE_MS, on_give_up, NULL);
	loop_run();
	timer_stop(&waiting.look);
	timer_stop(&waiting.give_up);
	return waiting.met;
}

static void stop_keeper(void)
{
	keeper_stop(keeper);
	assert_true(run_until(is_ended));
}

static const char *report(void)
{
	static char text[4096];
	char path[128];
	snprintf(path, sizeof path, "%s/report", dir);
	FILE *f = fopen(path, "re");
	text[f ? fread(text, 1, sizeof text - 1, f) : 0] = '\0';
	if (f)
		fclose(f);
	return text;
}

/* --- the tests ----------------------------------------------------------------------------------------------------- */

static const struct keeper_child two[] = {
	{"child-a", program, "child-a.sock", false},
	{"child-b", program, "child-b.sock", false},
	{0},
};

static const struct keeper_child second_off[] = {
	{"child-a", program, "child-a.sock", false},
	{"child-b", program, "child-b.sock", true},
	{0},
};

static bool b_is_ready(void)
{
	return is_in_state(1, "ready");
}

static bool b_is_off(void)
{
	json_t *all = keeper_json(keeper);
	bool is = json_array_size(all) == 1;
	json_decref(all);
	return is;
}

static void a_child_runs_while_it_is_wanted(void **state)
{
	assert_int_equal(open_keeper(second_off, 5000), 0);
	assert_true(run_until(is_ready));
	assert_true(b_is_off());
	assert_int_equal(keeper_restart(keeper, "child-b"), -ENOENT);
	for (int i = 0; i < 2; i++) {
		keeper_want(keeper, "child-b", true);
		assert_true(run_until(b_is_ready));
		keeper_want(keeper, "child-b", false);
		assert_true(run_until(b_is_off));
	}
	assert_true(is_in_state(0, "ready"));
	stop_keeper();
}

static bool a_has_restarted(void)
{
	return told(0, "restarts") == 1 && is_in_state(0, "ready");
}

static void a_killed_child_gets_its_descriptors_back(void **state)
{
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	json_int_t a = told(0, "pid"), b = told(1, "pid");
	assert_int_equal(told(0, "descriptors"), 1);
	kill((pid_t)a, SIGKILL);
	assert_true(run_until(a_has_restarted));
	assert_int_not_equal(told(0, "pid"), a);
	assert_int_equal(told(1, "pid"), b);
	static const char *const lines[] = {"child-a found=nothing ", "child-b found=nothing ", "child-a found=kept-by-child-a "};
	struct slice rest = slice_str(report()); /* in order: the first was ready when the second started */
	for (int i = 0; i < 3; i++)
		assert_true(slice_starts(slice_line(&rest), slice_str(lines[i])));
	stop_keeper();
}

static void one_that_has_run_well_is_started_again_at_once(void **state)
{
	FILE *was = stderr;
	stderr = fopen("/dev/null", "w"); /* its death is logged */
	times = (struct keeper_times){.restart_min_ms = 2 * PATIENCE_MS, .restart_max_ms = 2 * PATIENCE_MS, .stable_ms = 1};
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	kill((pid_t)told(0, "pid"), SIGKILL);
	bool met = run_until(a_has_restarted);
	fclose(stderr);
	stderr = was;
	assert_true(met);
	stop_keeper();
}

static bool a_is_started_again(void)
{
	return told(0, "restarts") == 1 && told(0, "pid");
}

/* The kernel may tell of its end before it tells of what it sent. */
static void what_a_child_hands_over_as_it_dies_is_held(void **state)
{
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	keeper->notify_watch = mem_deref(keeper->notify_watch);
	kill((pid_t)told(0, "pid"), SIGHUP);
	assert_true(run_until(a_is_started_again));
	assert_int_equal(told(0, "descriptors"), 2);
	stop_keeper();
}

static void children_can_do_nothing_privileged_but_ask(void **state)
{
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	const char *line = report();
	assert_non_null(strstr(line, "caps=0000000000000000"));
	assert_non_null(strstr(line, "locked=1 ping=0 unknown=1 let-go=1"));
	if (!geteuid())
		assert_non_null(strstr(line, "bound=0000000000000000"));
	stop_keeper();
}

static void restart_gives_a_new_process(void **state)
{
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	json_int_t a = told(0, "pid");
	assert_int_equal(keeper_restart(keeper, "child-c"), -ENOENT);
	assert_int_equal(keeper_restart(keeper, "child-a"), 0);
	assert_true(run_until(a_has_restarted));
	assert_int_not_equal(told(0, "pid"), a);
	stop_keeper();
}

static bool descriptors_are_back(void)
{
	return told(0, "descriptors") == 1 && told(1, "descriptors") == 1;
}

static void a_new_keeper_takes_over_what_runs(void **state)
{
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	json_int_t a = told(0, "pid"), b = told(1, "pid");
	keeper = mem_deref(keeper); /* as when it is killed: the children go on */
	ready = false;
	assert_int_equal(kill((pid_t)a, 0), 0);
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	assert_int_equal(told(0, "pid"), a);
	assert_int_equal(told(1, "pid"), b);
	assert_true(run_until(descriptors_are_back)); /* they find the new keeper and hand them over again */
	kill((pid_t)a, SIGKILL);
	assert_true(run_until(a_has_restarted));
	assert_non_null(strstr(report(), "child-a found=kept-by-child-a"));
	assert_int_equal(told(1, "pid"), b);
	stop_keeper();
	assert_int_equal(kill((pid_t)b, 0), -1);
}

static const struct keeper_child with_stubborn[] = {
	{"stubborn", program, "stubborn.sock", false},
	{"child-b", program, "child-b.sock", false},
	{0},
};

static void one_that_does_not_end_is_killed(void **state)
{
	assert_int_equal(open_keeper(with_stubborn, 200), 0);
	assert_true(run_until(is_ready));
	uint64_t before = clock_ms();
	stop_keeper();
	assert_in_range(clock_ms() - before, 200, 5000);
	json_t *all = keeper_json(keeper);
	assert_string_equal(json_string_value(json_object_get(json_array_get(all, 0), "last_end")), "signal 9 (Killed)");
	assert_string_equal(json_string_value(json_object_get(json_array_get(all, 1), "last_end")), "exit 0");
	json_decref(all);
}

static void an_impatient_operator_is_obeyed(void **state)
{
	assert_int_equal(open_keeper(with_stubborn, 60000), 0);
	assert_true(run_until(is_ready));
	keeper_stop(keeper);
	keeper_kill(keeper);
	assert_true(run_until(is_ended));
	assert_int_equal(told(0, "pid") + told(1, "pid"), 0);
}

static unsigned terminations;

static void on_terminate(void *arg)
{
	terminations++;
}

/* A child of which the keeper's handlers are still the child's own is sent the signal too: the keeper must not take it for its own. */
static void a_child_told_to_end_as_it_starts_tells_nobody(void **state)
{
	assert_int_equal(loop_signal(SIGTERM, on_terminate, NULL), 0);
	terminations = 0;
	for (int i = 0; i < 50; i++) {
		ended = false;
		assert_int_equal(open_keeper(two, 5000), 0);
		stop_keeper();
		keeper = mem_deref(keeper);
	}
	assert_int_equal(terminations, 0);
}

static const struct keeper_child with_broken[] = {
	{"broken", program, "broken.sock", false},
	{"child-b", program, "child-b.sock", false},
	{0},
};

static bool b_is_ready_and_a_tried_often(void)
{
	return is_in_state(1, "ready") && told(0, "restarts") >= 5;
}

static void one_that_keeps_dying_backs_off_and_holds_nobody_up(void **state)
{
	FILE *was = stderr;
	stderr = fopen("/dev/null", "w"); /* each death is logged */
	uint64_t before = clock_ms();
	assert_int_equal(open_keeper(with_broken, 5000), 0);
	bool met = run_until(b_is_ready_and_a_tried_often);
	fclose(stderr);
	stderr = was;
	assert_true(met);
	assert_true(clock_ms() - before >= 20 + 40 + 80 + 160);
	assert_false(ready);
	stop_keeper();
}

static void strangers_are_not_served(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char byte;
	assert_int_equal(open_keeper(two, 5000), 0);
	assert_true(run_until(is_ready));
	json_int_t a = told(0, "pid");
	snprintf(un.sun_path, sizeof un.sun_path, "%s/notify.sock", dir);
	setenv("NOTIFY_SOCKET", un.sun_path, 1);
	assert_int_equal(fdstore_put("planted", 0), 0);
	unsetenv("NOTIFY_SOCKET");
	snprintf(un.sun_path, sizeof un.sun_path, "%s/request.sock", dir);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
	kill((pid_t)a, SIGKILL);
	assert_true(run_until(a_has_restarted));
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0); /* closed, unanswered */
	assert_int_equal(told(0, "descriptors") + told(1, "descriptors"), 2);
	close(fd);
	fdstore_remove("planted");
	stop_keeper();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_killed_child_gets_its_descriptors_back, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_has_run_well_is_started_again_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_child_hands_over_as_it_dies_is_held, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_runs_while_it_is_wanted, setup, teardown),
		cmocka_unit_test_setup_teardown(children_can_do_nothing_privileged_but_ask, setup, teardown),
		cmocka_unit_test_setup_teardown(restart_gives_a_new_process, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_keeper_takes_over_what_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_does_not_end_is_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(an_impatient_operator_is_obeyed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_told_to_end_as_it_starts_tells_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_keeps_dying_backs_off_and_holds_nobody_up, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_are_not_served, setup, teardown),
	};
	if (getenv("TANDEM_KEEP"))
		return run_child(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
