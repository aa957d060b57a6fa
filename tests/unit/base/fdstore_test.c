// SPDX-License-Identifier: GPL-3.0-or-later
/* The daemon's half of the descriptor store, against a keeper played here. */
#include "unit.h"
#include "base/fdstore.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char notify_path[64], request_path[64];

static int unix_socket(const char *path, int type)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	return fd;
}

static int set_paths(void **state)
{
	snprintf(notify_path, sizeof notify_path, "/tmp/base-fd-%d.notify", (int)getpid());
	snprintf(request_path, sizeof request_path, "/tmp/base-fd-%d.request", (int)getpid());
	return 0;
}

static int clean(void **state)
{
	unlink(notify_path);
	unlink(request_path);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("TANDEM_KEEP");
	return 0;
}

/* Runs `fn` in a process of its own, because what it was handed at start is read once. */
static void in_a_process(void (*fn)(void))
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define check(condition)                                                   \
	do {                                                               \
		if (!(condition)) {                                        \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			_exit(1);                                          \
		}                                                          \
	} while (0)

static void pretend_handed_over(const char *names, int n)
{
	char text[16];
	for (int i = 0; i < n; i++) {
		int p[2];
		check(!pipe(p));
		check(dup2(p[0], 3 + i + 10) >= 0); /* out of the way of what pipe() takes */
		close(p[0]);
		close(p[1]);
	}
	for (int i = 0; i < n; i++) {
		check(dup2(13 + i, 3 + i) >= 0);
		close(13 + i);
	}
	snprintf(text, sizeof text, "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof text, "%d", n);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

static void taken_by_name(void)
{
	pretend_handed_over("sip-4:sip-6:mgcp", 3);
	check(fdstore_take("mgcp") == 5);
	check(fdstore_take("mgcp") == -1);
	check(fdstore_take("other") == -1);
	check(fcntl(5, F_GETFD) == FD_CLOEXEC);
	check(!strcmp(fdstore_waiting(), "sip-4"));
	check(fdstore_take("sip-4") == 3);
	check(!getenv("LISTEN_FDS"));
	fdstore_close_rest();
	check(fdstore_waiting() == NULL);
	check(fcntl(4, F_GETFD) == -1 && errno == EBADF);
	check(fcntl(3, F_GETFD) >= 0);
}

static void meant_for_another(void)
{
	pretend_handed_over("a", 1);
	setenv("LISTEN_PID", "1", 1);
	check(fdstore_take("a") == -1);
	check(fcntl(3, F_GETFD) >= 0); /* not ours to touch */
}

/* Nothing of it stays open: a telephone channel of which a copy does is busy for ever. */
static void taken_as_it_waits(void)
{
	int ends[2], fd;
	char byte;
	pretend_handed_over("tdm-1", 1);
	check(!pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	check(dup2(ends[1], 3) == 3);
	close(ends[1]);
	check((fd = fdstore_take(fdstore_waiting())) == 3);
	fdstore_remove("tdm-1");
	close(fd);
	check(read(ends[0], &byte, 1) == 0);
}

static void descriptors_are_taken_by_name_and_once(void **state)
{
	in_a_process(taken_as_it_waits);
	in_a_process(taken_by_name);
	in_a_process(meant_for_another);
}

static void without_a_keeper_nothing_happens(void **state)
{
	json_t *request = json_pack("{s:s}", "do", "ping"), *reply = NULL;
	assert_int_equal(fdstore_put("x", 0), 0);
	fdstore_remove("x");
	fdstore_notify("READY=1");
	assert_int_equal(keep_request(request, &reply, NULL, NULL), -ENOTCONN);
	assert_null(reply);
	assert_int_equal(fdstore_reconnect(), -ENOTCONN);
	assert_int_equal(fdstore_put("a:b", 0), -EINVAL);
	json_decref(request);
}

/* A keeper that dies over the question, a while later one that answers. */
static void two_keepers(void)
{
	char text[256];
	int listener = unix_socket(request_path, SOCK_SEQPACKET);
	listen(listener, 1);
	int c = accept(listener, NULL, NULL);
	recv(c, text, sizeof text, 0);
	close(c);
	close(listener);
	unlink(request_path);
	usleep(100000);
	listener = unix_socket(request_path, SOCK_SEQPACKET);
	listen(listener, 1);
	c = accept(listener, NULL, NULL);
	recv(c, text, sizeof text, 0);
	send(c, "{\"errno\":0}", 11, 0);
	_exit(0);
}

static void ask_while_starting(void)
{
	json_t *request = json_pack("{s:s}", "do", "open"), *reply = NULL;
	unlink(request_path);
	setenv("TANDEM_KEEP", request_path, 1);
	if (!fork())
		two_keepers();
	check(keep_request(request, &reply, NULL, NULL) == 0);
	check(reply);
}

/* Whether it gets its privileges decides how a daemon works for good: while it starts it waits for the next keeper. */
static void a_starting_daemon_waits_for_its_keeper(void **state)
{
	in_a_process(ask_while_starting);
}

static void receive(int fd, char *text, size_t size, int *passed)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {text, size - 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	assert_true(n >= 0);
	text[n] = '\0';
	*passed = -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c)
		memcpy(passed, CMSG_DATA(c), sizeof *passed);
}

static bool same_file(int a, int b)
{
	struct stat x, y;
	return !fstat(a, &x) && !fstat(b, &y) && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void what_is_put_reaches_the_keeper_and_its_successor(void **state)
{
	char text[256];
	int fd, p[2], notify = unix_socket(notify_path, SOCK_DGRAM);
	assert_int_equal(pipe(p), 0);
	setenv("NOTIFY_SOCKET", notify_path, 1);
	setenv("TANDEM_KEEP", request_path, 1);
	assert_int_equal(fdstore_put("media", p[0]), 0);
	receive(notify, text, sizeof text, &fd);
	assert_string_equal(text, "FDSTORE=1\nFDNAME=media");
	assert_true(same_file(fd, p[0]));
	close(fd);
	fdstore_put("gone", p[1]);
	receive(notify, text, sizeof text, &fd);
	close(fd);
	fdstore_remove("gone");
	receive(notify, text, sizeof text, &fd);
	assert_string_equal(text, "FDSTOREREMOVE=1\nFDNAME=gone");
	fdstore_put("late", p[1]);
	receive(notify, text, sizeof text, &fd);
	close(fd);
	close(notify);

	fdstore_remove("late"); /* its successor has it from its own keeper */
	assert_int_equal(fdstore_reconnect(), -ENOENT); /* nobody is there yet */
	notify = unix_socket(notify_path, SOCK_DGRAM);
	int listener = unix_socket(request_path, SOCK_SEQPACKET);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(fdstore_reconnect(), 0);
	receive(notify, text, sizeof text, &fd);
	assert_string_equal(text, "FDSTOREREMOVE=1\nFDNAME=late");
	receive(notify, text, sizeof text, &fd);
	assert_string_equal(text, "FDSTORE=1\nFDNAME=media");
	assert_true(same_file(fd, p[0]));
	close(fd);
	receive(notify, text, sizeof text, &fd);
	assert_string_equal(text, "READY=1");
	fdstore_remove("media");
	close(notify);
	close(listener);
	close(p[0]);
	close(p[1]);
}

/* A keeper that answers one request on each connection, the first connection after closing one unanswered. */
static void play_keeper(int listener, const char *answer, int pass)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, text[256];
	int c = accept(listener, NULL, NULL);
	if (recv(c, text, sizeof text, 0) <= 0)
		_exit(1);
	struct iovec iov = {(char *)(uintptr_t)answer, strlen(answer)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	if (pass >= 0) {
		m.msg_control = control;
		m.msg_controllen = sizeof control;
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		*h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof pass)};
		memcpy(CMSG_DATA(h), &pass, sizeof pass);
	}
	_exit(sendmsg(c, &m, 0) < 0);
}

static int asked(const char *answer, int pass, json_t **reply, int *fd, unsigned *n)
{
	json_t *request = json_pack("{s:s}", "do", "open");
	int listener = unix_socket(request_path, SOCK_SEQPACKET);
	assert_int_equal(listen(listener, 1), 0);
	setenv("TANDEM_KEEP", request_path, 1);
	fflush(NULL);
	pid_t pid = fork();
	if (!pid)
		play_keeper(listener, answer, pass);
	close(listener);
	assert_int_equal(fdstore_reconnect(), 0);
	int err = keep_request(request, reply, fd, n);
	waitpid(pid, NULL, 0);
	json_decref(request);
	return err;
}

static void a_request_brings_an_answer_and_descriptors(void **state)
{
	json_t *reply;
	int fd = -1, p[2];
	unsigned n = 1;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(asked("{\"errno\":0,\"x\":5}", p[1], &reply, &fd, &n), 0);
	assert_int_equal(json_integer_value(json_object_get(reply, "x")), 5);
	assert_int_equal(n, 1);
	assert_true(same_file(fd, p[1]));
	json_decref(reply);
	close(fd);
	n = 1;
	assert_int_equal(asked("{\"errno\":-1,\"error\":\"no\"}", -1, &reply, &fd, &n), -EPERM);
	assert_string_equal(json_string_value(json_object_get(reply, "error")), "no");
	assert_int_equal(n, 0);
	json_decref(reply);
	assert_int_equal(asked("rubbish", p[1], &reply, &fd, &n), -EPROTO);
	assert_null(reply);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors_are_taken_by_name_and_once, set_paths, clean),
		cmocka_unit_test_setup_teardown(a_starting_daemon_waits_for_its_keeper, set_paths, clean),
		cmocka_unit_test_setup_teardown(without_a_keeper_nothing_happens, set_paths, clean),
		cmocka_unit_test_setup_teardown(what_is_put_reaches_the_keeper_and_its_successor, set_paths, clean),
		cmocka_unit_test_setup_teardown(a_request_brings_an_answer_and_descriptors, set_paths, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
