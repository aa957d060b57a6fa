// SPDX-License-Identifier: GPL-3.0-or-later
/* Streams whose packets are given to somebody in the daemon: judged as ever, by whichever engine sees them first, and answered from the same port. */
#include "wire.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define TO     7
#define NOBODY 8
#define KEPT   16

static struct {
	uint32_t slot, to;
	size_t len;
	uint8_t data[300];
} taken[KEPT];
static atomic_uint n_taken;
static atomic_uint n_refused;

static bool on_rtp(void *arg, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns)
{
	unsigned n = atomic_load(&n_taken);
	if (to == NOBODY)
		atomic_fetch_add(&n_refused, 1);
	if (to != TO || n == KEPT || len > sizeof taken[0].data || !now_ns)
		return false;
	taken[n].slot = slot;
	taken[n].to = to;
	taken[n].len = len;
	memcpy(taken[n].data, data, len);
	atomic_store(&n_taken, n + 1);
	return true;
}

static void set(struct fastpath *fp, uint32_t slot, bool v6, uint32_t to, bool receive)
{
	struct fp_stream s = stream_to(peers[0].ip[v6], true, 46);
	s.deliver = to;
	s.receive = receive;
	if (fastpath_upsert(fp, slot, &s))
		die("upsert");
}

static void say(bool v6, uint16_t seq, bool stranger)
{
	struct frame f;
	build(&f, &peers[0], v6, &(struct shape){.seq = seq, .payload = 172, .stranger = stranger, .ssrc = stranger ? 0x4321 : 0});
	put(&peers[0], &f);
}

static bool wait_for(const atomic_uint *count, unsigned n)
{
	for (int i = 0; i < SOON && atomic_load(count) < n; i++)
		run_loop(1);
	return atomic_load(count) == n;
}

static const char *heard(struct fastpath *fp, uint32_t slot, bool v6)
{
	struct fp_stats st;
	struct frame f;
	build(&f, &peers[0], v6, &(struct shape){.seq = 1, .payload = 172});
	for (uint16_t seq = 1; seq <= 3; seq++)
		say(v6, seq, false);
	if (!wait_for(&n_taken, 3))
		return "not all were delivered";
	if (taken[0].slot != slot || taken[0].len != f.len - f.udp_at - 8 || memcmp(taken[0].data, f.b + f.udp_at + 8, taken[0].len))
		return "it is not what was sent";
	if (fastpath_read(fp, slot, &st) || st.rx_packets != 3 || st.by_engine[FP_NULL] != 3 || !st.latched)
		return "its statistics";
	return st.why == FP_WHY_DELIVERED && st.why_no_module == FP_WHY_DELIVERED ? NULL : "why no engine is faster";
}

/* What the slot refuses is delivered to nobody; the packet behind it is. */
static const char *judged(struct fastpath *fp, uint32_t slot, bool v6)
{
	struct fp_stats st;
	say(v6, 4, true);
	say(v6, 4, false);
	if (!wait_for(&n_taken, 4))
		return "a stranger was heard";
	set(fp, slot, v6, TO, false);
	say(v6, 5, false);
	for (int i = 0; i < SOON && !fastpath_read(fp, slot, &st) && st.refused < 2; i++)
		run_loop(1);
	set(fp, slot, v6, NOBODY, true);
	say(v6, 6, false);
	if (!wait_for(&n_refused, 1))
		return "nobody was asked";
	set(fp, slot, v6, TO, true);
	say(v6, 7, false);
	if (!wait_for(&n_taken, 5) || taken[4].data[3] != 7)
		return "one that the mode refuses was delivered";
	for (int i = 0; i < SOON && !fastpath_read(fp, slot, &st) && st.refused < 3; i++)
		run_loop(1);
	return st.refused == 3 ? NULL : "what was refused is not counted";
}

static const char *answered(struct fastpath *fp, uint32_t slot, bool v6)
{
	uint8_t data[2][FP_HEADROOM + 200] = {{0}};
	struct fp_outlet *o;
	struct frame f;
	const char *wrong = NULL;
	if (fastpath_outlet(&o, fp))
		die("outlet");
	for (uint8_t i = 0; i < 2; i++) {
		data[i][FP_HEADROOM] = 0x80;
		data[i][FP_HEADROOM + 3] = i;
		if (fp_outlet_put(o, slot, data[i] + FP_HEADROOM, 172))
			wrong = "it cannot be sent";
	}
	fp_outlet_flush(o);
	for (uint8_t i = 0; !wrong && i < 2; i++)
		if (!receive(&peers[0], &f, SOON) || f.len - f.udp_at != 180 || f.b[f.udp_at + 8 + 3] != i || (f.b[12] == 0x86) != v6 || udp_sum(&f, !v6) != 0xffff)
			wrong = "what was sent did not arrive";
	mem_deref(o);
	return wrong;
}

static const char *run_case(struct fastpath *fp, bool v6)
{
	uint32_t slot;
	struct addr local = address(peers[0].gw[v6], GW_PORT);
	atomic_store(&n_taken, 0);
	atomic_store(&n_refused, 0);
	if (fastpath_slot(fp, &local, &slot) || fastpath_open_port(fp, slot))
		die("port");
	set(fp, slot, v6, TO, true);
	const char *wrong = heard(fp, slot, v6);
	if (!wrong)
		wrong = judged(fp, slot, v6);
	if (!wrong)
		wrong = answered(fp, slot, v6);
	fastpath_remove(fp, slot);
	fastpath_settle(fp);
	fastpath_close_port(fp, slot);
	return wrong;
}

int test_deliver(enum fp_engine engine)
{
	engine_handlers.rtp = on_rtp;
	struct fastpath *fp = open_engine(engine_wants[engine], NULL, PORTS);
	result("delivered, judged and answered, IPv4", run_case(fp, false));
	result("delivered, judged and answered, IPv6", run_case(fp, true));
	mem_deref(fp);
	return summary();
}
