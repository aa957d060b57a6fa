// SPDX-License-Identifier: GPL-3.0-or-later
/* Packet cases, each run on one engine in every pair of families. */
#include "wire.h"
#include "tandem/csum.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct packet_case {
	const char *name;
	struct shape shape;
	bool arrives;
	bool by_daemon; /* XDP leaves it to the module or the daemon, who forwards it */
	bool fragments;
	bool stays_wrong; /* dropped by the host's stack before a socket; XDP forwards it, still invalid, for the receiver to drop */
	bool unreachable; /* the host answers with an ICMP error, as it may */
	unsigned pairs;   /* PAIR() of families it applies to; 0: all */
	uint8_t dscp;     /* of the leaving side; 0: 46 */
};

#define PAIR(in, out) (1u << ((in) == 6) << 2 * ((out) == 6))
#define FROM_4 (PAIR(4, 4) | PAIR(4, 6))
#define FROM_6 (PAIR(6, 4) | PAIR(6, 6))
#define MTU 1500

static const struct packet_case cases[] = {
	{.name = "plain", .arrives = true},
	{.name = "zero-checksum", .shape = {.no_check = true}, .arrives = true, .pairs = FROM_4},
	{.name = "zero-checksum-illegal", .shape = {.no_check = true}, .pairs = FROM_6}, /* RFC 8200 8.1 */
	{.name = "wrong-checksum", .shape = {.bad_check = true}, .stays_wrong = true},
	{.name = "hop-limit-1", .shape = {.ttl = 1}},
	{.name = "ecn", .shape = {.tos = 0xb9}, .arrives = true},
	{.name = "dscp-rewritten", .shape = {.no_dscp = true}, .arrives = true},
	{.name = "dscp-rewritten-ecn-kept", .shape = {.no_dscp = true, .tos = 2}, .arrives = true},
	{.name = "dscp-of-its-own", .shape = {.tos = 0xb9}, .arrives = true, .dscp = 10},
	{.name = "ip-options", .shape = {.options = true}, .arrives = true, .by_daemon = true},
	{.name = "fragments", .arrives = true, .by_daemon = true, .fragments = true},
	{.name = "largest", .shape = {.payload = MTU - 48}, .arrives = true},
	{.name = "largest-from-4", .shape = {.payload = MTU - 28}, .arrives = true, .pairs = PAIR(4, 4)},
	{.name = "runt", .shape = {.payload = 10}},
	{.name = "empty", .shape = {.payload = 1}},
	{.name = "stun", .shape = {.first = 1}},
	{.name = "dtls", .shape = {.first = 22}},
	{.name = "junk", .shape = {.first = 0xff}},
	{.name = "stranger", .shape = {.stranger = true, .ssrc = 0x4321}},
	{.name = "guessed-ssrc", .shape = {.sport = PEER_PORT + 1, .seq = 20000}},
	{.name = "closed-port", .shape = {.dport = GW_PORT + 10}},
	{.name = "outside-the-range", .shape = {.dport = GW_PORT + PORTS + 1}, .unreachable = true},
	{.name = "rebind", .shape = {.sport = PEER_PORT + 1}, .arrives = true},
};

static const char *compare_headers(const struct frame *in, const struct frame *out, const bool v6[2], uint8_t dscp)
{
	const uint8_t *ip = out->b + out->ip_at, *ip_in = in->b + in->ip_at;
	struct addr src = address(peers[1].gw[v6[1]], 0), dst = address(peers[1].ip[v6[1]], 0);
	size_t n = v6[1] ? 16 : 4, at = v6[1] ? 8 : 12;
	uint8_t tos_in = v6[0] ? (uint8_t)(ip_in[0] << 4 | ip_in[1] >> 4) : ip_in[1];
	uint8_t tos = v6[1] ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];
	if (memcmp(ip + at, src.bytes, n) || memcmp(ip + at + n, dst.bytes, n))
		return "addresses";
	if (!v6[1] && tandem_csum_fold(tandem_csum_bytes(ip, 20)) != 0xffff)
		return "IP checksum";
	if (tos != (uint8_t)(dscp << 2 | (tos_in & 3)))
		return "DSCP/ECN";
	return ip[v6[1] ? 7 : 8] == 63 ? NULL : "hop limit";
}

