// SPDX-License-Identifier: GPL-3.0-or-later
/* Overload control on a made-up processor that has time for so many requests a second. */
#include "unit.h"
#include "base/counter.h"
#include "base/alarm.h"
#include "base/timer.h"
#include "guard/overload.h"
#include "config/schema.h"
#include <errno.h>
#include <stdio.h>

struct rig {
	struct overload *o;
	unsigned capacity; /* requests a second */
	unsigned taken;    /* since the last reading */
	uint64_t read_at;
	unsigned loss;
};

static double occupancy(void *arg)
{
	struct rig *r = arg;
	double s = (double)(clock_ms() - r->read_at) / 1000, share = s > 0 ? r->taken / (s * r->capacity) : 0;
	r->read_at = clock_ms();
	r->taken = 0;
	return share > 1 ? 1 : share;
}

static void changed(void *arg, unsigned loss)
{
	((struct rig *)arg)->loss = loss;
}

static int try_open(struct rig *r, const char *section)
{
	char text[512];
	struct conf *c = NULL;
	struct buf why = buf_growing();
	snprintf(text, sizeof text, "address inside {\n local = {\"192.0.2.1\"}\n}\noverload {\n%s\n}\n", section);
	int err = config_load(&c, "test", text, &why);
	buf_reset(&why);
	if (err)
		return err;
	*r = (struct rig){.capacity = 200, .read_at = clock_ms()};
	err = overload_new(&r->o, &(struct overload_params){.conf = c, .changed = changed, .occupancy = occupancy, .arg = r});
	mem_deref(c);
	return err;
}

static void open_rig(struct rig *r, const char *section)
{
	assert_int_equal(try_open(r, section), 0);
}

static struct sip_msg request(enum sip_method method, const char *to_tag)
{
	return (struct sip_msg){.request = true, .method = method, .to.tag = to_tag ? slice_str(to_tag) : SLICE_NONE};
}

/* `rate` a second of such requests for `s` seconds: how many a second were taken in the last one. */
static unsigned offer(struct rig *r, enum sip_method method, const char *tag, struct overload_request q, unsigned rate, unsigned s)
{
	const struct sip_msg req = request(method, tag);
	unsigned taken = 0, retry;
	for (unsigned n = 0; n < rate * s; n++) {
		if (n * 1000 / rate != (n + 1) * 1000 / rate)
			clock_test_advance((n + 1) * 1000 / rate - n * 1000 / rate);
		if (n == rate * (s - 1))
			taken = 0;
		if (overload_judge(r->o, &req, &q, &retry) == OVERLOAD_TAKE) {
			taken++;
			r->taken++;
		} else {
			assert_true(retry >= 1 && retry <= 15);
		}
	}
	return taken;
}

static const struct overload_request plain = {0};

static void goodput_stays(void **state)
{
	struct rig r;
	open_rig(&r, "occupancy = 90");
	assert_int_equal(offer(&r, SIP_INVITE, NULL, plain, 150, 3), 150);
	assert_int_equal(r.loss, 0);
	unsigned at_two = offer(&r, SIP_INVITE, NULL, plain, 400, 10), at_four = offer(&r, SIP_INVITE, NULL, plain, 800, 10);
	assert_in_range(at_two, 165, 200);
	assert_in_range(at_four, 165, 200);
	assert_in_range(r.loss, 70, 80);
	/* When it is over all is taken again, and soon. */
	assert_int_equal(offer(&r, SIP_INVITE, NULL, plain, 100, 12), 100);
	assert_int_equal(r.loss, 0);
	mem_deref(r.o);
	alarm_reset();
}

