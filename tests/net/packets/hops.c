// SPDX-License-Identifier: GPL-3.0-or-later
/* Next hops while the kernel's tables change under traffic: never to a stale address, in the daemon meanwhile, in XDP again afterwards. */
#include "wire.h"
#include "tandem/csum.h"
#include <stdio.h>
#include <sys/stat.h>

#define BEHIND   "10.99.0.5" /* a phone behind a router that is peer b, later peer a */
#define NEW_MAC  "02:00:00:00:77:01"
#define SETTLED  500 /* ms that a change may take */

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
	return (uint64_t)quiet_ms();
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

/* Takes away what has arrived already. */
static void drain(void)
{
	struct frame stray;
	for (int i = 0; i < 2; i++)
		while (receive(&peers[i], &stray, 0))
			;
}

/* Sends a packet every few milliseconds until `engine` forwards one. */
static const char *wait_engine(struct bed *b, enum fp_engine engine, uint64_t ms)
{
	for (uint64_t end = now_ms() + ms, before = by(b, engine); by(b, engine) == before;) {
		struct frame in;
		if (now_ms() > end)
			return engine == FP_NULL ? "the change was not noticed" : "did not come back to XDP";
		build(&in, &peers[0], false, &(struct shape){.seq = ++b->seq});
		put(&peers[0], &in);
		run_loop(2);
	}
	drain();
	return NULL;
}

/* A packet goes through XDP to this MAC address at `at`. */
static const char *through_xdp(struct bed *b, const struct peer *at, const uint8_t mac[6])
{
	uint64_t before = by(b, FP_XDP_NATIVE);
	if (!pass(b, at, SOON))
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
	while (pass(b, &peers[1], SOON) && memcmp(b->out.b, new_mac, 6))
		if (now_ms() - changed > SETTLED)
			return "packets go to the old address";
	for (int i = 0; i < 50; i++)
		wrong += !pass(b, &peers[1], SOON) || memcmp(b->out.b, new_mac, 6);
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
	for (int ms = 0; ms < SOON && !wrong && by(b, FP_NULL) == daemon; ms++)
		run_loop(1);
	if (!wrong && by(b, FP_NULL) != daemon + 1)
		wrong = "the daemon did not get the packet";
	if (!wrong && xdp_counter("unresolved") != up + 1)
		wrong = "the reason was not counted";
	command("fastpath-b", "ip link set pkt0 arp on");
	if (wrong)
		return wrong;
	if (!receive(&peers[1], &b->out, SOON))
		return "what the daemon forwarded was lost";
	wrong = wait_engine(b, FP_XDP_NATIVE, SOON);
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
	run_loop(50);
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
		wrong = wait_engine(b, FP_XDP_NATIVE, SOON);
	return wrong ? wrong : through_xdp(b, &peers[1], peers[1].mac);
}

/* --- under traffic --------------------------------------------------------------------------------------------------- */

/* Packets of a flow: how many left, and arrived at each peer, to which MAC address. */
struct flow {
	unsigned sent, arrived[2], to_new;
	uint64_t healed_ms; /* when the first went to the new address */
};

static void note_arrivals(struct flow *f, const uint8_t mac[6])
{
	struct frame out;
	for (int i = 0; i < 2; i++)
		while (receive(&peers[i], &out, 0)) {
			f->arrived[i]++;
			if (memcmp(out.b, mac, 6))
				continue;
			f->to_new++;
			if (!f->healed_ms)
				f->healed_ms = now_ms();
		}
}

/* Sends one packet in each few milliseconds, for `ms`, and hears those that are on their way. Family is that of the pair of streams. */
static void flow_for(struct bed *b, struct flow *f, bool v6, const uint8_t mac[6], int ms)
{
	for (uint64_t end = now_ms() + (uint64_t)ms; now_ms() < end;) {
		struct frame in;
		build(&in, &peers[0], v6, &(struct shape){.seq = ++b->seq});
		put(&peers[0], &in);
		f->sent++;
		run_loop(2);
		note_arrivals(f, mac);
	}
	for (int i = 0; i < SOON && f->arrived[0] + f->arrived[1] < f->sent; i++) {
		run_loop(1);
		note_arrivals(f, mac);
	}
}

