// SPDX-License-Identifier: GPL-3.0-or-later
/* Calls across a restart: each is left as it is at some step, and what the next process makes of it is seen by parties and gateway. */
#include "base/log.h"
#include "fakes.h"
#include "hex.h"
#include "old_records.h"
#include "callagent/call_priv.h"
#include <time.h>

static const char *const tables[] = {"calls", NULL};
static char dir[] = "/tmp/tandem-call-save-XXXXXX";
static struct store *store;
static struct calls calls;
static struct mgcp_gw *gw;
static struct call *call;
static struct leg *a, *b1, *b2;

static struct mgcp_gw *the_gateway(void *arg, struct slice name)
{
	return slice_eq(name, SLICE("fake")) ? gw : NULL;
}

static int party_restore(struct leg **ret, enum side side, const char *target, struct slice record, void *arg)
{
	struct leg *l = party_new(NULL, side, AF_INET);
	struct party *p = l ? container_of(l, struct party, leg) : NULL;
	int err = p ? slice_copy(record, p->kept, sizeof(p->kept)) : -ENOMEM;
	if (err) {
		mem_deref(l);
		return err == -ENOMEM ? err : -EBADMSG;
	}
	p->name = p->kept;
	*ret = l;
	return 0;
}

static const struct leg_maker makers[] = {{"fake", party_restore, NULL}, {0}};
static const struct calls_past *past(void)
{
	static struct calls_past p;
	p = (struct calls_past){.store = store, .makers = makers, .gateway = the_gateway};
	return &p;
}

static void begin(void)
{
	calls = (struct calls){.silence_s = 30, .longest_ms = 60000, .ring_ms = 20000};
	calls_init(&calls);
	list_init(&conns);
	said[0] = '\0';
	call = NULL;
}

static int setup(void **state)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir) || store_open(&store, dir, tables, 32 << 20))
		return -1;
	gw = mem_alloc(sizeof(*gw), NULL);
	conns_made = 0;
	gateway_err = 0;
	gateway_err_from = 0;
	begin();
	return calls_restore(&calls, past());
}

static int teardown(void **state)
{
	char command[128];
	calls_fini(&calls);
	mem_deref(gw);
	mem_deref(store);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || !list_empty(&conns);
}

/* The process dies, and the next one has taken over. */
static void restart(void)
{
	struct call *c;
	calls_save(&calls);
	calls.store = NULL; /* nothing of what follows reaches the next process */
	list_foreach(c, &calls.all, link)
		for (unsigned i = 0; i < c->n_groups; i++)
			media_end(c->group[i], NULL, NULL);
	calls_fini(&calls);
	store_flush(store);
	begin();
	assert_int_equal(calls_restore(&calls, past()), 0);
	call = list_empty(&calls.all) ? NULL : container_of(list_first(&calls.all), struct call, link);
	a = call ? call->a : NULL;
	b1 = call && !list_empty(&call->legs) ? container_of(list_first(&call->legs), struct leg, link) : NULL;
}

static int count(struct slice key, struct slice value, void *arg)
{
	++*(unsigned *)arg;
	return 0;
}

static unsigned records(void)
{
	unsigned n = 0;
	calls_save(&calls);
	store_flush(store);
	store_load(store, 0, count, &n);
	return n;
}

static void make_call(unsigned called)
{
	assert_int_equal(call_new(&call, &calls, gw), 0);
	a = party_new("a", SIDE_A, AF_INET);
	b1 = party_new("b1", SIDE_B, AF_INET);
	assert_int_equal(call_add_leg(call, a), 0);
	assert_int_equal(call_add_leg(call, b1), 0);
	if (called > 1) {
		b2 = party_new("b2", SIDE_B, AF_INET);
		assert_int_equal(call_add_leg(call, b2), 0);
	}
	call_start(call, &(struct leg_news){.sdp = sdp("192.0.2.1", AUDIO(4000))});
}

static void answered_call(void)
{
	make_call(1);
	gateway_answers();
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	said[0] = '\0';
}

static void assert_over(void)
{
	gateway_answers();
	assert_int_equal(calls_count(&calls), 0);
	assert_true(list_empty(&conns));
	assert_int_equal(records(), 0);
	restart();
	assert_null(call);
}

#define ADOPTED "gw: adopt 1 on rtpbridge/1\ngw: adopt 2 on rtpbridge/1\n"

