// SPDX-License-Identifier: GPL-3.0-or-later
/* Packet cases, each run on one engine: frames are put on the wire at one peer and what leaves is read at the other, byte by
 * byte. Usage: packets ENGINE (null, generic, native), inside the gateway's namespace of tests/net/packets/run. */
#include "base/loop.h"
#include "base/mem.h"
#include "fastpath/fastpath.h"
#include "tandem/csum.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GW_PORT   20000
#define PEER_PORT 4000

/* A peer: its namespace, its packet socket, and how to reach the gateway from it. */
struct peer {
	int fd;
	uint8_t mac[6], gw_mac[6];
	int ifindex;
	const char *ip[2], *gw[2]; /* IPv4, IPv6 */
};

enum special { PLAIN, ZERO_CHECK, BAD_CHECK, TTL_1, ECN, OPTIONS, RUNT, STUN, DTLS, JUNK, STRANGER, GUESSED, TO_CLOSED, REBIND };

struct packet_case {
	const char *name;
	enum special special;
	bool arrives;
	bool by_daemon; /* XDP leaves it to the daemon, which forwards it */
	bool v4_only;
	bool stays_wrong; /* dropped by the host's stack before a socket; XDP forwards it, still invalid, for the receiver to drop */
};

static const struct packet_case cases[] = {
	{.name = "plain", .special = PLAIN, .arrives = true},
	{.name = "zero-checksum", .special = ZERO_CHECK, .arrives = true, .v4_only = true},
	{.name = "wrong-checksum", .special = BAD_CHECK, .stays_wrong = true},
	{.name = "ttl-1", .special = TTL_1},
	{.name = "ecn", .special = ECN, .arrives = true},
	{.name = "ip-options", .special = OPTIONS, .arrives = true, .by_daemon = true, .v4_only = true},
	{.name = "runt", .special = RUNT},
	{.name = "stun", .special = STUN},
	{.name = "dtls", .special = DTLS},
	{.name = "junk", .special = JUNK},
	{.name = "stranger", .special = STRANGER},
	{.name = "guessed-ssrc", .special = GUESSED},
	{.name = "closed-port", .special = TO_CLOSED},
	{.name = "rebind", .special = REBIND, .arrives = true},
};

static struct peer peers[2] = {
	{.ip = {"10.77.1.2", "fd77:1::2"}, .gw = {"10.77.1.1", "fd77:1::1"}},
	{.ip = {"10.77.2.2", "fd77:2::2"}, .gw = {"10.77.2.1", "fd77:2::1"}},
};
static unsigned passed, failed;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void enter(const char *netns)
{
	char path[128];
	snprintf(path, sizeof path, "/run/netns/%s", netns);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static void mac_of(const char *ifname, uint8_t mac[6])
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (ioctl(fd, SIOCGIFHWADDR, &r))
		die(ifname);
	memcpy(mac, r.ifr_hwaddr.sa_data, 6);
	close(fd);
}

static void open_peer(struct peer *p, const char *netns, const char *gw_netns, const char *ifname, const char *gw_ifname)
{
	mac_of(gw_ifname, p->gw_mac);
	enter(netns);
	mac_of(ifname, p->mac);
	p->ifindex = (int)if_nametoindex(ifname);
	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = p->ifindex};
	if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&ll, sizeof ll))
		die("packet socket");
	enter(gw_netns);
}

static struct addr address(const char *ip, uint16_t port)
{
	struct addr a;
	if (addr_parse(&a, slice_str(ip), port))
		die(ip);
	return a;
}

struct frame {
	uint8_t b[2048];
	size_t len, ip_at, udp_at;
};

static uint16_t udp_sum(const struct frame *f, bool v4)
{
	const uint8_t *ip = f->b + f->ip_at;
	size_t udp_len = f->len - f->udp_at;
	uint64_t sum = tandem_csum_bytes(ip + (v4 ? 12 : 8), v4 ? 8 : 32) + tandem_csum_pseudo(htons((uint16_t)udp_len)) +
		       tandem_csum_bytes(f->b + f->udp_at, (uint32_t)udp_len);
	return tandem_csum_fold(sum);
}