/* The checksum of an ICMPv6 message behind an IPv6 header. */
static uint16_t icmp6_sum(const uint8_t *ip, size_t len)
{
	uint64_t sum = tandem_csum_bytes(ip + 8, 32) + tandem_csum_bytes(ip + 40, (uint32_t)len);
	const uint8_t rest[8] = {0, 0, 0, (uint8_t)len, 0, 0, 0, 58};
	return (uint16_t)~tandem_csum_fold(sum + tandem_csum_bytes(rest, 8));
}

/* Peer b tells the gateway that its MAC address is another now: RFC 5227 section 2.3, RFC 4861 section 7.2.6. */
static void announce(bool v6)
{
	const struct peer *p = &peers[1];
	struct frame f = {.len = v6 ? 86 : 42};
	struct addr ip = address(p->ip[v6], 0);
	memset(f.b, 0xff, 6);
	memcpy(f.b + 6, p->mac, 6);
	if (!v6) {
		const uint8_t arp[] = {0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1};
		memcpy(f.b + 12, arp, sizeof arp);
		memcpy(f.b + 22, p->mac, 6);
		memcpy(f.b + 28, ip.bytes, 4);
		memcpy(f.b + 38, ip.bytes, 4);
	} else {
		const uint8_t head[] = {0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255}, all[] = {0xff, 2, [15] = 1}, mac6[] = {0x33, 0x33, 0, 0, 0, 1};
		memcpy(f.b, mac6, 6);
		memcpy(f.b + 12, head, sizeof head);
		memcpy(f.b + 22, ip.bytes, 16);
		memcpy(f.b + 38, all, 16);
		f.b[54] = 136;
		f.b[58] = 0x20; /* override */
		memcpy(f.b + 62, ip.bytes, 16);
		f.b[78] = 2;
		f.b[79] = 1;
		memcpy(f.b + 80, p->mac, 6);
		uint16_t sum = icmp6_sum(f.b + 14, 32);
		memcpy(f.b + 56, &sum, 2);
	}
	put(p, &f);
}