static void an_answered_call_goes_on(void **state)
{
	answered_call();
	int64_t answered = call->cdr.answer;
	char id[sizeof(call->id)];
	memcpy(id, call->id, sizeof(id));
	clock_test_advance(50000);
	restart();
	assert_said(ADOPTED);
	assert_non_null(call);
	assert_string_equal(call->id, id);
	assert_true(call->cdr.answer == answered && calls.live == 1);
	assert_string_equal(b1->object + 14, "leg b1");
	/* Hold: our description of it has the number after the last one, with the ports there were. */
	uint64_t version = b1->origin.version;
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
	assert_said("b1: reoffer 20004/sendonly\n");
	assert_true(b1->origin.version == version + 1);
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
	gateway_answers();
	assert_said("gw: mdcx 1 recvonly arm 2\ngw: mdcx 2 sendonly arm 3\na: reply 200 20002/recvonly\n");
	restart();
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_said(ADOPTED "a: release\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* Somebody has taken a place, and the one who stays has not been told yet, or not answered. */
static void who_has_to_follow_is_told_again(void **state)
{
	answered_call();
	call_reoffer_follow(a, a->said);
	assert_said("b1: reoffer 20004\n");
	call_on_changed(a);
	restart();
	assert_said(ADOPTED "b1: reoffer 20004\n");
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	restart();
	assert_non_null(call);
	assert_null(strstr(said, "reoffer"));
	news(call_on_closed, b1, 0, SLICE_NONE);
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void the_longest_time_counts_on(void **state)
{
	answered_call();
	call->answered -= 59000; /* 59 of 60 seconds have gone */
	call_on_changed(a);
	restart();
	said[0] = '\0';
	clock_test_advance(500);
	assert_said("");
	clock_test_advance(600);
	assert_said("a: release 503\nb1: release 503\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
}

/* Whatever is not answered ends, and all who know of it are told. */
static void a_ringing_call_ends(void **state)
{
	make_call(2);
	gateway_answers();
	news(call_on_progress, b1, 180, SLICE_NONE);
	restart();
	assert_said(ADOPTED "a: release 503\nb1: release 503\nb2: release 503\ngw: dlcx 1\ngw: dlcx 2\n");
	assert_string_equal(call->cdr.released_by, "restart");
	assert_true(call->cdr.status == 503 && call->cdr.cause == 41 && !call->cdr.answer && !calls.live);
	b2 = container_of(b1->link.next, struct leg, link);
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	/* Killed again, halfway: those that are over are not told twice. */
	restart();
	assert_said(ADOPTED "b2: release 503\ngw: dlcx 1\ngw: dlcx 2\n");
	assert_string_equal(b1->object + 14, "leg b2");
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
}

static void a_call_without_ports_yet_ends(void **state)
{
	make_call(1);
	restart();
	assert_said("a: release 503\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void an_answer_that_was_not_told_is_none(void **state)
{
	make_call(1);
	gateway_answers();
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	restart();
	assert_said(ADOPTED "a: release 503\nb1: release 503\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
}

static void offer_in_the_answer(void **state)
{
	assert_int_equal(call_new(&call, &calls, gw), 0);
	assert_int_equal(call_add_leg(call, a = party_new("a", SIDE_A, AF_INET)), 0);
	assert_int_equal(call_add_leg(call, b1 = party_new("b1", SIDE_B, AF_INET)), 0);
	call_start(call, &(struct leg_news){0});
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	restart();
	said[0] = '\0';
	/* The caller's answer to it comes to the next process. */
	news(call_on_confirmed, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_non_null(strstr(said, "b1: confirm "));
	call_end(call, CALL_BY_OPERATOR, &(struct leg_news){0});
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
}

static void without_its_gateway_it_ends(void **state)
{
	answered_call();
	struct mgcp_gw *there = gw;
	gw = NULL;
	restart();
	assert_said("a: release 503\nb1: release 503\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
	gw = there;
}

static struct buf record;
static char record_id[32];

static int keep(struct slice key, struct slice value, void *arg)
{
	slice_copy(key, record_id, sizeof(record_id));
	buf_reset(&record);
	buf_slice(&record, value);
	return 1;
}

static void take_record(void)
{
	answered_call();
	calls_save(&calls);
	store_flush(store);
	assert_int_equal(store_load(store, 0, keep, NULL), 1);
	call_end(call, CALL_BY_OPERATOR, &(struct leg_news){0});
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
}

static void old_call_goes_on(void)
{
	store_put(store, 0, slice_str(call_record_1_id), buf_text(&record));
	restart();
	assert_non_null(call);
	assert_int_equal(call->state, CALL_ACTIVE);
	assert_string_equal(call->cdr.codec, "PCMU");
	assert_said("gw: adopt 1 on rtpbridge/1\ngw: adopt 2 on rtpbridge/1\n");
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_said("a: release\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* What the earlier formats said is understood, whatever has been added since. */
static void records_of_earlier_formats_go_on(void **state)
{
	buf_reset(&record);
	add_hex(&record, call_record_1);
	assert_int_equal(record.p[0], 1);
	old_call_goes_on();
	struct buf head = buf_growing();
	add_hex(&head, call_record_2_head);
	memcpy(record.p, head.p, head.len);
	buf_reset(&head);
	old_call_goes_on();
	record.p[record.len - 1]++;
	store_put(store, 0, slice_str(call_record_1_id), buf_text(&record));
	restart();
	assert_null(call);
	buf_reset(&record);
}

/* Whoever goes back to an older program loses the call, not the program. */
static void a_record_of_a_newer_format_is_refused(void **state)
{
	take_record();
	record.p[0]++;
	store_put(store, 0, slice_str(record_id), buf_text(&record));
	restart();
	assert_null(call);
	assert_int_equal(records(), 0);
	buf_reset(&record);
}

/* Whatever bytes there are: nothing of a record that is not as it was written is believed. */
static void damaged_records_are_refused(void **state)
{
	take_record();
	for (size_t n = 0; n < record.len; n += 1 + n / 40) {
		store_put(store, 0, slice_str(record_id), slice_of(record.p, n));
		restart();
		assert_null(call);
		record.p[n] ^= 0x41;
		store_put(store, 0, slice_str(record_id), buf_text(&record));
		restart();
		assert_null(call);
		record.p[n] ^= 0x41;
	}
	assert_int_equal(records(), 0);
	buf_reset(&record);
}

static void a_thousand_are_back_at_once(void **state)
{
	struct timespec from, to;
	take_record();
	for (unsigned i = 0; i < 1000; i++) {
		char key[17];
		snprintf(key, sizeof(key), "%016x", i);
		store_put(store, 0, slice_str(key), buf_text(&record));
	}
	store_flush(store);
	calls_fini(&calls);
	begin();
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	assert_int_equal(calls_restore(&calls, past()), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	assert_int_equal(calls_count(&calls), 1000);
	assert_true(ms < 1000); /* of the processor, with the sanitizers in; without, a tenth */
	buf_reset(&record);
}

static void body(void *arg)
{
	calls = (struct calls){.longest_ms = 60000};
	int err = calls_init(&calls);
	if (!err)
		err = store_put(store, 0, slice_str(record_id), buf_text(&record));
	store_flush(store);
	if (!err)
		err = calls_restore(&calls, past());
	assert_true(err == 0 || err == -ENOMEM);
	said[0] = '\0';
	calls_fini(&calls);
	store_flush(store);
}

static void memory_runs_out(void **state)
{
	take_record();
	calls_fini(&calls);
	log_set_level(LOG_LEVEL_ERROR);
	body(NULL);
	each_allocation_fails(body, NULL);
	buf_reset(&record);
	begin();
}

#define SAVE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAVE_TEST(an_answered_call_goes_on),
		SAVE_TEST(who_has_to_follow_is_told_again),
		SAVE_TEST(the_longest_time_counts_on),
		SAVE_TEST(a_ringing_call_ends),
		SAVE_TEST(a_call_without_ports_yet_ends),
		SAVE_TEST(an_answer_that_was_not_told_is_none),
		SAVE_TEST(offer_in_the_answer),
		SAVE_TEST(without_its_gateway_it_ends),
		SAVE_TEST(records_of_earlier_formats_go_on),
		SAVE_TEST(a_record_of_a_newer_format_is_refused),
		SAVE_TEST(damaged_records_are_refused),
		SAVE_TEST(a_thousand_are_back_at_once),
		SAVE_TEST(memory_runs_out),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