/* An RTP frame from a peer to the gateway, as the case wants it. */
static void build(struct frame *f, const struct peer *p, bool v6, uint16_t sport, uint16_t seq, uint32_t ssrc, enum special s)
{
	struct addr src = address(p->ip[v6], 0), dst = address(p->gw[v6], 0);
	size_t options = s == OPTIONS ? 4 : 0, payload = s == RUNT ? 10 : 173; /* odd on purpose */
	memset(f, 0, sizeof *f);
	memcpy(f->b, p->gw_mac, 6);
	memcpy(f->b + 6, p->mac, 6);
	f->b[12] = v6 ? 0x86 : 0x08;
	f->b[13] = v6 ? 0xdd : 0x00;
	f->ip_at = 14;
	f->udp_at = f->ip_at + (v6 ? 40 : 20 + options);
	f->len = f->udp_at + 8 + payload;
	uint8_t *ip = f->b + f->ip_at, *udp = f->b + f->udp_at, *rtp = udp + 8, ttl = s == TTL_1 ? 1 : 64, tos = s == ECN ? 0xb9 : 0xb8;
	if (s == STRANGER)
		src.bytes[v6 ? 15 : 3] = 77;
	if (v6) {
		struct ip6_hdr h = {.ip6_flow = htonl(6u << 28 | (uint32_t)tos << 20), .ip6_plen = htons((uint16_t)(8 + payload)),
				    .ip6_nxt = 17, .ip6_hlim = ttl, .ip6_src = src.v6, .ip6_dst = dst.v6};
		memcpy(ip, &h, sizeof h);
	} else {
		struct iphdr h = {.version = 4, .ihl = 5 + options / 4, .tos = tos, .tot_len = htons((uint16_t)(f->len - 14)), .id = htons(7),
				  .ttl = ttl, .protocol = 17, .saddr = src.v4.s_addr, .daddr = dst.v4.s_addr};
		memcpy(ip, &h, sizeof h);
		memset(ip + 20, 1, options);
		uint16_t c = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(ip, (uint32_t)(20 + options)));
		memcpy(ip + 10, &c, 2);
	}
	struct udphdr u = {.source = htons(sport), .dest = htons(s == TO_CLOSED ? GW_PORT + 10 : GW_PORT), .len = htons((uint16_t)(8 + payload))};
	memcpy(udp, &u, sizeof u);
	for (size_t i = 0; i < payload; i++)
		rtp[i] = (uint8_t)(i * 7 + seq);
	uint8_t first = s == STUN ? 0 : s == DTLS ? 22 : s == JUNK ? 0xff : 0x80;
	uint8_t head[12] = {first, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq};
	uint32_t n = htonl(ssrc);
	memcpy(head + 8, &n, 4);
	memcpy(rtp, head, s == RUNT ? 8 : 12);
	uint16_t c = (uint16_t)~udp_sum(f, !v6);
	if (s == BAD_CHECK)
		c ^= 0x1234;
	if (s != ZERO_CHECK)
		memcpy(udp + 6, &c, 2);
}

/* Waits for a frame of the gateway's media port at a peer; false when none comes. */
static bool receive(const struct peer *p, struct frame *f, int wait_ms)
{
	for (int waited = 0; waited <= wait_ms; waited++) {
		uv_run(loop_uv(), UV_RUN_NOWAIT);
		struct sockaddr_ll from;
		socklen_t from_len = sizeof from;
		ssize_t n = recvfrom(p->fd, f->b, sizeof f->b, 0, (struct sockaddr *)&from, &from_len);
		if (n < 0) {
			struct pollfd pfd = {p->fd, POLLIN, 0};
			poll(&pfd, 1, 1);
			continue;
		}
		if (from.sll_pkttype == PACKET_OUTGOING || n < 42)
			continue;
		bool v6 = f->b[12] == 0x86;
		f->len = (size_t)n;
		f->ip_at = 14;
		f->udp_at = v6 ? 54 : 34;
		uint16_t sport;
		memcpy(&sport, f->b + f->udp_at, 2);
		if (f->b[f->ip_at + (v6 ? 6 : 9)] == 17 && sport == htons(GW_PORT))
			return true;
	}
	return false;
}

static const char *compare(const struct frame *in, const struct frame *out, bool v6_in, bool v6_out, const struct peer *from, const struct peer *to)
{
	const uint8_t *ip = out->b + out->ip_at, *ip_in = in->b + in->ip_at;
	struct addr src = address(to->gw[v6_out], 0), dst = address(to->ip[v6_out], 0);
	size_t n = v6_out ? 16 : 4, at = v6_out ? 8 : 12;
	uint8_t tos_in = v6_in ? (uint8_t)(ip_in[0] << 4 | ip_in[1] >> 4) : ip_in[1];
	uint8_t tos = v6_out ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];
	uint16_t dport, check;
	memcpy(&dport, out->b + out->udp_at + 2, 2);
	memcpy(&check, out->b + out->udp_at + 6, 2);
	(void)from;
	if ((out->b[12] == 0x86) != v6_out)
		return "family";
	if (out->len - out->udp_at != in->len - in->udp_at || memcmp(out->b + out->udp_at + 8, in->b + in->udp_at + 8, in->len - in->udp_at - 8))
		return "payload";
	if (memcmp(ip + at, src.bytes, n) || memcmp(ip + at + n, dst.bytes, n))
		return "addresses";
	if (dport != htons(PEER_PORT))
		return "port";
	if (!check || udp_sum(out, !v6_out) != 0xffff)
		return "UDP checksum";
	if (!v6_out && tandem_csum_fold(tandem_csum_bytes(ip, 20)) != 0xffff)
		return "IP checksum";
	if (tos != (uint8_t)(46 << 2 | (tos_in & 3)))
		return "DSCP/ECN";
	if (ip[v6_out ? 7 : 8] != 63)
		return "hop limit";
	return NULL;
}

static void put(const struct peer *p, const struct frame *f)
{
	if (send(p->fd, f->b, f->len, 0) != (ssize_t)f->len)
		die("send");
}