static const char *compare(const struct frame *in, const struct frame *out, const bool v6[2], uint8_t dscp)
{
	uint16_t dport, check;
	size_t udp_len = in->len - in->udp_at;
	memcpy(&dport, out->b + out->udp_at + 2, 2);
	memcpy(&check, out->b + out->udp_at + 6, 2);
	if ((out->b[12] == 0x86) != v6[1])
		return "family";
	if (memcmp(out->b, peers[1].mac, 6) || memcmp(out->b + 6, peers[1].gw_mac, 6))
		return "MAC addresses";
	if (out->len - out->udp_at != udp_len || memcmp(out->b + out->udp_at + 8, in->b + in->udp_at + 8, udp_len - 8))
		return "payload";
	if (dport != htons(PEER_PORT))
		return "port";
	const char *wrong = compare_headers(in, out, v6, dscp);
	if (!wrong && (!check || udp_sum(out, !v6[1]) != 0xffff))
		wrong = "UDP checksum";
	return wrong;
}

static const char *judge(const struct packet_case *c, const struct frame *in, const struct frame *out, bool arrived, bool arrives, const bool v6[2])
{
	if (arrived != arrives)
		return arrived ? "arrived" : "did not arrive";
	if (!arrived)
		return NULL;
	const char *wrong = compare(in, out, v6, c->dscp ? c->dscp : 46);
	if (c->stays_wrong)
		return wrong && !strcmp(wrong, "UDP checksum") ? NULL : "a wrong checksum was made right";
	return wrong;
}

static uint16_t fences;
static int soon = SOON; /* shorter where nothing is to come */

/* Whether an ICMP error comes to peer a. */
static bool error_comes(void)
{
	unsigned errors = 0;
	for (int ms = 0; ms < soon && !errors; ms++) {
		errors = errors_at(&peers[0]);
		if (!errors)
			run_loop(1);
	}
	return errors;
}

/* What is wrong with a case, NULL when nothing is. */
static const char *run_case(struct fastpath *fp, const struct packet_case *c, const bool v6[2], enum fp_engine engine)
{
	uint32_t slot[2];
	struct frame in, out = {0};
	struct fp_stats before, after;
	struct shape shape = c->shape;
	start(fp, slot, v6, c->dscp ? c->dscp : 46);
	build(&in, &peers[0], v6[0], &(struct shape){.seq = 100});
	put(&peers[0], &in);
	bool latched = receive(&peers[1], &out, soon);
	fastpath_read(fp, slot[0], &before);
	errors_at(&peers[0]);
	if (!shape.seq)
		shape.seq = 101;
	build(&in, &peers[0], v6[0], &shape);
	if (c->fragments)
		put_fragments(&peers[0], &in);
	else
		put(&peers[0], &in);
	bool arrives = c->arrives || (c->stays_wrong && engine != FP_NULL);
	bool arrived = arrives ? receive(&peers[1], &out, soon) : receive_before_fence(&peers[1], &out, v6, ++fences);
	fastpath_read(fp, slot[0], &after);
	enum fp_engine by = c->by_daemon && engine != FP_KMOD ? FP_NULL : engine;
	const char *wrong = latched ? judge(c, &in, &out, arrived, arrives, v6) : "the first packet did not arrive";
	if (!wrong && arrived && after.by_engine[by] != before.by_engine[by] + 1)
		wrong = "another engine forwarded it";
	if (!wrong && c->unreachable && !error_comes())
		wrong = "no ICMP error where there must be one";
	else if (!wrong && !c->unreachable && errors_at(&peers[0]))
		wrong = "an ICMP error left";
	end(fp, slot);
	return wrong;
}

static void run_cases(struct fastpath *fp, enum fp_engine engine)
{
	for (unsigned pair = 0; pair < 4; pair++) {
		const bool v6[2] = {pair & 1, pair & 2};
		open_fence(fp, v6);
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			char name[80];
			if (cases[i].pairs && !(cases[i].pairs & PAIR(v6[0] ? 6 : 4, v6[1] ? 6 : 4)))
				continue;
			snprintf(name, sizeof name, "%s %c-%c", cases[i].name, v6[0] ? '6' : '4', v6[1] ? '6' : '4');
			result(name, run_case(fp, &cases[i], v6, engine));
		}
	}
}

