// SPDX-License-Identifier: GPL-3.0-or-later
/* A server in a forked process, clients here. */
#include "unit.h"
#include "base/ctl.h"
#include "base/loop.h"
#include "base/timer.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64];
static pid_t server;

/* --- the server ---------------------------------------------------------------------------------------------------- */

static struct ctl *ctl;
static struct timer ticker;
static int ticks;

static int echo(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = json_pack("{s:s, s:O?}", "arg", arg, "args", args);
	return 0;
}

static int refuse(void *arg, json_t *args, json_t **result, struct buf *why)
{
	buf_str(why, "not today");
	return -EPERM;
}

static int big(void *arg, json_t *args, json_t **result, struct buf *why)
{
	json_t *all = json_array();
	for (int i = 0; i < 50000; i++)
		json_array_append_new(all, json_sprintf("row number %d of a long answer", i));
	*result = all;
	return 0;
}

/* Rows by tens; each ten are told to the subscribers, too. */
static int rows(void *arg, json_t *args, uint64_t *at, json_t *list)
{
	json_int_t n = json_integer_value(json_object_get(args, "rows"));
	for (int i = 0; i < 10 && *at < (uint64_t)n; i++, ++*at)
		json_array_append_new(list, json_integer((json_int_t)*at));
	if (json_is_true(json_object_get(args, "break")) && *at >= (uint64_t)n)
		return -EIO;
	ctl_publish(ctl, "rows", json_pack("{s:I}", "at", (json_int_t)*at));
	return *at < (uint64_t)n;
}

/* Publishes as many events as asked at once, each of a kilobyte. */
static int burst(void *arg, json_t *args, json_t **result, struct buf *why)
{
	char text[1025];
	memset(text, 'x', 1024);
	text[1024] = '\0';
	for (json_int_t i = json_integer_value(json_object_get(args, "events")); i > 0; i--)
		ctl_publish(ctl, "tick", json_pack("{s:s}", "text", text));
	return 0;
}

static int wanted(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = json_boolean(ctl_wanted(ctl, "tick"));
	return 0;
}

static const struct ctl_verb verbs[] = {
	{"echo", "says it back", echo, "anything", NULL}, {"refuse", "refuses", refuse, NULL, NULL}, {"big", "a long answer", big, NULL, NULL},
	{"wanted", "whether somebody listens", wanted, NULL, NULL}, {"rows", "an answer in rows", NULL, "rows=N", rows}, {0},
};
static const struct ctl_verb more[] = {
	{"burst", "many events", burst, "events=N", NULL}, {"echo", "hidden by the first table", refuse, NULL, NULL}, {0},
};

static void on_tick(void *arg)
{
	timer_start(&ticker, 5, on_tick, NULL);
	if (ctl_wanted(ctl, "count"))
		ctl_publish(ctl, "count", json_pack("{s:i}", "n", ticks++));
}

static void on_terminate(void *arg)
{
	loop_stop();
}

static int serve(int ready)
{
	if (loop_init() || ctl_listen(&ctl, path, -1, verbs, "first") || ctl_add(ctl, more, "second"))
		return 1;
	on_tick(NULL);
	loop_signal(SIGTERM, on_terminate, NULL);
	if (write(ready, "x", 1) != 1)
		return 1;
	loop_run();
	timer_stop(&ticker);
	mem_deref(ctl);
	loop_close();
	return mem_blocks() ? 2 : 0;
}

static int start(void **state)
{
	int ready[2];
	char byte;
	snprintf(path, sizeof path, "/tmp/base-ctl-%d.sock", (int)getpid());
	if (pipe(ready))
		return -1;
	server = fork();
	if (!server)
		_exit(serve(ready[1]));
	close(ready[1]);
	int ok = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return ok ? 0 : -1;
}

/* The server ends, having freed everything and removed its socket. */
static int stop(void **state)
{
	int status;
	kill(server, SIGTERM);
	waitpid(server, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return -1;
	return access(path, F_OK) == 0;
}

/* --- the tests ----------------------------------------------------------------------------------------------------- */

static int connect_server(void)
{
	int fd = ctl_connect(path);
	assert_true(fd >= 0);
	return fd;
}

/* The result of a verb; its error text when it has none. A new reference. */
static json_t *ask(int fd, const char *verb, json_t *args)
{
	json_t *reply = NULL;
	assert_int_equal(ctl_ask(fd, verb, args, &reply), 0);
	json_t *result = json_object_get(reply, "result");
	if (!result)
		result = json_object_get(reply, "error");
	assert_non_null(result);
	json_incref(result);
	json_decref(reply);
	return result;
}

static void assert_says(int fd, const char *verb, json_t *args, const char *want)
{
	json_t *got = ask(fd, verb, args), *expected = json_loads(want, JSON_DECODE_ANY, NULL);
	assert_true(json_equal(got, expected));
	json_decref(got);
	json_decref(expected);
}

static void verbs_are_answered_from_the_first_table_that_has_them(void **state)
{
	int fd = connect_server();
	assert_says(fd, "echo", json_pack("{s:i}", "a", 1), "{\"arg\":\"first\",\"args\":{\"a\":1}}");
	assert_says(fd, "echo", NULL, "{\"arg\":\"first\",\"args\":null}");
	assert_says(fd, "refuse", NULL, "\"not today\"");
	assert_says(fd, "fly", NULL, "\"unknown verb \\\"fly\\\"; \\\"help\\\" lists them\"");
	json_t *help = ask(fd, "help", NULL);
	assert_int_equal(json_array_size(help), 7);
	json_decref(help);
	close(fd);
}

static void the_socket_is_for_owner_and_group(void **state)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void rubbish_is_answered_with_an_error(void **state)
{
	static const char *const lines[] = {"hello\n", "[]\n", "{}\n", "{\"do\":3}\n", "{\"do\":\"echo\",\"args\":[1]}\n", "\"x\"\n", "{\n"};
	int fd = connect_server();
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		json_t *reply = NULL;
		assert_int_equal(send(fd, lines[i], strlen(lines[i]), 0), (ssize_t)strlen(lines[i]));
		assert_int_equal(ctl_next(fd, &reply), 0);
		assert_true(json_is_string(json_object_get(reply, "error")));
		json_decref(reply);
	}
	assert_says(fd, "wanted", NULL, "false"); /* it serves on */
	close(fd);
}

