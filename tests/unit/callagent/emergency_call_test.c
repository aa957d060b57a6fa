// SPDX-License-Identifier: GPL-3.0-or-later
/* What is different with emergency calls while they last. */
#include "base/alarm.h"
#include "base/log.h"
#include "fakes.h"
#include "callagent/callbacks.h"
#include "callagent/emergency_call.h"

#define PCMU "m=audio 4000 RTP/AVP 0\r\n"

static struct calls calls;
static struct mgcp_gw *gw;

static int setup(void **state)
{
	calls = (struct calls){.longest_ms = 60000, .ring_ms = 20000};
	list_init(&conns);
	said[0] = '\0';
	gw = mem_alloc(sizeof(*gw), NULL);
	return calls_init(&calls) ?: callbacks_new(&calls.callbacks, NULL, 0);
}

static int teardown(void **state)
{
	calls_fini(&calls);
	mem_deref(calls.callbacks);
	mem_deref(gw);
	alarm_reset();
	return 0;
}

/* A call that rings; as an emergency call when `e` says so. */
static struct call *ring(const char *source, const char *target, const struct emergency *e)
{
	struct call *c;
	struct leg *a = party_new("a", SIDE_A, AF_INET), *b = party_new("b", SIDE_B, AF_INET);
	assert_int_equal(call_new(&c, &calls, gw), 0);
	assert_int_equal(call_add_leg(c, a), 0);
	assert_int_equal(call_set_party(c, SIDE_A, slice_str(source)), 0);
	assert_int_equal(call_add_leg(c, b), 0);
	CDR_SET(b->target, slice_str(target));
	assert_int_equal(call_set_party(c, SIDE_B, slice_str(target)), 0);
	if (e)
		emergency_began(c, e);
	call_start(c, &(struct leg_news){.sdp = sdp("192.0.2.1", PCMU)});
	gateway_answers();
	return c;
}

static void end(struct call *c)
{
	call_end(c, CALL_BY_CALLER, &(struct leg_news){.status = 487});
	gateway_answers();
}

static bool alarmed(void)
{
	json_t *all = alarm_json(), *a;
	size_t i;
	bool on = false;
	json_array_foreach(all, i, a)
		on |= !strcmp(json_string_value(json_object_get(a, "name")), "emergency-call") && !json_integer_value(json_object_get(a, "cleared"));
	json_decref(all);
	return on;
}

static const struct emergency help = {.kind = EMERGENCY_CALL}, test = {.kind = EMERGENCY_TEST};

static void the_alarm_is_on_as_long_as_any(void **state)
{
	struct call *one = ring("alice", "psap", &help), *other = ring("bob", "psap", &help);
	assert_true(alarmed());
	assert_int_equal(one->cdr.emergency, EMERGENCY_CALL);
	end(one);
	assert_true(alarmed());
	end(other);
	assert_false(alarmed());
}

static void a_test_is_no_alarm(void **state)
{
	struct call *c = ring("alice", "psap", &test);
	assert_false(alarmed());
	assert_int_equal(c->cdr.emergency, EMERGENCY_TEST);
	assert_false(emergency_engages(&calls, "alice", "bob"));
	end(c);
	assert_false(callbacks_expected(calls.callbacks, "alice", "psap"));
}

static void one_that_was_given_up_is_called_back_too(void **state)
{
	end(ring("alice", "psap", &help));
	assert_true(callbacks_expected(calls.callbacks, "alice", "psap"));
	end(ring("bob", "psap", NULL));
	assert_false(callbacks_expected(calls.callbacks, "bob", "psap"));
}

static void nobody_else_calls_meanwhile(void **state)
{
	struct call *c = ring("alice", "psap", &help);
	assert_true(emergency_engages(&calls, "alice", "bob"));
	assert_true(emergency_engages(&calls, "alice", "carrier"));
	assert_false(emergency_engages(&calls, "alice", "psap"));
	assert_false(emergency_engages(&calls, "bob", "alice"));
	end(c);
	assert_false(emergency_engages(&calls, "alice", "bob"));
}

static void the_newest_call_that_is_none_makes_room(void **state)
{
	struct call *first = mem_ref(ring("alice", "psap", NULL)), *second = mem_ref(ring("psap", "bob", NULL));
	ring("carol", "psap", &help);
	ring("dave", "carrier", NULL);
	assert_true(emergency_preempt(&calls, "psap"));
	assert_true(second->state >= CALL_ENDING);
	assert_int_equal(second->cdr.cause, 8);
	assert_true(first->state < CALL_ENDING);
	assert_true(emergency_preempt(&calls, "psap"));
	assert_false(emergency_preempt(&calls, "psap"));
	assert_true(first->state >= CALL_ENDING);
	gateway_answers();
	mem_deref(second);
	mem_deref(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_alarm_is_on_as_long_as_any, setup, teardown),
		cmocka_unit_test_setup_teardown(a_test_is_no_alarm, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_was_given_up_is_called_back_too, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_else_calls_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_call_that_is_none_makes_room, setup, teardown),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
