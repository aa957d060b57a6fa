// SPDX-License-Identifier: GPL-3.0-or-later
/* Next hops while the kernel's tables change under traffic: never to a stale address, in the daemon meanwhile, in XDP again afterwards. */
#include "wire.h"
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define BEHIND   "10.99.0.5" /* a phone behind a router that is peer b, later peer a */
#define NEW_MAC  "02:00:00:00:77:01"
#define SETTLED  100 /* ms that a change may take */

static const bool v4[2] = {false, false};
static const uint8_t new_mac[6] = {2, 0, 0, 0, 0x77, 1};

struct bed {
	struct fastpath *fp;
	uint32_t slot[2];
	uint16_t seq;
	struct frame out;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Sends one packet in at peer a; whether it came out at `at` within `ms`. */
static bool pass(struct bed *b, const struct peer *at, int ms)
{
	struct frame in;
	build(&in, &peers[0], false, &(struct shape){.seq = ++b->seq});
	put(&peers[0], &in);
	return receive(at, &b->out, ms);
}

static uint64_t by(const struct bed *b, enum fp_engine engine)
{
	struct fp_stats s;
	return fastpath_read(b->fp, b->slot[0], &s) ? 0 : s.by_engine[engine];
}

static enum fp_engine engine_now(const struct bed *b)
{
	struct fp_stats s;
	return fastpath_read(b->fp, b->slot[0], &s) ? FP_NULL : s.engine;
}

/* Lets the loop run until the next packet would be forwarded by `engine`. */
static const char *wait_engine(struct bed *b, enum fp_engine engine, int ms)
{
	for (uint64_t end = now_ms() + (uint64_t)ms; engine_now(b) != engine;) {
		if (now_ms() > end)
			return engine == FP_NULL ? "the change was not noticed" : "did not come back to XDP";
		run_loop(1);
	}
	return NULL;
}

/* A packet goes through XDP to this MAC address at `at`. */
static const char *through_xdp(struct bed *b, const struct peer *at, const uint8_t mac[6])
{
	uint64_t before = by(b, FP_XDP_NATIVE);
	if (!pass(b, at, 200))
		return "did not arrive";
	if (by(b, FP_XDP_NATIVE) != before + 1)
		return "not by XDP";
	return memcmp(b->out.b, mac, 6) ? "to a wrong MAC address" : NULL;
}

static void mac_text(const struct peer *p, char out[18])
{
	const uint8_t *m = p->mac;
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static const char *fixed_stay_fixed(struct bed *b)
{
	char line[256];
	command_output(line, sizeof line, "ip neigh show 10.77.2.2 dev gwb");
	if (!strstr(line, "PERMANENT") || strstr(line, "managed"))
		return "an administrator's neighbour was touched";
	return through_xdp(b, &peers[1], peers[1].mac);
}

static const char *mac_change(struct bed *b)
{
	unsigned wrong = 0;
	command(NULL, "ip neigh replace 10.77.2.2 lladdr " NEW_MAC " dev gwb nud permanent");
	uint64_t changed = now_ms();
	while (pass(b, &peers[1], 200) && memcmp(b->out.b, new_mac, 6))
		if (now_ms() - changed > SETTLED)
			return "packets go to the old address";
	for (int i = 0; i < 50; i++)
		wrong += !pass(b, &peers[1], 200) || memcmp(b->out.b, new_mac, 6);
	return wrong ? "a packet went to the old address after the change" : NULL;
}

/* Peer b does not answer for a while. */
static const char *deleted(struct bed *b)
{
	command("fastpath-b", "ip link set pkt0 arp off");
	command(NULL, "ip neigh del 10.77.2.2 dev gwb");
	const char *wrong = wait_engine(b, FP_NULL, SETTLED);
	uint64_t daemon = by(b, FP_NULL), up = xdp_counter("unresolved");
	if (!wrong && pass(b, &peers[1], 30))
		wrong = "a packet left for a neighbour that is not there";
	if (!wrong && by(b, FP_NULL) != daemon + 1)
		wrong = "the daemon did not get the packet";
	if (!wrong && xdp_counter("unresolved") != up + 1)
		wrong = "the reason was not counted";
	command("fastpath-b", "ip link set pkt0 arp on");
	if (wrong)
		return wrong;
	if (!receive(&peers[1], &b->out, 3000))
		return "what the daemon forwarded was lost";
	wrong = wait_engine(b, FP_XDP_NATIVE, 3000);
	return wrong ? wrong : through_xdp(b, &peers[1], peers[1].mac);
}

static const char *kept_resolved(struct bed *b)
{
	char line[256];
	command_output(line, sizeof line, "ip neigh show 10.77.2.2 dev gwb");
	return strstr(line, "managed") ? NULL : "the kernel was not asked to keep the neighbour";
}

static const char *behind_a_router(struct bed *b)
{
	struct fp_stream s = stream_to(BEHIND, false, 46);
	char line[256];
	s.arm = 2;
	command(NULL, "ip route add 10.99.0.0/24 via 10.77.2.2");
	if (fastpath_upsert(b->fp, b->slot[1], &s))
		return "upsert";
	const char *wrong = wait_engine(b, FP_XDP_NATIVE, SETTLED);
	if (!wrong)
		wrong = through_xdp(b, &peers[1], peers[1].mac);
	if (!wrong && memcmp(b->out.b + 30, address(BEHIND, 0).bytes, 4))
		wrong = "to a wrong IP address";
	command_output(line, sizeof line, "ip neigh show " BEHIND);
	return wrong ? wrong : line[0] ? "the phone itself was taken for a neighbour" : NULL;
}

static const char *route_change(struct bed *b)
{
	struct frame stray;
	command(NULL, "ip route replace 10.99.0.0/24 via 10.77.1.2");
	uint64_t changed = now_ms();
	while (!pass(b, &peers[0], 5))
		if (now_ms() - changed > SETTLED)
			return "packets do not follow the route";
	run_loop(5);
	while (receive(&peers[1], &stray, 0))
		;
	const char *wrong = through_xdp(b, &peers[0], peers[0].mac);
	return !wrong && receive(&peers[1], &stray, 10) ? "a packet went the old way" : wrong;
}

static const char *route_gone(struct bed *b)
{
	command(NULL, "ip route del 10.99.0.0/24");
	const char *wrong = wait_engine(b, FP_NULL, SETTLED);
	if (!wrong && (pass(b, &peers[0], 20) || pass(b, &peers[1], 20)))
		wrong = "a packet left without a route";
	command(NULL, "ip route add 10.99.0.0/24 via 10.77.2.2");
	if (!wrong)
		wrong = wait_engine(b, FP_XDP_NATIVE, SETTLED);
	return wrong ? wrong : through_xdp(b, &peers[1], peers[1].mac);
}

static const char *interface_down(struct bed *b)
{
	command(NULL, "ip link set gwb down");
	const char *wrong = wait_engine(b, FP_NULL, SETTLED);
	if (!wrong && pass(b, &peers[1], 20))
		wrong = "a packet left by an interface that is down";
	command(NULL, "ip link set gwb up");
	command(NULL, "ip route replace 10.99.0.0/24 via 10.77.2.2");
	if (!wrong)
		wrong = wait_engine(b, FP_XDP_NATIVE, 3000);
	return wrong ? wrong : through_xdp(b, &peers[1], peers[1].mac);
}

/* A few thousand remotes behind one router are one neighbour, and a change of it is followed at once for all. */
static const char *many_remotes(struct bed *b)
{
	struct fp_stream s = stream_to(BEHIND, false, 46);
	char ip[32];
	uint64_t began = now_ms();
	for (unsigned i = 1; i <= 4000; i++) {
		snprintf(ip, sizeof ip, "10.99.%u.%u", i / 250, i % 250 + 1);
		s.remote = address(ip, PEER_PORT);
		if (fastpath_upsert(b->fp, b->slot[1], &s))
			return "upsert";
	}
	unsigned set_up = (unsigned)(now_ms() - began);
	s.remote = address(BEHIND, PEER_PORT);
	s.arm = 3;
	if (fastpath_upsert(b->fp, b->slot[1], &s))
		return "upsert";
	command(NULL, "ip neigh replace 10.77.2.2 lladdr " NEW_MAC " dev gwb nud permanent");
	uint64_t changed = now_ms();
	while (pass(b, &peers[1], 200) && memcmp(b->out.b, new_mac, 6))
		if (now_ms() - changed > SETTLED)
			return "packets go to the old address";
	printf("4000 remotes were looked up in %u ms, a changed neighbour followed in %u ms\n", set_up, (unsigned)(now_ms() - changed));
	return NULL;
}

static const char *clean_end(struct bed *b)
{
	char line[256], text[18];
	mac_text(&peers[1], text);
	command(NULL, "ip neigh del 10.77.2.2 dev gwb");
	const char *wrong = wait_engine(b, FP_XDP_NATIVE, 3000);
	command_output(line, sizeof line, "cat /proc/sys/net/ipv4/ip_local_reserved_ports");
	if (!wrong && strcmp(line, "20000-20099"))
		wrong = "the ports were not reserved";
	b->fp = mem_deref(b->fp);
	command_output(line, sizeof line, "ip neigh show 10.77.2.2 dev gwb");
	if (!wrong && strstr(line, "managed"))
		wrong = "the kernel goes on keeping the neighbour";
	command_output(line, sizeof line, "cat /proc/sys/net/ipv4/ip_local_reserved_ports");
	if (!wrong && line[0])
		wrong = "ports stay reserved";
	return wrong;
}

int test_hops(void)
{
	static const struct {
		const char *name;
		const char *(*fn)(struct bed *b);
	} steps[] = {
		{"an administrator's neighbour stays his", fixed_stay_fixed},
		{"a changed MAC address is followed", mac_change},
		{"a deleted neighbour: the daemon forwards, then XDP again", deleted},
		{"neighbours are kept resolved", kept_resolved},
		{"a phone behind a router", behind_a_router},
		{"a changed route is followed", route_change},
		{"a route that goes and comes back", route_gone},
		{"an interface that goes down and comes up", interface_down},
		{"thousands of remotes", many_remotes},
		{"a clean end leaves nothing", clean_end},
	};
	struct bed b = {.fp = open_engine(FP_WANT_NATIVE, NULL, PORTS), .seq = 100};
	start(b.fp, b.slot, v4, 46);
	if (wait_engine(&b, FP_XDP_NATIVE, 500))
		die("XDP is not ready");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		result(steps[i].name, steps[i].fn(&b));
	return summary();
}