static void a_line_without_end_is_cut_off(void **state)
{
	static char junk[100000];
	int fd = connect_server();
	json_t *line = NULL;
	memset(junk, 'a', sizeof junk);
	for (int i = 0; i < 10 && send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0; i++)
		;
	assert_true(ctl_next(fd, &line) < 0);
	close(fd);
	fd = connect_server();
	assert_says(fd, "wanted", NULL, "false");
	close(fd);
}

static void requests_may_be_pipelined(void **state)
{
	int fd = connect_server();
	struct buf many = buf_growing();
	for (int i = 0; i < 300; i++)
		buf_printf(&many, "{\"id\":%d,\"do\":\"echo\"}\r\n\n", i);
	assert_int_equal(send(fd, many.p, many.len, 0), (ssize_t)many.len);
	buf_reset(&many);
	for (int i = 0; i < 300; i++) {
		json_t *reply;
		assert_int_equal(ctl_next(fd, &reply), 0);
		assert_int_equal(json_integer_value(json_object_get(reply, "id")), i);
		json_decref(reply);
	}
	close(fd);
}

static void a_long_answer_comes_whole(void **state)
{
	int fd = connect_server();
	for (int i = 0; i < 3; i++) {
		json_t *all = ask(fd, "big", NULL);
		assert_int_equal(json_array_size(all), 50000);
		json_decref(all);
	}
	close(fd);
}

static void rows_come_as_one_array(void **state)
{
	int fd = connect_server();
	for (int n = 0; n < 20000; n = 3 * n + 5) {
		json_t *all = ask(fd, "rows", json_pack("{s:i}", "rows", n));
		assert_int_equal(json_array_size(all), n);
		for (int i = 0; i < n; i++)
			assert_int_equal(json_integer_value(json_array_get(all, (size_t)i)), i);
		json_decref(all);
	}
	assert_says(fd, "wanted", NULL, "false");
	close(fd);
}

static void others_are_answered_between_two_rows(void **state)
{
	static const char endless[] = "{\"id\":null,\"do\":\"rows\",\"args\":{\"rows\":1000000000000}}\n";
	int reader = connect_server(), sleeper = connect_server(), other = connect_server();
	char some[100000];
	assert_int_equal(send(reader, endless, strlen(endless), 0), (ssize_t)strlen(endless));
	assert_int_equal(send(sleeper, endless, strlen(endless), 0), (ssize_t)strlen(endless));
	for (int i = 0; i < 100; i++) {
		assert_true(recv(reader, some, sizeof some, 0) > 0);
		assert_says(other, "echo", NULL, "{\"arg\":\"first\",\"args\":null}");
	}
	close(reader); /* in the middle */
	close(sleeper);
	assert_says(other, "wanted", NULL, "false");
	close(other);
}

static void events_wait_for_the_end_of_rows(void **state)
{
	int fd = connect_server();
	json_t *line;
	assert_says(fd, "subscribe", json_pack("{s:s}", "topic", "rows"), "null");
	json_t *all = ask(fd, "rows", json_pack("{s:i}", "rows", 95));
	assert_int_equal(json_array_size(all), 95);
	json_decref(all);
	for (int at = 10; at <= 100; at += 10) {
		assert_int_equal(ctl_next(fd, &line), 0);
		assert_int_equal(json_integer_value(json_object_get(json_object_get(line, "event"), "at")), at < 95 ? at : 95);
		json_decref(line);
	}
	close(fd);
}

static void rows_that_fail_break_the_connection_off(void **state)
{
	int fd = connect_server();
	json_t *reply = NULL;
	assert_int_equal(ctl_ask(fd, "rows", json_pack("{s:i, s:b}", "rows", 100, "break", 1), &reply), -EPIPE);
	close(fd);
}