static struct fp_stream stream_to(const struct peer *p, bool v6, bool latch)
{
	return (struct fp_stream){.remote = address(p->ip[v6], PEER_PORT), .signalling = address(p->ip[v6], 0), .latch = latch,
				  .send = true, .receive = true, .dscp = 46, .clock_hz = 8000, .arm = 1};
}

/* A fresh pair of streams, and one packet each way so that both are latched and both next hops resolved. */
static void start(struct fastpath *fp, uint32_t slot[2], bool v6[2])
{
	for (int i = 0; i < 2; i++) {
		struct addr local = address(peers[i].gw[v6[i]], GW_PORT);
		if (fastpath_slot(fp, &local, &slot[i]))
			die("slot");
		fastpath_remove(fp, slot[i]);
		if (fastpath_open_port(fp, slot[i]))
			die("port");
	}
	for (int i = 0; i < 2; i++) {
		struct fp_stream s = stream_to(&peers[i], v6[i], true);
		if (fastpath_upsert(fp, slot[i], &s))
			die("upsert");
	}
	if (fastpath_join(fp, slot[0], slot[1]))
		die("join");
}

static void run_case(struct fastpath *fp, const struct packet_case *c, bool v6_in, bool v6_out, enum fp_engine engine)
{
	bool v6[2] = {v6_in, v6_out};
	uint32_t slot[2];
	struct frame in, out = {0};
	struct fp_stats before, after;
	const char *wrong = NULL;
	start(fp, slot, v6);
	build(&in, &peers[0], v6_in, PEER_PORT, 100, 0x1234, PLAIN);
	put(&peers[0], &in);
	if (!receive(&peers[1], &out, 500))
		wrong = "the first packet did not arrive";
	fastpath_read(fp, slot[0], &before);
	uint16_t sport = c->special == REBIND || c->special == GUESSED ? PEER_PORT + 1 : PEER_PORT;
	build(&in, &peers[0], v6_in, sport, c->special == GUESSED ? 20000 : 101, c->special == STRANGER ? 0x4321 : 0x1234, c->special);
	put(&peers[0], &in);
	bool arrives = c->arrives || (c->stays_wrong && engine != FP_NULL);
	bool arrived = receive(&peers[1], &out, arrives ? 500 : 15);
	fastpath_read(fp, slot[0], &after);
	enum fp_engine by = c->by_daemon ? FP_NULL : engine;
	if (!wrong && arrived != arrives)
		wrong = arrived ? "arrived" : "did not arrive";
	if (!wrong && arrived)
		wrong = compare(&in, &out, v6_in, v6_out, &peers[0], &peers[1]);
	if (c->stays_wrong && arrived)
		wrong = wrong && !strcmp(wrong, "UDP checksum") ? NULL : "a wrong checksum was made right";
	if (!wrong && arrived && after.by_engine[by] != before.by_engine[by] + 1)
		wrong = "another engine forwarded it";
	printf("%s %s %c-%c%s%s\n", wrong ? "FAIL" : "ok  ", c->name, v6_in ? '6' : '4', v6_out ? '6' : '4', wrong ? ": " : "", wrong ? wrong : "");
	wrong ? failed++ : passed++;
	for (int i = 0; i < 2; i++) {
		fastpath_remove(fp, slot[i]);
		fastpath_close_port(fp, slot[i]);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = {[FP_NULL] = "null", [FP_XDP_GENERIC] = "generic", [FP_XDP_NATIVE] = "native"};
	static const enum fp_want want[] = {[FP_NULL] = FP_WANT_NULL, [FP_XDP_GENERIC] = FP_WANT_GENERIC, [FP_XDP_NATIVE] = FP_WANT_NATIVE};
	struct fp_local locals[4];
	struct fastpath *fp;
	int engine = 0;
	while (argc == 2 && engine < FP_ENGINES && strcmp(argv[1], names[engine]))
		engine++;
	if (argc != 2 || engine == FP_ENGINES)
		return fprintf(stderr, "usage: packets null|generic|native\n"), 2;
	open_peer(&peers[0], "fastpath-a", "fastpath-gw", "pkt0", "gwa");
	open_peer(&peers[1], "fastpath-b", "fastpath-gw", "pkt0", "gwb");
	for (int i = 0; i < 4; i++)
		locals[i] = (struct fp_local){address(peers[i / 2].gw[i % 2], 0), GW_PORT, GW_PORT + 99};
	struct fp_params params = {.locals = locals, .n_locals = 4, .want = want[engine]};
	if (loop_init() || fastpath_open(&fp, &params))
		die("fastpath");
	json_t *engines = fastpath_engines(fp);
	char *text = json_dumps(engines, JSON_COMPACT);
	printf("engines %s\n", text);
	free(text);
	json_decref(engines);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int pair = 0; pair < 4; pair++)
			if (!(cases[i].v4_only && pair & 2))
				run_case(fp, &cases[i], pair & 2, pair & 1, (enum fp_engine)engine);
	mem_deref(fp);
	loop_close();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
