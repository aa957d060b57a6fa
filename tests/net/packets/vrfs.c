// SPDX-License-Identifier: GPL-3.0-or-later
/* Our addresses in one VRF, then in two (run with LINKS=vrf, where the kernel has VRFs): XDP serves the VRF of the first address, and nothing
 * leaks from one to the other. */
#include "wire.h"
#include <stdio.h>
#include <time.h>

#define HEALED 1000 /* ms */

static const bool v4[2] = {false, false};

struct bed {
	struct fastpath *fp;
	uint32_t slot[2];
	uint16_t seq;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t native(const struct bed *b, int side)
{
	struct fp_stats s;
	return fastpath_read(b->fp, b->slot[side], &s) ? 0 : s.by_engine[FP_XDP_NATIVE];
}

static bool row_has(const struct bed *b, const char *interface, const char *mode, const char *why)
{
	json_t *rows = fastpath_engines(b->fp), *row;
	size_t i;
	bool found = false;
	json_array_foreach(rows, i, row) {
		const char *said = json_string_value(json_object_get(row, "why"));
		found |= !strcmp(json_string_value(json_object_get(row, "interface")), interface) &&
			 !strcmp(json_string_value(json_object_get(row, "mode")), mode) && (!why || (said && strstr(said, why)));
	}
	json_decref(rows);
	return found;
}

/* A packet into one side; whether it came out at the other. */
static bool pass(struct bed *b, int side, struct frame *out, int ms)
{
	struct frame in;
	build(&in, &peers[side], false, &(struct shape){.seq = ++b->seq, .ssrc = 0x70u + (unsigned)side});
	put(&peers[side], &in);
	return receive(&peers[!side], out, ms);
}

static const char *xdp_again(struct bed *b)
{
	struct frame out;
	for (int side = 0; side < 2; side++) {
		uint64_t began = now_ms(), before = native(b, side);
		while (native(b, side) == before) {
			pass(b, side, &out, 10);
			if (now_ms() - began > HEALED)
				return "XDP does not forward";
		}
	}
	return row_has(b, "gwa", "native", NULL) && row_has(b, "gwb", "native", NULL) ? NULL : "the rows of the interfaces";
}

static const char *apart(struct bed *b)
{
	struct frame out;
	uint64_t began = now_ms(), before;
	/* What must not be used: the VRF's own way to the same phone. */
	command(NULL, "ip route add 10.77.2.2/32 via 10.77.1.2 vrf voice");
	command(NULL, "ip link set gwb nomaster");
	while (!row_has(b, "gwb", "null", "in a VRF")) {
		if (now_ms() - began > HEALED)
			return "the interface that left is not told";
		run_loop(5);
	}
	if (!row_has(b, "gwa", "native", NULL))
		return "the other interface";
	before = native(b, 0) + native(b, 1);
	for (int i = 0; i < 20; i++)
		for (int side = 0; side < 2; side++) {
			pass(b, side, &out, 5);
			if (receive(&peers[side], &out, 0))
				return "a packet leaked into the other VRF";
		}
	return native(b, 0) + native(b, 1) == before ? NULL : "XDP forwards from one VRF to another";
}

/* The daemon sends from each address by the table of its own VRF. */
static const char *by_daemon(struct bed *b)
{
	struct frame out;
	run_loop(100);
	for (int side = 0; side < 2; side++)
		if (!pass(b, side, &out, SOON))
			return side ? "nothing arrives in the VRF" : "nothing arrives outside the VRF";
	return NULL;
}

static const char *together(struct bed *b)
{
	command(NULL, "ip link set gwb master voice");
	command(NULL, "ip route del 10.77.2.2/32 vrf voice");
	return xdp_again(b);
}

int test_vrfs(void)
{
	static const struct {
		const char *name;
		const char *(*fn)(struct bed *b);
	} steps[] = {
		{"all in one VRF", xdp_again},
		{"an interface leaves the VRF", apart},
		{"... the daemon relays between the two", by_daemon},
		{"... and comes back", together},
	};
	struct bed b = {.fp = open_engine(FP_WANT_NATIVE, "/sys/fs/bpf/fastpath-test", PORTS), .seq = 100};
	start(b.fp, b.slot, v4, 46);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		result(steps[i].name, steps[i].fn(&b));
	mem_deref(b.fp);
	return summary();
}
