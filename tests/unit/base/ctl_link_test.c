// SPDX-License-Identifier: GPL-3.0-or-later
/* The asking side that never waits, against the serving side in the same loop. */
#include "unit.h"
#include "base/ctl.h"
#include "base/ctl_link.h"
#include "base/loop.h"
#include "base/timer.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/ctl_link.XXXXXX", path[64];
static struct ctl *ctl;
static struct ctl_link *link_;
static char said[512];
static struct timer limit, later;

static void say(const char *what)
{
	strncat(said, what, sizeof(said) - strlen(said) - 1);
	strncat(said, " ", sizeof(said) - strlen(said) - 1);
}

/* --- the server ----------------------------------------------------------------------------------------------------- */

static int echo(void *arg, json_t *args, json_t **result, struct buf *why)
{
	*result = json_incref(args);
	return 0;
}

static int refuse(void *arg, json_t *args, json_t **result, struct buf *why)
{
	buf_str(why, "not-today");
	return -EPERM;
}

static const struct ctl_verb verbs[] = {{"echo", "says it back", echo, NULL, NULL}, {"refuse", "refuses", refuse, NULL, NULL}, {0}};

static void serve(void *arg)
{
	assert_int_equal(ctl_listen(&ctl, path, -1, verbs, NULL), 0);
}

static void publish(void *arg)
{
	ctl_publish(ctl, "news", json_pack("{s:s}", "text", "hear"));
}

/* --- the client ------------------------------------------------------------------------------------------------------ */

static void on_answer(void *arg, const json_t *result, const char *why)
{
	say(arg);
	say(result ? json_string_value(json_object_get(result, "text")) : why);
	if (!strcmp(arg, "second"))
		timer_start(&later, 1, publish, NULL);
}

static void on_up(void *arg)
{
	say("up");
	assert_int_equal(ctl_link_ask(link_, "subscribe", json_pack("{s:s}", "topic", "news"), NULL, NULL), 0);
	assert_int_equal(ctl_link_ask(link_, "echo", json_pack("{s:s}", "text", "hello"), on_answer, "first"), 0);
	assert_int_equal(ctl_link_ask(link_, "refuse", NULL, on_answer, "second"), 0);
}

static void on_down(void *arg, const char *why)
{
	say("down");
	if (!ctl)
		timer_start(&later, 1, serve, NULL);
	else
		loop_stop();
}

static void end_server(void *arg)
{
	ctl_link_ask(link_, "echo", json_pack("{s:s}", "text", "late"), on_answer, "third");
	mem_deref(ctl);
}

static void on_event(void *arg, const char *topic, const json_t *event, unsigned dropped)
{
	say(topic);
	say(json_string_value(json_object_get(event, "text")));
	timer_start(&later, 1, end_server, NULL);
}

static const struct ctl_link_handlers handlers = {.up = on_up, .down = on_down, .event = on_event};

static void on_limit(void *arg)
{
	fail_msg("not in time: %s", said);
}

/* Nobody is there; then somebody, who answers, tells and goes away again with a question open. */
static void asks_and_hears(void **state)
{
	assert_int_equal(loop_init(), 0);
	assert_int_equal(ctl_link_open(&link_, path, 2, &handlers, NULL), 0);
	assert_int_equal(ctl_link_ask(link_, "echo", json_object(), NULL, NULL), -ENOTCONN);
	timer_start(&limit, 20000, on_limit, NULL);
	loop_run();
	timer_stop(&limit);
	assert_string_equal(said, "down up first hello second not-today news hear third the other side has gone down ");
	link_ = mem_deref(link_);
	assert_int_equal(timer_count(), 0);
	loop_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(asks_and_hears)};
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return failed;
}
