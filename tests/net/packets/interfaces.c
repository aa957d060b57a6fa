// SPDX-License-Identifier: GPL-3.0-or-later
/* Interfaces that go, come back, appear late or change address while packets flow: XDP forwards again within a second, and every packet
 * meanwhile is accounted for. */
#include "wire.h"
#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PIN    "/sys/fs/bpf/fastpath-test"
#define HEALED 1000 /* ms that a change may take */
#define EVERY  4    /* ms between packets */

static const bool v4[2] = {false, false};

struct bed {
	struct fastpath *fp;
	uint32_t slot[2];
	uint16_t seq;
	uint64_t sent, base; /* base: what the slot had counted at the first of `sent` */
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* "native", "null: no such interface", ...; "" when the interface has no row. */
static void row_of(const struct fastpath *fp, const char *interface, char ret[256])
{
	json_t *rows = fastpath_engines(fp), *row;
	size_t i;
	ret[0] = '\0';
	json_array_foreach(rows, i, row) {
		const char *why = json_string_value(json_object_get(row, "why"));
		if (!strcmp(json_string_value(json_object_get(row, "interface")), interface))
			snprintf(ret, 256, "%s%s%s", json_string_value(json_object_get(row, "mode")), why ? ": " : "", why ? why : "");
	}
	json_decref(rows);
}

static bool is_row(const struct fastpath *fp, const char *interface, const char *wanted)
{
	char row[256];
	row_of(fp, interface, row);
	return !strcmp(row, wanted);
}

static struct fp_stats stats(const struct bed *b)
{
	struct fp_stats s = {0};
	(void)fastpath_read(b->fp, b->slot[0], &s);
	return s;
}

/* One packet of the flow, and the loop for as long as until the next; whether XDP forwarded it. */
static bool flow(struct bed *b)
{
	struct frame in;
	uint64_t before = stats(b).by_engine[FP_XDP_NATIVE];
	build(&in, &peers[0], false, &(struct shape){.seq = ++b->seq});
	put(&peers[0], &in);
	b->sent++;
	run_loop(EVERY);
	return stats(b).by_engine[FP_XDP_NATIVE] > before;
}

static void begin_count(struct bed *b)
{
	b->sent = 0;
	b->base = stats(b).rx_packets;
}

/* Each packet that was sent is in the stream's statistics, whoever had it, and those that XDP did not forward have a reason. */
static const char *accounted(const struct bed *b, uint64_t native, uint64_t passed)
{
	struct fp_stats s = stats(b);
	for (int ms = 0; ms < SOON && s.rx_packets - b->base < b->sent; ms++) {
		run_loop(1);
		s = stats(b);
	}
	if (s.rx_packets - b->base != b->sent)
		return "packets are missing in the statistics";
	uint64_t up = xdp_counter("unresolved") + xdp_counter("egress") - passed;
	return b->sent - (s.by_engine[FP_XDP_NATIVE] - native) == up ? NULL : "packets that XDP did not forward have no reason";
}

static uint64_t passed_up(void)
{
	return xdp_counter("unresolved") + xdp_counter("egress");
}

/* Lets packets flow until XDP forwards them again. */
static const char *heals(struct bed *b, const char *what)
{
	uint64_t began = now_ms();
	while (!flow(b))
		if (now_ms() - began > HEALED)
			return "XDP does not forward again";
	printf("%s: XDP again after %u ms\n", what, (unsigned)(now_ms() - began));
	return NULL;
}

static const char *wait_row(struct bed *b, const char *interface, const char *wanted)
{
	static char said[300];
	for (uint64_t end = now_ms() + HEALED; !is_row(b->fp, interface, wanted);) {
		if (now_ms() > end) {
			char row[256];
			row_of(b->fp, interface, row);
			snprintf(said, sizeof said, "the row of %s is \"%s\", not \"%s\"", interface, row, wanted);
			return said;
		}
		flow(b);
	}
	return NULL;
}

/* A pinned link of an interface, below the folder of pins. */
static bool is_pinned(int ifindex)
{
	char line[256];
	command_output(line, sizeof line, "find " PIN " -name 'link-native-%d'", ifindex);
	return line[0];
}

static const char *gone_and_back(struct bed *b)
{
	int was = (int)if_nametoindex("gwb");
	uint64_t native = stats(b).by_engine[FP_XDP_NATIVE], passed = passed_up();
	begin_count(b);
	for (int i = 0; i < 5; i++)
		flow(b);
	if (!is_pinned(was))
		return "nothing was pinned";
	command(NULL, "ip link del gwb");
	const char *wrong = wait_row(b, "gwb", "");
	if (!wrong && is_pinned(was))
		wrong = "the pin of a link that is dead is left";
	if (!wrong && stats(b).engine == FP_XDP_NATIVE && flow(b))
		wrong = "XDP forwards to an interface that is not there";
	remake_wire(&peers[1]);
	if (!wrong)
		wrong = heals(b, "an interface that comes back");
	if (!wrong)
		wrong = wait_row(b, "gwb", "native");
	if (!wrong && (int)if_nametoindex("gwb") == was)
		wrong = "the interface has its old index";
	return wrong ? wrong : accounted(b, native, passed);
}

/* What arrives at the interface that came back is forwarded by XDP too. */
static const char *both_ways(struct bed *b)
{
	struct frame in, out;
	struct fp_stats before, after;
	fastpath_read(b->fp, b->slot[1], &before);
	for (uint16_t i = 0; i < 3; i++) {
		build(&in, &peers[1], false, &(struct shape){.seq = (uint16_t)(500 + i), .ssrc = 0x99});
		put(&peers[1], &in);
		if (!receive(&peers[0], &out, SOON))
			return "nothing arrives the other way";
	}
	fastpath_read(b->fp, b->slot[1], &after);
	return after.by_engine[FP_XDP_NATIVE] - before.by_engine[FP_XDP_NATIVE] == 3 ? NULL : "not by XDP";
}

static const char *one_address(struct bed *b)
{
	uint64_t native = stats(b).by_engine[FP_XDP_NATIVE], passed = passed_up();
	begin_count(b);
	command(NULL, "ip addr del 10.77.2.1/24 dev gwb");
	for (int i = 0; i < 20; i++)
		flow(b);
	if (flow(b))
		return "XDP forwards without a route";
	command(NULL, "ip addr add 10.77.2.1/24 dev gwb");
	const char *wrong = heals(b, "an address that comes back");
	return wrong ? wrong : accounted(b, native, passed);
}

/* Without an address of ours the interface is none of ours. */
static const char *all_addresses(struct bed *b)
{
	int ifindex = (int)if_nametoindex("gwb");
	command(NULL, "ip addr flush dev gwb");
	const char *wrong = wait_row(b, "gwb", "");
	if (!wrong && is_pinned(ifindex))
		wrong = "XDP stays attached";
	command(NULL, "ip addr add fd77:2::1/64 dev gwb nodad");
	command(NULL, "ip addr add 10.77.2.1/24 dev gwb");
	if (!wrong)
		wrong = heals(b, "addresses that come back");
	return wrong ? wrong : wait_row(b, "gwb", "native");
}

static const char *again_and_again(struct bed *b)
{
	const char *wrong = NULL;
	for (int i = 0; i < 5 && !wrong; i++) {
		command(NULL, "ip link del gwb");
		for (int k = 0; k < i * 5; k++)
			flow(b);
		remake_wire(&peers[1]);
		wrong = heals(b, "once more");
	}
	return wrong ? wrong : wait_row(b, "gwb", "native");
}

/* Whoever attaches may be of another build than whoever has loaded the programs: a tandem-keep that died after an upgrade. */
static const char *of_another_build(struct bed *b)
{
	command(NULL, "for pin in " PIN "/v*/prog-*; do mv $pin ${pin%%-*}-other || exit 1; done");
	command(NULL, "ip link del gwb");
	const char *wrong = wait_row(b, "gwb", "");
	remake_wire(&peers[1]);
	if (!wrong)
		wrong = heals(b, "an interface that comes back after an upgrade");
	return wrong ? wrong : wait_row(b, "gwb", "native");
}

/* Named in the configuration, and there only later. */
static const char *appears(struct bed *b)
{
	static const char *const names[] = {"gwa", "gwb", "gwc"};
	struct fp_local locals[2] = {{address(peers[0].gw[0], 0), GW_PORT, GW_PORT + 99}, {address(peers[1].gw[0], 0), GW_PORT, GW_PORT + 99}};
	struct fp_params params = {.locals = locals, .n_locals = 2, .interfaces = names, .n_interfaces = 3, .pin_dir = PIN};
	b->fp = mem_deref(b->fp);
	if (fastpath_open(&b->fp, &params))
		die("fastpath");
	start(b->fp, b->slot, v4, 46);
	const char *wrong = is_row(b->fp, "gwc", "null: no such interface") ? NULL : "an interface that is not there";
	command(NULL, "ip link add gwc type veth peer name gwd");
	if (!wrong)
		wrong = wait_row(b, "gwc", "native");
	command(NULL, "ip link set gwc name gwe");
	if (!wrong)
		wrong = wait_row(b, "gwc", "null: no such interface");
	command(NULL, "ip link del gwe");
	return wrong ? wrong : heals(b, "in the end");
}

int test_interfaces(void)
{
	static const struct {
		const char *name;
		const char *(*fn)(struct bed *b);
	} steps[] = {
		{"an interface that goes away and comes back", gone_and_back},
		{"... forwards both ways", both_ways},
		{"an address that is removed and added again", one_address},
		{"all addresses of an interface", all_addresses},
		{"again and again", again_and_again},
		{"with programs of another build", of_another_build},
		{"a named interface that appears later", appears},
	};
	struct bed b = {.fp = open_engine(FP_WANT_NATIVE, PIN, PORTS), .seq = 100};
	start(b.fp, b.slot, v4, 46);
	if (heals(&b, "at first"))
		die("XDP is not ready");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		result(steps[i].name, steps[i].fn(&b));
	mem_deref(b.fp);
	result("nothing is left", access(PIN, F_OK) ? NULL : PIN);
	return summary();
}
