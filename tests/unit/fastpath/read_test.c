// SPDX-License-Identifier: GPL-3.0-or-later
/* Who is said to relay a stream, and why nothing faster does, for what is known of the ways in and out, the module, and the operator's
 * wishes. Next hops, the module and the clock are played here. */
#include "unit.h"
#include "fastpath/private.h"
#include <errno.h>

#define NOW 5000000000u

enum { HOP_IN, HOP_OUT, HOPS };

static enum tandem_hop_state hops[HOPS];
static enum fp_kmod_state module;

enum tandem_hop_state fp_hop_state(const struct fp_hops *h, uint32_t hop)
{
	return hop < HOPS ? hops[hop] : TANDEM_HOP_FREE;
}

enum fp_kmod_state fp_kmod_state(const struct fp_kmod *k)
{
	return module;
}

uint64_t fp_now_ns(void)
{
	return NOW;
}

void fp_in_read(const struct tandem_slot *s, struct tandem_in *ret, uint32_t *seq)
{
	*ret = s->in;
	*seq = s->in.seq;
}

void fp_out_read(const struct tandem_slot *s, struct tandem_out *ret)
{
	*ret = s->out;
}

void fp_slot_remote(const struct fastpath *fp, uint32_t slot, struct addr *ret)
{
	*ret = (struct addr){0};
}

/* --- the stage: slot 0 receives from HOP_IN and is joined to slot 1, which sends by HOP_OUT --------------------------- */

static struct tandem_slot slots[2];
static int something; /* where only being there counts */
static struct fastpath fp;

static void set(enum tandem_hop_state in, enum tandem_hop_state out, enum fp_kmod_state kmod, enum fp_want want)
{
	memset(slots, 0, sizeof slots);
	hops[HOP_IN] = in;
	hops[HOP_OUT] = out;
	module = kmod;
	fp = (struct fastpath){.slots = slots, .n_slots = 2, .want = want, .n_xdp = 1};
	fp.hops = (struct fp_hops *)(void *)&something;
	fp.kmod = (struct fp_kmod *)(void *)&something;
	slots[0].in = (struct tandem_in){.flags = TANDEM_OPEN | TANDEM_RECEIVE | TANDEM_REMOTE, .peer = 1, .media_port = 9};
	slots[0].policy.hop_media = HOP_IN;
	slots[0].out = (struct tandem_out){.hop = HOP_OUT, .family = 4, .dst_port = 9};
	slots[1].in.flags = TANDEM_OPEN;
}

static void last_packet(enum tandem_engine by, uint64_t ns_ago)
{
	slots[0].stats.last_by = (uint8_t)by;
	slots[0].stats.packets[by] = 10;
	slots[0].stats.last_ns = NOW - ns_ago;
}

static void expect(enum fp_engine engine, enum fp_why why, enum fp_why why_no_module)
{
	struct fp_stats st;
	assert_int_equal(fastpath_read(&fp, 0, &st), 0);
	assert_int_equal(st.engine, engine);
	assert_int_equal(st.why, why);
	assert_int_equal(st.why_no_module, why_no_module);
}

#define FREE    TANDEM_HOP_FREE
#define SILENT  TANDEM_HOP_UNRESOLVED
#define EGRESS  TANDEM_HOP_EGRESS
#define GENERIC TANDEM_HOP_GENERIC
#define NATIVE  TANDEM_HOP_NATIVE

/* --- tests --------------------------------------------------------------------------------------------------------- */

static void by_the_ways_in_and_out(void **state)
{
	static const struct {
		enum tandem_hop_state in, out;
		enum fp_engine engine;
		enum fp_why why;
	} rows[] = {
		{NATIVE, NATIVE, FP_XDP_NATIVE, FP_WHY_FASTEST},
		{FREE, NATIVE, FP_XDP_NATIVE, FP_WHY_FASTEST}, /* where it comes from is not known yet */
		{GENERIC, NATIVE, FP_XDP_GENERIC, FP_WHY_ARRIVES_GENERIC},
		{GENERIC, GENERIC, FP_XDP_GENERIC, FP_WHY_ARRIVES_GENERIC},
		{NATIVE, GENERIC, FP_KMOD, FP_WHY_LEAVES_GENERIC},
		{EGRESS, NATIVE, FP_KMOD, FP_WHY_ARRIVES},
		{EGRESS, GENERIC, FP_KMOD, FP_WHY_ARRIVES},
		{NATIVE, EGRESS, FP_KMOD, FP_WHY_LEAVES},
		{NATIVE, SILENT, FP_KMOD, FP_WHY_UNRESOLVED},
		{NATIVE, FREE, FP_KMOD, FP_WHY_NO_HOP},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		set(rows[i].in, rows[i].out, FP_KMOD_ATTACHED, FP_WANT_AUTO);
		expect(rows[i].engine, rows[i].why, FP_WHY_FASTEST);
		if (rows[i].engine != FP_KMOD)
			continue;
		module = FP_KMOD_ABSENT;
		expect(FP_NULL, rows[i].why, FP_WHY_NO_MODULE);
		module = FP_KMOD_REFUSED;
		expect(FP_NULL, rows[i].why, FP_WHY_MODULE);
	}
}

