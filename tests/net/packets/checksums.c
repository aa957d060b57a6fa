// SPDX-License-Identifier: GPL-3.0-or-later
/* Checksums that are not what a wire carries: half of one, as a local socket on a veth leaves it for hardware to complete; and a wrong one,
 * which must not let its sender in. */
#include "wire.h"
#include "tandem/csum.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAYLOAD 172

/* The namespace `name`, or this thread's own. */
static int netns(const char *name)
{
	char path[128];
	snprintf(path, sizeof path, "/run/netns/%s", name ? name : "");
	int fd = open(name ? path : "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("namespace");
	return fd;
}

/* A UDP socket of a peer's, on its usual port. */
static int socket_at(const struct peer *p, bool v6)
{
	struct addr local = address(p->ip[v6], PEER_PORT);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&local, &ss);
	int here = netns(NULL), there = netns(p->netns);
	if (setns(there, CLONE_NEWNET))
		die("setns");
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, len) || setns(here, CLONE_NEWNET))
		die("socket");
	close(here);
	close(there);
	return fd;
}

static void say(int fd, const struct addr *to, uint16_t seq)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(to, &ss);
	uint8_t rtp[PAYLOAD] = {0x80, 8, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0x12, 0x34};
	memset(rtp + 12, seq, sizeof rtp - 12);
	if (sendto(fd, rtp, sizeof rtp, 0, (struct sockaddr *)&ss, len) != sizeof rtp)
		die("sendto");
}

/* What is on the wire: a whole checksum, or in generic mode half a one that the kernel still has to complete. */
static const char *check(const struct frame *f, bool v6, enum fp_engine engine)
{
	const uint8_t *ip = f->b + f->ip_at, *udp = f->b + f->udp_at;
	uint16_t check, len;
	memcpy(&check, udp + 6, sizeof check);
	memcpy(&len, udp + 4, sizeof len);
	uint64_t pseudo = tandem_csum_bytes(ip + (v6 ? 8 : 12), v6 ? 32 : 8) + tandem_csum_pseudo(len);
	if (udp_sum(f, !v6) == 0xffff || (engine != FP_XDP_NATIVE && check == tandem_csum_fold(pseudo)))
		return NULL;
	return "UDP checksum";
}

static const char *sockets(struct fastpath *fp, const bool v6[2], enum fp_engine engine)
{
	int from = socket_at(&peers[0], v6[0]), to = socket_at(&peers[1], v6[1]);
	struct addr gw = address(peers[0].gw[v6[0]], GW_PORT);
	const char *wrong = NULL;
	uint32_t slot[2];
	struct fp_stats stats;
	start(fp, slot, v6, 46);
	for (uint16_t seq = 1; !wrong && seq <= 20; seq++) {
		struct frame f;
		uint8_t got[PAYLOAD];
		say(from, &gw, seq);
		wrong = receive(&peers[1], &f, SOON) ? check(&f, v6[1], engine) : "did not arrive";
		poll(&(struct pollfd){to, POLLIN, 0}, 1, SOON);
		if (!wrong && (recv(to, got, sizeof got, 0) != sizeof got || got[3] != seq || got[PAYLOAD - 1] != seq))
			wrong = "did not reach the socket";
	}
	if (!wrong && (fastpath_read(fp, slot[0], &stats) || stats.by_engine[engine] < 19))
		wrong = "another engine forwarded it";
	end(fp, slot);
	close(from);
	close(to);
	return wrong;
}

/* Two packets that would latch a stream, the first one with a wrong checksum. */
static const char *latch(struct fastpath *fp, const bool v6[2], enum fp_engine engine)
{
	uint32_t slot[2];
	struct frame in, out;
	struct fp_stats stats = {0};
	const char *wrong = NULL;
	start(fp, slot, v6, 46);
	build(&in, &peers[0], v6[0], &(struct shape){.seq = 100, .sport = PEER_PORT + 8, .ssrc = 99, .bad_check = true});
	put(&peers[0], &in);
	if (receive(&peers[1], &out, 15))
		wrong = "a packet with a wrong checksum opened the stream";
	if (!wrong && (fastpath_read(fp, slot[0], &stats) || stats.latched || stats.rx_packets))
		wrong = "a packet with a wrong checksum was believed";
	build(&in, &peers[0], v6[0], &(struct shape){.seq = 101});
	put(&peers[0], &in);
	if (!wrong && !receive(&peers[1], &out, SOON))
		wrong = "the right packet did not arrive";
	if (!wrong && (fastpath_read(fp, slot[0], &stats) || !stats.latched || stats.ssrc != SSRC))
		wrong = "the right packet did not latch";
	end(fp, slot);
	return wrong;
}

static void offload(const char *on)
{
	for (int i = 0; i < 2; i++) {
		command(peers[i].netns, "ethtool -K pkt0 tx %s >/dev/null", on);
		command(NULL, "ethtool -K %s tx %s >/dev/null", peers[i].gw_ifname, on);
	}
}

int test_checksums(void)
{
	static const struct {
		enum fp_engine engine;
		enum fp_want want;
		const char *name;
	} engines[] = {{FP_NULL, FP_WANT_NULL, "null"}, {FP_XDP_GENERIC, FP_WANT_GENERIC, "generic"}, {FP_XDP_NATIVE, FP_WANT_NATIVE, "native"}};
	static const struct {
		const char *name, *offload;
		const char *(*fn)(struct fastpath *fp, const bool v6[2], enum fp_engine engine);
	} tests[] = {{"sockets", "on", sockets}, {"latch", "off", latch}};
	for (size_t e = 0; e < sizeof engines / sizeof engines[0]; e++) {
		struct fastpath *fp = open_engine(engines[e].want, NULL, PORTS);
		for (size_t t = 0; t < sizeof tests / sizeof tests[0]; t++) {
			offload(tests[t].offload);
			for (unsigned pair = 0; pair < 4; pair++) {
				const bool v6[2] = {pair & 2, pair & 1};
				char name[64];
				snprintf(name, sizeof name, "%s %s %c-%c", tests[t].name, engines[e].name, v6[0] ? '6' : '4', v6[1] ? '6' : '4');
				result(name, tests[t].fn(fp, v6, engines[e].engine));
			}
		}
		mem_deref(fp);
	}
	return summary();
}