static void subscribers_get_events_until_they_unsubscribe(void **state)
{
	int fd = connect_server();
	json_t *event;
	assert_says(fd, "unsubscribe", json_pack("{s:s}", "topic", "count"), "\"not subscribed\"");
	assert_says(fd, "subscribe", json_object(), "\"subscribe: args.topic is missing\"");
	assert_says(fd, "subscribe", json_pack("{s:s}", "topic", "count"), "null");
	json_int_t last = -1;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(ctl_next(fd, &event), 0);
		assert_string_equal(json_string_value(json_object_get(event, "topic")), "count");
		json_int_t n = json_integer_value(json_object_get(json_object_get(event, "event"), "n"));
		assert_true(last < 0 || n == last + 1);
		last = n;
		json_decref(event);
	}
	assert_says(fd, "unsubscribe", json_pack("{s:s}", "topic", "count"), "null");
	assert_says(fd, "wanted", NULL, "false");
	close(fd);
}

static void one_that_does_not_read_loses_events_and_is_told(void **state)
{
	int slow = connect_server(), other = connect_server();
	enum { SENT = 4000 };
	assert_says(slow, "subscribe", json_pack("{s:s}", "topic", "tick"), "null");
	assert_says(other, "wanted", NULL, "true");
	assert_says(other, "burst", json_pack("{s:i}", "events", SENT), "null"); /* the server is not held up */
	json_int_t events = 0, dropped = 0;
	while (!dropped) {
		json_t *line;
		assert_int_equal(ctl_next(slow, &line), 0);
		events += json_object_get(line, "event") != NULL;
		dropped = json_integer_value(json_object_get(line, "dropped"));
		json_decref(line);
	}
	assert_true(events > 100 && events < SENT);
	assert_int_equal(events + dropped, SENT);
	close(slow);
	assert_says(other, "burst", json_pack("{s:i}", "events", 10), "null");
	assert_says(other, "wanted", NULL, "false");
	close(other);
}

static void clients_are_limited(void **state)
{
	int fds[80], refused = 0;
	for (int i = 0; i < 80; i++)
		fds[i] = connect_server();
	for (int i = 0; i < 80; i++) {
		json_t *reply = NULL;
		refused += ctl_ask(fds[i], "wanted", NULL, &reply) != 0;
		json_decref(reply);
	}
	for (int i = 0; i < 80; i++)
		close(fds[i]);
	assert_int_equal(refused, 80 - 64);
}

static void a_live_socket_is_not_taken_over(void **state)
{
	struct ctl *second = NULL;
	assert_int_equal(loop_init(), 0);
	assert_int_equal(ctl_listen(&second, path, -1, verbs, NULL), -EADDRINUSE);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	assert_int_equal(ctl_listen(&second, path, -1, verbs, NULL), 0); /* a dead one is */
	mem_deref(second);
	loop_close();
	assert_int_equal(ctl_connect(path), -ENOENT);
	assert_int_equal(start(NULL), 0);
}

static void listen_and_close(void *arg)
{
	struct ctl *c = NULL;
	char own[80];
	snprintf(own, sizeof own, "%s.oom", path);
	int err = ctl_listen(&c, own, -1, verbs, NULL);
	assert_true(err == 0 || err == -ENOMEM);
	if (!err)
		err = ctl_add(c, more, NULL);
	assert_true(err == 0 || err == -ENOMEM);
	if (c)
		ctl_publish(c, "tick", json_object());
	mem_deref(c);
	uv_run(loop_uv(), UV_RUN_NOWAIT); /* libuv frees its handles in the next turn */
}

static void memory_running_out(void **state)
{
	assert_int_equal(loop_init(), 0);
	each_allocation_fails(listen_and_close, NULL);
	loop_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(verbs_are_answered_from_the_first_table_that_has_them, start, stop),
		cmocka_unit_test_setup_teardown(the_socket_is_for_owner_and_group, start, stop),
		cmocka_unit_test_setup_teardown(rubbish_is_answered_with_an_error, start, stop),
		cmocka_unit_test_setup_teardown(a_line_without_end_is_cut_off, start, stop),
		cmocka_unit_test_setup_teardown(requests_may_be_pipelined, start, stop),
		cmocka_unit_test_setup_teardown(a_long_answer_comes_whole, start, stop),
		cmocka_unit_test_setup_teardown(rows_come_as_one_array, start, stop),
		cmocka_unit_test_setup_teardown(others_are_answered_between_two_rows, start, stop),
		cmocka_unit_test_setup_teardown(events_wait_for_the_end_of_rows, start, stop),
		cmocka_unit_test_setup_teardown(rows_that_fail_break_the_connection_off, start, stop),
		cmocka_unit_test_setup_teardown(subscribers_get_events_until_they_unsubscribe, start, stop),
		cmocka_unit_test_setup_teardown(one_that_does_not_read_loses_events_and_is_told, start, stop),
		cmocka_unit_test_setup_teardown(clients_are_limited, start, stop),
		cmocka_unit_test_setup_teardown(a_live_socket_is_not_taken_over, start, stop),
		cmocka_unit_test(memory_running_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
