// SPDX-License-Identifier: GPL-3.0-or-later
/* Tens of thousands of remotes: a changed route is followed within a second for all of them, and meanwhile the loop turns often enough for
 * signalling. */
#include "wire.h"
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define REMOTES  50000
#define RANGE    30000 /* ports of each address */
#define HEALED   1000  /* ms */
#define TURN_MAX 100   /* ms; a quiet machine needs less than 10 */

struct bed {
	struct fastpath *fp;
	double longest; /* loop turn, ms */
};

static void turn(struct bed *b)
{
	double began = quiet_ms();
	uv_run(loop_uv(), UV_RUN_NOWAIT);
	double took = quiet_ms() - began;
	if (took > b->longest)
		b->longest = took;
}

/* Two addresses of the gateway have RANGE slots each. */
static uint32_t slot_of(const struct bed *b, unsigned i)
{
	uint32_t slot = 0;
	struct addr a = address(peers[i / RANGE].gw[0], (uint16_t)(GW_PORT + i % RANGE));
	return fastpath_slot(b->fp, &a, &slot) ? TANDEM_NONE : slot;
}

static uint64_t resident_kb(void)
{
	char line[256];
	unsigned long kb = 0;
	command_output(line, sizeof line, "grep VmRSS /proc/%d/status", getpid());
	(void)sscanf(line, "VmRSS: %lu", &kb);
	return kb;
}

/* Pairs of streams: each one's packets leave for the remote of the other. */
static const char *set_up(struct bed *b)
{
	uint64_t kb = resident_kb();
	double began = quiet_ms();
	for (unsigned i = 0; i < REMOTES; i++) {
		char ip[32];
		snprintf(ip, sizeof ip, "10.%u.%u.%u", 96 + i / 62500, i / 250 % 250, i % 250 + 1);
		struct fp_stream s = stream_to(ip, false, 46);
		if (fastpath_upsert(b->fp, slot_of(b, i), &s))
			return "upsert";
		if (i & 1 && fastpath_join(b->fp, slot_of(b, i - 1), slot_of(b, i)))
			return "join";
		if (i % 100 == 0)
			turn(b);
	}
	printf("%u streams to as many remotes were set up in %.0f ms, %.1f us each; %.0f bytes of memory each, longest turn %.1f ms\n", REMOTES,
	       quiet_ms() - began, (quiet_ms() - began) * 1e3 / REMOTES, (double)(resident_kb() - kb) * 1024 / REMOTES, b->longest);
	return NULL;
}

static unsigned by_xdp(const struct bed *b)
{
	unsigned n = 0;
	for (unsigned i = 0; i < REMOTES; i++) {
		struct fp_stats s;
		n += !fastpath_read(b->fp, slot_of(b, i), &s) && s.engine == FP_XDP_NATIVE;
	}
	return n;
}

/* Changes routes until `wanted` streams are to be forwarded by XDP. */
static const char *follows(struct bed *b, const char *change, unsigned wanted, double within)
{
	static char said[100];
	b->longest = 0;
	command(NULL, "%s", change);
	double began = quiet_ms(), looked = began;
	while (quiet_ms() - began < within * 3) {
		turn(b);
		poll(NULL, 0, 1);
		if (quiet_ms() - looked < 50)
			continue;
		if (by_xdp(b) == wanted)
			break;
		looked = quiet_ms();
	}
	double took = quiet_ms() - began;
	printf("%s: followed for all in %.0f ms, longest turn %.1f ms\n", change, took, b->longest);
	if (took < within && b->longest < TURN_MAX)
		return NULL;
	snprintf(said, sizeof said, "%.0f ms, longest turn %.1f ms, %u of %u by XDP", took, b->longest, by_xdp(b), wanted);
	return said;
}

static const char *route_goes(struct bed *b)
{
	const char *wrong = follows(b, "ip route replace blackhole 10.96.0.0/12", 0, HEALED);
	return wrong ? wrong : follows(b, "ip route replace 10.96.0.0/12 via 10.77.2.2", REMOTES, HEALED);
}

static const char *route_moves(struct bed *b)
{
	return follows(b, "ip route replace 10.96.0.0/12 via 10.77.1.2", REMOTES, HEALED);
}

static const char *interface_goes(struct bed *b)
{
	const char *wrong = follows(b, "ip link set gwa down", 0, HEALED);
	command(NULL, "ip link set gwa up");
	return wrong ? wrong : follows(b, "ip route replace 10.96.0.0/12 via 10.77.1.2", REMOTES, HEALED);
}

/* Each of these is a neighbour of its own, to be asked for. No more than a kernel keeps by default, for all namespaces together. */
static const char *on_link(struct bed *b)
{
	const char *wrong = follows(b, "ip route replace 10.96.0.0/23 dev gwb", REMOTES - 500, HEALED);
	command(NULL, "ip route del 10.96.0.0/23");
	return wrong;
}

static const char *removed(struct bed *b)
{
	double began = quiet_ms();
	b->longest = 0;
	for (unsigned i = 0; i < REMOTES; i++) {
		fastpath_remove(b->fp, slot_of(b, i));
		if (i % 100 == 0)
			turn(b);
	}
	printf("%u streams were removed in %.0f ms, longest turn %.1f ms\n", REMOTES, quiet_ms() - began, b->longest);
	return b->longest < TURN_MAX ? NULL : "a loop turn took too long";
}

int test_many(void)
{
	static const struct {
		const char *name;
		const char *(*fn)(struct bed *b);
	} steps[] = {
		{"set-up", set_up},
		{"a route that goes and comes back", route_goes},
		{"a route that moves to another interface", route_moves},
		{"an interface that goes down", interface_goes},
		{"hundreds on link", on_link},
		{"removal", removed},
	};
	command(NULL, "ip route add 10.96.0.0/12 via 10.77.2.2");
	struct bed b = {.fp = open_engine(FP_WANT_NATIVE, NULL, RANGE)};
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		result(steps[i].name, steps[i].fn(&b));
	double began = quiet_ms();
	mem_deref(b.fp);
	printf("closed in %.0f ms\n", quiet_ms() - began);
	command(NULL, "ip route del 10.96.0.0/12");
	return summary();
}