static void priorities(void **state)
{
	struct rig r;
	open_rig(&r, "retry-after = 10s");
	offer(&r, SIP_INVITE, NULL, plain, 400, 10);
	assert_true(r.loss >= 40);
	r.capacity = 1000000;
	const struct overload_request emergency = {.emergency = true}, registered = {.registered = true}, controlled = {.controlled = true};
	assert_int_equal(offer(&r, SIP_INVITE, NULL, emergency, 20, 1), 20);
	assert_int_equal(offer(&r, SIP_BYE, "t", plain, 20, 1), 20);
	r.capacity = 200;
	offer(&r, SIP_INVITE, NULL, plain, 400, 10);
	const struct sip_msg refresh = request(SIP_REGISTER, NULL), options = request(SIP_OPTIONS, NULL), invite = request(SIP_INVITE, NULL);
	unsigned retry, taken[4] = {0};
	for (int i = 0; i < 100; i++) {
		taken[0] += overload_judge(r.o, &refresh, &registered, &retry) == OVERLOAD_TAKE;
		taken[1] += overload_judge(r.o, &invite, &plain, &retry) == OVERLOAD_TAKE;
		taken[2] += overload_judge(r.o, &options, &plain, &retry) == OVERLOAD_TAKE;
		taken[3] += overload_judge(r.o, &invite, &controlled, &retry) == OVERLOAD_TAKE;
	}
	assert_true(taken[0] > taken[1] && taken[1] > taken[2] && taken[3] == 100);
	mem_deref(r.o);
	alarm_reset();
}

static void stale(void **state)
{
	struct rig r;
	unsigned retry;
	open_rig(&r, "stale = 500ms");
	const struct sip_msg invite = request(SIP_INVITE, NULL), bye = request(SIP_BYE, "t");
	const struct overload_request late = {.waited_ms = 501}, sos = {.waited_ms = 501, .emergency = true}, just = {.waited_ms = 500};
	assert_int_equal(overload_judge(r.o, &invite, &late, &retry), OVERLOAD_STALE);
	assert_int_equal(overload_judge(r.o, &invite, &sos, &retry), OVERLOAD_TAKE);
	assert_int_equal(overload_judge(r.o, &bye, &late, &retry), OVERLOAD_TAKE);
	assert_int_equal(overload_judge(r.o, &invite, &just, &retry), OVERLOAD_TAKE);
	mem_deref(r.o);
}

/* Somebody else has the processor: all wait, though this process is not busy. */
static void a_queue_that_never_empties(void **state)
{
	struct rig r;
	open_rig(&r, "");
	r.capacity = 1000000;
	offer(&r, SIP_INVITE, NULL, (struct overload_request){.waited_ms = 80}, 200, 2);
	assert_true(r.loss >= 50);
	mem_deref(r.o);
	alarm_reset();
	/* One that had to wait, among many that had not, is none. */
	open_rig(&r, "");
	r.capacity = 1000000;
	const struct sip_msg invite = request(SIP_INVITE, NULL);
	unsigned retry;
	for (int i = 0; i < 10; i++) {
		overload_judge(r.o, &invite, &(struct overload_request){.waited_ms = 80}, &retry);
		offer(&r, SIP_INVITE, NULL, plain, 200, 1);
		assert_int_equal(r.loss, 0);
	}
	mem_deref(r.o);
	alarm_reset();
}

static void ceiling(void **state)
{
	struct rig r;
	open_rig(&r, "control = no\ncalls-per-second = 10");
	clock_test_advance(1000);
	assert_in_range(offer(&r, SIP_INVITE, NULL, plain, 100, 5), 9, 11);
	assert_int_equal(offer(&r, SIP_REGISTER, NULL, plain, 100, 1), 100);
	assert_int_equal(offer(&r, SIP_INVITE, NULL, (struct overload_request){.emergency = true}, 100, 1), 100);
	mem_deref(r.o);
}

static void once(void *arg)
{
	struct rig r;
	if (!try_open(&r, ""))
		mem_deref(r.o);
}

static void without_memory(void **state)
{
	once(NULL);
	each_allocation_fails(once, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goodput_stays), cmocka_unit_test(priorities), cmocka_unit_test(stale),
		cmocka_unit_test(a_queue_that_never_empties), cmocka_unit_test(ceiling), cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