/* Network loopback (RFC 3435 2.3): joined to itself, a stream is sent back whole, by the engine. */
static const char *run_looped(struct fastpath *fp, bool v6, enum fp_engine engine)
{
	const bool both[2] = {v6, v6};
	struct fp_stats before, after;
	struct frame in, out;
	uint32_t slot[2];
	const char *wrong = NULL;
	start(fp, slot, both, 46);
	if (fastpath_join(fp, slot[0], slot[0]))
		die("join");
	for (uint16_t seq = 1; seq <= 2 && !wrong; seq++) {
		fastpath_read(fp, slot[0], &before);
		build(&in, &peers[0], v6, &(struct shape){.seq = seq});
		put(&peers[0], &in);
		size_t len = in.len - in.udp_at - 8;
		if (!receive(&peers[0], &out, SOON))
			wrong = "it did not come back";
		else if (out.len - out.udp_at - 8 != len || memcmp(out.b + out.udp_at + 8, in.b + in.udp_at + 8, len))
			wrong = "it came back otherwise";
		else if (fastpath_read(fp, slot[0], &after) || after.by_engine[engine] != before.by_engine[engine] + 1)
			wrong = "another engine sent it back";
	}
	end(fp, slot);
	return wrong;
}

const enum fp_want engine_wants[FP_ENGINES] = {
	[FP_NULL] = FP_WANT_NULL, [FP_KMOD] = FP_WANT_MODULE, [FP_XDP_GENERIC] = FP_WANT_GENERIC, [FP_XDP_NATIVE] = FP_WANT_NATIVE};

int test_engine(enum fp_engine engine)
{
	engine_threads = 1;
	struct fastpath *fp = open_engine(engine_wants[engine], NULL, PORTS);
	run_cases(fp, engine);
	result("looped 4", run_looped(fp, false, engine));
	result("looped 6", run_looped(fp, true, engine));
	mem_deref(fp);
	engine_threads = 0;
	return summary();
}

/* --- the tests themselves are tested ------------------------------------------------------------------------------- */

/* Detaches the first link that is meant, whoever holds it. */
static void detach(bool (*is_meant)(const struct bpf_link_info *info, uint64_t which), uint64_t which)
{
	uint32_t id = 0;
	bool done = false;
	while (!done && !bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {0};
		uint32_t len = sizeof info;
		int fd = bpf_link_get_fd_by_id(id);
		done = fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && is_meant(&info, which) && !bpf_link_detach(fd);
		if (fd >= 0)
			close(fd);
	}
	if (!done)
		die("detaching a program");
}

/* `which` is the program and the interface: other namespaces have interfaces of that index too, but not the program. */
static bool is_xdp(const struct bpf_link_info *info, uint64_t which)
{
	return info->type == BPF_LINK_TYPE_XDP && ((uint64_t)info->prog_id << 32 | info->xdp.ifindex) == which;
}

static bool is_steering(const struct bpf_link_info *info, uint64_t netns)
{
	return info->type == BPF_LINK_TYPE_NETNS && info->netns.attach_type == BPF_SK_LOOKUP && info->netns.netns_ino == netns;
}

static void disable(enum fp_engine engine)
{
	struct stat here;
	uint32_t prog_id = 0;
	if (engine == FP_KMOD)
		command(NULL, "rmmod tandem");
	else if (engine != FP_NULL && (bpf_xdp_query_id(peers[0].gw_ifindex, 0, &prog_id) || !prog_id))
		die("no XDP program there");
	else if (engine != FP_NULL)
		detach(is_xdp, (uint64_t)prog_id << 32 | (uint32_t)peers[0].gw_ifindex);
	else if (stat("/proc/self/ns/net", &here))
		die("network namespace");
	else
		detach(is_steering, here.st_ino);
}

int test_disabled(enum fp_engine engine)
{
	static const bool v6[2] = {false, false};
	struct fastpath *fp = open_engine(engine_wants[engine], NULL, PORTS);
	const char *wrong = run_case(fp, &cases[0], v6, engine);
	result("the case holds while the engine runs", wrong);
	disable(engine);
	soon = 500;
	wrong = run_case(fp, &cases[0], v6, engine);
	result("the case fails while the engine is disabled", wrong ? NULL : "it did not notice");
	loop_stopped = false;
	mem_deref(fp);
	return summary();
}