static void by_configuration(void **state)
{
	set(NATIVE, NATIVE, FP_KMOD_ATTACHED, FP_WANT_MODULE);
	expect(FP_KMOD, FP_WHY_CONFIGURED, FP_WHY_FASTEST);
	set(NATIVE, NATIVE, FP_KMOD_OFF, FP_WANT_NULL);
	expect(FP_NULL, FP_WHY_CONFIGURED, FP_WHY_CONFIGURED);
	set(NATIVE, EGRESS, FP_KMOD_OFF, FP_WANT_NATIVE);
	expect(FP_NULL, FP_WHY_LEAVES, FP_WHY_CONFIGURED);
	set(NATIVE, NATIVE, FP_KMOD_ATTACHED, FP_WANT_AUTO);
	fp.n_xdp = 0;
	expect(FP_KMOD, FP_WHY_NO_XDP, FP_WHY_FASTEST);
	fp.no_kernel = json_string("no BTF");
	fp.kmod = NULL;
	expect(FP_NULL, FP_WHY_NO_KERNEL, FP_WHY_NO_KERNEL);
	json_decref(fp.no_kernel);
}

static void by_the_operator(void **state)
{
	set(NATIVE, NATIVE, FP_KMOD_ATTACHED, FP_WANT_AUTO);
	slots[0].in.flags |= TANDEM_NO_XDP;
	expect(FP_KMOD, FP_WHY_KEPT, FP_WHY_FASTEST);
	slots[0].in.flags |= TANDEM_NO_KMOD;
	expect(FP_NULL, FP_WHY_KEPT, FP_WHY_KEPT);
	last_packet(TANDEM_BY_XDP_NATIVE, 20000000); /* before it was kept */
	expect(FP_NULL, FP_WHY_KEPT, FP_WHY_KEPT);
}

static void by_what_happens(void **state)
{
	set(NATIVE, NATIVE, FP_KMOD_ATTACHED, FP_WANT_AUTO);
	last_packet(TANDEM_BY_XDP_NATIVE, 20000000);
	expect(FP_XDP_NATIVE, FP_WHY_FASTEST, FP_WHY_FASTEST);
	last_packet(TANDEM_BY_KMOD, 20000000);
	expect(FP_KMOD, FP_WHY_EXCEPTION, FP_WHY_FASTEST);
	last_packet(TANDEM_BY_NULL, 20000000);
	expect(FP_NULL, FP_WHY_EXCEPTION, FP_WHY_EXCEPTION);
	module = FP_KMOD_ABSENT;
	expect(FP_NULL, FP_WHY_EXCEPTION, FP_WHY_NO_MODULE);
	last_packet(TANDEM_BY_NULL, NOW - 1); /* too long ago to tell */
	expect(FP_XDP_NATIVE, FP_WHY_FASTEST, FP_WHY_FASTEST);
	set(EGRESS, NATIVE, FP_KMOD_ABSENT, FP_WANT_AUTO); /* it comes by another way than packets to it go */
	last_packet(TANDEM_BY_XDP_NATIVE, 20000000);
	expect(FP_XDP_NATIVE, FP_WHY_FASTEST, FP_WHY_FASTEST);
}

static void without_another_side(void **state)
{
	set(NATIVE, NATIVE, FP_KMOD_ATTACHED, FP_WANT_AUTO);
	slots[0].out.dst_port = 0;
	expect(FP_NULL, FP_WHY_NO_SIDE, FP_WHY_NO_SIDE);
	last_packet(TANDEM_BY_XDP_NATIVE, 20000000);
	expect(FP_NULL, FP_WHY_NO_SIDE, FP_WHY_NO_SIDE);
	slots[0].in.flags |= TANDEM_IS_RTCP;
	expect(FP_NULL, FP_WHY_RTCP, FP_WHY_RTCP);
	struct fp_stats st;
	slots[0].in.flags = 0;
	assert_int_equal(fastpath_read(&fp, 0, &st), -ENOENT);
	assert_int_equal(fastpath_read(&fp, 2, &st), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_ways_in_and_out), cmocka_unit_test(by_configuration),     cmocka_unit_test(by_the_operator),
		cmocka_unit_test(by_what_happens),        cmocka_unit_test(without_another_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