/* A peer gets another MAC address while packets flow to it, and says so. */
static const char *moves(struct bed *b, bool v6, uint8_t last, const char *state)
{
	static char said[100];
	struct flow f = {0};
	const char *ip = peers[1].ip[v6];
	uint8_t mac[6] = {2, 0, 0, 0, 0x78, last};
	command(NULL, "ip neigh replace %s lladdr %02x:%02x:%02x:%02x:%02x:%02x dev gwb nud %s", ip, peers[1].mac[0], peers[1].mac[1],
		peers[1].mac[2], peers[1].mac[3], peers[1].mac[4], peers[1].mac[5], state);
	flow_for(b, &f, v6, mac, 40);
	if (f.sent != f.arrived[1])
		return "packets do not flow";
	command("fastpath-b", "ip link set pkt0 address %02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	memcpy(peers[1].mac, mac, 6);
	uint64_t moved = now_ms();
	announce(v6);
	flow_for(b, &f, v6, mac, 300);
	if (!f.healed_ms || f.healed_ms - moved > SETTLED)
		return "packets go to the old address";
	if (f.arrived[1] != f.sent) {
		snprintf(said, sizeof said, "%u of %u packets were lost", f.sent - f.arrived[1], f.sent);
		return said;
	}
	return through_xdp(b, &peers[1], peers[1].mac);
}

static const char *moves_by_arp(struct bed *b)
{
	return moves(b, false, 1, "reachable");
}

static const char *moves_when_stale(struct bed *b)
{
	return moves(b, false, 2, "stale");
}

static const char *moves_by_advertisement(struct bed *b)
{
	static const bool v6[2] = {true, true};
	uint32_t slot[2];
	struct bed b6 = {.fp = b->fp, .seq = 100};
	start(b->fp, slot, v6, 46);
	memcpy(b6.slot, slot, sizeof slot);
	run_loop(50);
	struct flow f = {0};
	flow_for(&b6, &f, true, peers[1].mac, 50);
	struct fp_stats before, after;
	fastpath_read(b->fp, slot[0], &before);
	const char *wrong = NULL;
	uint8_t mac[6] = {2, 0, 0, 0, 0x78, 3};
	command("fastpath-b", "ip link set pkt0 address 02:00:00:00:78:03");
	memcpy(peers[1].mac, mac, 6);
	uint64_t moved = now_ms();
	f = (struct flow){0};
	announce(true);
	flow_for(&b6, &f, true, mac, 200);
	fastpath_read(b->fp, slot[0], &after);
	if (!f.healed_ms || f.healed_ms - moved > SETTLED)
		wrong = "packets go to the old address";
	else if (f.arrived[1] != f.sent)
		wrong = "packets were lost";
	else if (after.by_engine[FP_XDP_NATIVE] - before.by_engine[FP_XDP_NATIVE] != f.sent)
		wrong = "XDP did not forward all";
	end(b->fp, slot);
	announce(false);
	run_loop(20);
	return wrong;
}

/* A route moves from one interface to the other in the middle of a flow: each packet goes one way or the other. */
static const char *route_moves(struct bed *b)
{
	static char said[100];
	struct flow f = {0};
	const char *wrong = NULL;
	command(NULL, "ip route replace 10.99.0.0/24 via 10.77.2.2");
	if ((wrong = wait_engine(b, FP_XDP_NATIVE, SETTLED)))
		return wrong;
	for (int i = 0; i < 4 && !wrong; i++) {
		int to = !(i & 1) ? 0 : 1;
		unsigned before = f.arrived[to];
		f.healed_ms = 0;
		command(NULL, "ip route replace 10.99.0.0/24 via 10.77.%d.2", to + 1);
		uint64_t moved = now_ms();
		while (f.arrived[to] - before < 20 && now_ms() - moved < SOON)
			flow_for(b, &f, false, peers[to].mac, 5);
		if (f.arrived[to] - before < 20 || f.healed_ms - moved > SETTLED)
			wrong = "packets do not follow";
	}
	if (!wrong && f.arrived[0] + f.arrived[1] != f.sent) {
		snprintf(said, sizeof said, "of %u packets %u arrived", f.sent, f.arrived[0] + f.arrived[1]);
		wrong = said;
	}
	return wrong;
}

/* One packet of so many bytes behind the UDP header; how many XDP found too big. */
static uint64_t too_big(struct bed *b, size_t payload, bool *by_xdp)
{
	struct frame in;
	uint64_t before = by(b, FP_XDP_NATIVE), big = xdp_counter("too-big");
	build(&in, &peers[0], false, &(struct shape){.seq = ++b->seq, .payload = payload});
	put(&peers[0], &in);
	run_loop(20);
	drain();
	*by_xdp = by(b, FP_XDP_NATIVE) > before;
	return xdp_counter("too-big") - big;
}

/* The MTU of a route counts, not only that of its interface. */
static const char *narrow_route(struct bed *b)
{
	bool small, large;
	command(NULL, "ip route replace 10.99.0.0/24 via 10.77.2.2 mtu 600");
	run_loop(SETTLED);
	uint64_t big = too_big(b, 700, &large) + too_big(b, 500, &small);
	if (big != 1 || large || !small)
		return large ? "a packet was sent that the route does not take" : "a packet was refused that the route takes";
	command(NULL, "ip route replace 10.99.0.0/24 via 10.77.2.2");
	run_loop(SETTLED);
	return too_big(b, 700, &large) || !large ? "the route stays narrow" : NULL;
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
	while (pass(b, &peers[1], SOON) && memcmp(b->out.b, new_mac, 6))
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
	const char *wrong = wait_engine(b, FP_XDP_NATIVE, SOON);
	command(NULL, "ip route del 10.99.0.0/24");
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
		{"a route that moves under traffic", route_moves},
		{"a MAC address moves under traffic, by gratuitous ARP", moves_by_arp},
		{"... when the neighbour has aged", moves_when_stale},
		{"... by an unsolicited neighbour advertisement", moves_by_advertisement},
		{"a route with an MTU of its own", narrow_route},
		{"thousands of remotes", many_remotes},
		{"a clean end leaves nothing", clean_end},
	};
	struct bed b = {.fp = open_engine(FP_WANT_NATIVE, NULL, PORTS), .seq = 100};
	start(b.fp, b.slot, v4, 46);
	if (wait_engine(&b, FP_XDP_NATIVE, SOON))
		die("XDP is not ready");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		result(steps[i].name, steps[i].fn(&b));
	return summary();
}
