// SPDX-License-Identifier: GPL-3.0-or-later
#include "wire.h"
#include "base/counter.h"
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
#include <time.h>
#include <unistd.h>

struct peer peers[2] = {
	{.netns = "fastpath-a", .gw_ifname = "gwa", .ip = {"10.77.1.2", "fd77:1::2"}, .gw = {"10.77.1.1", "fd77:1::1"}},
	{.netns = "fastpath-b", .gw_ifname = "gwb", .ip = {"10.77.2.2", "fd77:2::2"}, .gw = {"10.77.2.1", "fd77:2::1"}},
};
bool loop_stopped;
struct fp_handlers engine_handlers;
unsigned engine_threads;
static unsigned passed, failed;

void die(const char *what)
{
	perror(what);
	exit(2);
}

void command(const char *netns, const char *format, ...)
{
	char line[512];
	int at = netns ? snprintf(line, sizeof line, "nsenter --net=/run/netns/%s ", netns) : 0;
	va_list ap;
	va_start(ap, format);
	vsnprintf(line + at, sizeof line - (size_t)at, format, ap);
	va_end(ap);
	if (system(line))
		die(line);
}

void command_output(char *out, size_t size, const char *format, ...)
{
	char line[512];
	va_list ap;
	va_start(ap, format);
	vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	FILE *f = popen(line, "r");
	out[0] = '\0';
	if (!f)
		die(line);
	if (fgets(out, (int)size, f))
		out[strcspn(out, "\n")] = '\0';
	pclose(f);
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
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (ioctl(fd, SIOCGIFHWADDR, &r))
		die(ifname);
	memcpy(mac, r.ifr_hwaddr.sa_data, 6);
	close(fd);
}

static void open_peer(struct peer *p)
{
	mac_of(p->gw_ifname, p->gw_mac);
	p->gw_ifindex = (int)if_nametoindex(p->gw_ifname);
	enter(p->netns);
	mac_of("pkt0", p->mac);
	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
	int on = 1, room = 8 << 20;
	(void)setsockopt(p->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
	(void)setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex("pkt0")};
	if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&ll, sizeof ll))
		die("packet socket");
	enter("fastpath-gw");
}

void open_wires(void)
{
	open_peer(&peers[0]);
	open_peer(&peers[1]);
}

void remake_wire(struct peer *p)
{
	close(p->fd);
	command(NULL, "ip link add %s type veth peer name pkt0 netns %s", p->gw_ifname, p->netns);
	command(p->netns, "ip addr add %s/24 dev pkt0", p->ip[0]);
	command(p->netns, "ip addr add %s/64 dev pkt0 nodad", p->ip[1]);
	command(p->netns, "ethtool -K pkt0 gro on tx off >/dev/null");
	command(p->netns, "ip link set pkt0 up");
	command(NULL, "ethtool -K %s gro on tx off >/dev/null", p->gw_ifname);
	command(NULL, "ip link set %s up", p->gw_ifname);
	command(NULL, "ip addr add %s/64 dev %s nodad", p->gw[1], p->gw_ifname);
	command(NULL, "ip addr add %s/24 dev %s", p->gw[0], p->gw_ifname);
	open_peer(p);
}

struct addr address(const char *ip, uint16_t port)
{
	struct addr a;
	if (addr_parse(&a, slice_str(ip), port))
		die(ip);
	return a;
}

/* --- frames -------------------------------------------------------------------------------------------------------- */

uint16_t udp_sum(const struct frame *f, bool v4)
{
	const uint8_t *ip = f->b + f->ip_at;
	size_t udp_len = f->len - f->udp_at;
	uint64_t sum = tandem_csum_bytes(ip + (v4 ? 12 : 8), v4 ? 8 : 32) + tandem_csum_pseudo(htons((uint16_t)udp_len)) +
		       tandem_csum_bytes(f->b + f->udp_at, (uint32_t)udp_len);
	return tandem_csum_fold(sum);
}

static void ip4_sum(uint8_t *ip)
{
	memset(ip + 10, 0, 2);
	uint16_t c = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(ip, (ip[0] & 15) * 4u));
	memcpy(ip + 10, &c, 2);
}

static void build_ip(struct frame *f, bool v6, const struct shape *s, const struct addr *src, const struct addr *dst)
{
	uint8_t *ip = f->b + f->ip_at, ttl = s->ttl ? s->ttl : 64, tos = s->tos || s->no_dscp ? s->tos : 0xb8;
	size_t extra = s->options ? (v6 ? 8 : 4) : 0;
	if (v6) {
		struct ip6_hdr h = {.ip6_flow = htonl(6u << 28 | (uint32_t)tos << 20), .ip6_plen = htons((uint16_t)(f->len - f->ip_at - 40)),
				    .ip6_nxt = extra ? IPPROTO_DSTOPTS : 17, .ip6_hlim = ttl, .ip6_src = src->v6, .ip6_dst = dst->v6};
		static const uint8_t padding[8] = {17, 0, 1, 4};
		memcpy(ip, &h, sizeof h);
		memcpy(ip + 40, padding, extra);
		return;
	}
	struct iphdr h = {.version = 4, .ihl = (5 + extra / 4) & 15, .tos = tos, .tot_len = htons((uint16_t)(f->len - f->ip_at)), .id = htons(s->seq),
			  .ttl = ttl, .protocol = 17, .saddr = src->v4.s_addr, .daddr = dst->v4.s_addr};
	memcpy(ip, &h, sizeof h);
	memset(ip + 20, 1, extra);
	ip4_sum(ip);
}

void build(struct frame *f, const struct peer *p, bool v6, const struct shape *s)
{
	struct addr src = address(p->ip[v6], 0), dst = address(p->gw[v6], 0);
	size_t payload = s->payload ? s->payload : 173;
	memset(f, 0, sizeof *f);
	memcpy(f->b, p->gw_mac, 6);
	memcpy(f->b + 6, p->mac, 6);
	f->b[12] = v6 ? 0x86 : 0x08;
	f->b[13] = v6 ? 0xdd : 0x00;
	f->ip_at = 14;
	f->udp_at = f->ip_at + (v6 ? 40 : 20) + (s->options ? (v6 ? 8 : 4) : 0);
	f->len = f->udp_at + 8 + payload;
	if (s->stranger)
		src.bytes[v6 ? 15 : 3] = 77;
	if (s->host)
		src.bytes[v6 ? 15 : 3] = s->host;
	build_ip(f, v6, s, &src, &dst);
	uint8_t *udp = f->b + f->udp_at, *rtp = udp + 8;
	struct udphdr u = {.source = htons(s->sport ? s->sport : PEER_PORT), .dest = htons(s->dport ? s->dport : GW_PORT),
			   .len = htons((uint16_t)(8 + payload))};
	memcpy(udp, &u, sizeof u);
	for (size_t i = 0; i < payload; i++)
		rtp[i] = (uint8_t)(i * 7 + s->seq);
	uint8_t head[12] = {s->first ? s->first : 0x80, s->second, (uint8_t)(s->seq >> 8), (uint8_t)s->seq};
	uint32_t ssrc = htonl(s->ssrc ? s->ssrc : SSRC), timestamp = htonl(s->timestamp ? s->timestamp : s->seq);
	memcpy(head + 4, &timestamp, 4);
	memcpy(head + 8, &ssrc, 4);
	memcpy(rtp, head, payload < 12 ? payload : 12);
	if (s->body_len && s->body_len + 12 <= payload)
		memcpy(rtp + 12, s->body, s->body_len);
	uint16_t c = (uint16_t)~udp_sum(f, !v6);
	if (s->bad_check)
		c ^= 0x1234;
	if (!s->no_check)
		memcpy(udp + 6, &c, 2);
}

void put(const struct peer *p, const struct frame *f)
{
	if (send(p->fd, f->b, f->len, 0) != (ssize_t)f->len)
		die("send");
}

static uint16_t fragment_id; /* never that of others whose pieces the receiver may still have */

/* Bytes from..to of the IP payload as a fragment of their own. */
static void put_piece(const struct peer *p, const struct frame *f, size_t from, size_t to)
{
	struct frame g = {.ip_at = f->ip_at};
	bool v6 = f->b[12] == 0x86, more = f->udp_at + to < f->len;
	uint8_t *ip = g.b + g.ip_at;
	memcpy(g.b, f->b, f->udp_at);
	g.udp_at = f->udp_at + (v6 ? 8 : 0);
	memcpy(g.b + g.udp_at, f->b + f->udp_at + from, to - from);
	g.len = g.udp_at + to - from;
	uint16_t total = htons((uint16_t)(g.len - g.ip_at - (v6 ? 40 : 0)));
	memcpy(ip + (v6 ? 4 : 2), &total, 2);
	if (v6) {
		uint8_t header[8] = {17, 0, (uint8_t)(from >> 8), (uint8_t)(from | more), 0, 0, (uint8_t)(fragment_id >> 8), (uint8_t)fragment_id};
		ip[6] = IPPROTO_FRAGMENT;
		memcpy(ip + 40, header, sizeof header);
	} else {
		uint16_t off = htons((uint16_t)(from / 8 | (more ? 0x2000 : 0)));
		memcpy(ip + 6, &off, 2);
		memcpy(ip + 4, &fragment_id, 2);
		ip4_sum(ip);
	}
	put(p, &g);
}

void put_fragments(const struct peer *p, const struct frame *f)
{
	size_t all = f->len - f->udp_at, half = all / 2 & ~(size_t)7;
	fragment_id++;
	put_piece(p, f, half, all);
	put_piece(p, f, 0, half);
}

void put_pieces(const struct peer *p, const struct frame *f, size_t size)
{
	size_t all = f->len - f->udp_at;
	fragment_id++;
	for (size_t from = 0; from < all; from += size)
		put_piece(p, f, from, from + size < all ? from + size : all);
}

/* --- receiving ----------------------------------------------------------------------------------------------------- */

bool next_frame(const struct peer *p, struct frame *f)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof from;
	ssize_t n;
	while ((n = recvfrom(p->fd, f->b, sizeof f->b, 0, (struct sockaddr *)&from, &len)) >= 0) {
		if (from.sll_pkttype == PACKET_OUTGOING || n < 42)
			continue;
		bool v6 = f->b[12] == 0x86;
		f->len = (size_t)n;
		f->ip_at = 14;
		f->udp_at = v6 ? 54 : 34;
		return true;
	}
	return false;
}

uint8_t protocol_of(const struct frame *f)
{
	return f->b[12] == 0x86 ? f->b[f->ip_at + 6] : f->b[12] == 0x08 && !f->b[13] ? f->b[f->ip_at + 9] : 0;
}

void turn_loop(void)
{
	if (!loop_stopped)
		uv_run(loop_uv(), UV_RUN_NOWAIT);
}

void run_loop(int ms)
{
	for (int i = 0; i < ms; i++) {
		turn_loop();
		usleep(1000);
	}
	turn_loop();
}

/* How long this thread has waited for a CPU that others had, ms. */
static double waited(void)
{
	static int fd = -1;
	char line[128] = "";
	unsigned long long ran, delayed = 0;
	if (fd < 0)
		fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, line, sizeof line - 1, 0) > 0)
		(void)sscanf(line, "%llu %llu", &ran, &delayed);
	return (double)delayed / 1e6;
}

double quiet_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6 - waited();
}

void await_engine(struct fastpath *fp, uint32_t slot, enum fp_engine engine)
{
	struct fp_stats s;
	for (int ms = 0; ms < SOON; ms++) {
		if (!fastpath_read(fp, slot, &s) && s.engine == engine)
			return;
		run_loop(1);
	}
	die("the engine is not ready");
}

static bool is_media(const struct frame *f)
{
	uint16_t sport;
	memcpy(&sport, f->b + f->udp_at, 2);
	return protocol_of(f) == 17 && sport == htons(GW_PORT);
}

bool receive(const struct peer *p, struct frame *f, int wait_ms)
{
	for (int waited = 0; waited <= wait_ms; waited++) {
		turn_loop();
		while (next_frame(p, f))
			if (is_media(f)) {
				turn_loop();
				return true;
			}
		poll(&(struct pollfd){p->fd, POLLIN, 0}, 1, 1);
	}
	return false;
}

unsigned errors_at(const struct peer *p)
{
	struct frame f;
	unsigned n = 0;
	while (next_frame(p, &f)) {
		uint8_t kind = protocol_of(&f), type = f.b[f.udp_at];
		n += (kind == 1 && (type == 3 || type == 11 || type == 12)) || (kind == 58 && type < 128);
	}
	return n;
}

/* --- the gateway ---------------------------------------------------------------------------------------------------- */

struct fp_stream stream_to(const char *ip, bool latch, uint8_t dscp)
{
	return (struct fp_stream){.remote = address(ip, PEER_PORT), .signalling = address(ip, 0), .latch = latch,
				  .send = true, .receive = true, .dscp = dscp, .clock_hz = 8000, .arm = 1};
}

bool engine_keep_xdp;

struct fastpath *open_engine(enum fp_want want, const char *pin, uint16_t ports)
{
	struct fp_local locals[4];
	struct fastpath *fp;
	for (int i = 0; i < 4; i++)
		locals[i] = (struct fp_local){address(peers[i / 2].gw[i % 2], 0), GW_PORT, (uint16_t)(GW_PORT + ports - 1)};
	struct fp_params params = {.locals = locals, .n_locals = 4, .want = want, .pin_dir = pin, .handlers = engine_handlers, .threads = engine_threads,
				   .keep_xdp = engine_keep_xdp};
	if (fastpath_open(&fp, &params))
		die("fastpath");
	return fp;
}

void start(struct fastpath *fp, uint32_t slot[2], const bool v6[2], uint8_t dscp)
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
		struct fp_stream s = stream_to(peers[i].ip[v6[i]], true, i ? dscp : 46);
		if (fastpath_upsert(fp, slot[i], &s))
			die("upsert");
	}
	if (fastpath_join(fp, slot[0], slot[1]))
		die("join");
}

void end(struct fastpath *fp, const uint32_t slot[2])
{
	for (int i = 0; i < 2; i++) {
		fastpath_remove(fp, slot[i]);
		fastpath_close_port(fp, slot[i]);
	}
}

void open_fence(struct fastpath *fp, const bool v6[2])
{
	uint32_t slot[2];
	for (int i = 0; i < 2; i++) {
		struct addr local = address(peers[i].gw[v6[i]], FENCE_PORT);
		struct fp_stream s = stream_to(peers[i].ip[v6[i]], false, 46);
		s.engine = FP_WANT_NULL;
		s.rtcp_mux = true;
		if (fastpath_slot(fp, &local, &slot[i]))
			die("fence");
		fastpath_remove(fp, slot[i]);
		if (fastpath_open_port(fp, slot[i]) || fastpath_upsert(fp, slot[i], &s))
			die("fence");
	}
	if (fastpath_join(fp, slot[0], slot[1]))
		die("fence");
}

void put_fence(const bool v6[2], uint16_t seq)
{
	struct frame f;
	build(&f, &peers[0], v6[0], &(struct shape){.dport = FENCE_PORT, .seq = seq, .ssrc = FENCE_SSRC, .payload = 40});
	put(&peers[0], &f);
}

bool is_fence(const struct frame *f, uint16_t seq)
{
	const uint8_t *rtp = f->b + f->udp_at + 8;
	uint32_t ssrc = htonl(FENCE_SSRC);
	return protocol_of(f) == 17 && !memcmp(rtp + 8, &ssrc, 4) && (rtp[2] << 8 | rtp[3]) == seq;
}

bool receive_before_fence(const struct peer *p, struct frame *f, const bool v6[2], uint16_t seq)
{
	struct frame g;
	bool any = false;
	put_fence(v6, seq);
	for (int waited = 0; waited < SOON; waited++) {
		turn_loop();
		while (next_frame(p, &g)) {
			if (is_fence(&g, seq))
				return any;
			if (is_media(&g)) {
				*f = g;
				any = true;
			}
		}
		poll(&(struct pollfd){p->fd, POLLIN, 0}, 1, 1);
	}
	die("the fence did not come through");
}

uint64_t xdp_counter(const char *reason)
{
	json_t *all = counter_json(), *row;
	uint64_t value = 0;
	size_t i;
	json_array_foreach(all, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "group")), "relay-xdp") &&
		    !strcmp(json_string_value(json_object_get(row, "name")), reason))
			value = (uint64_t)json_integer_value(json_object_get(row, "value"));
	json_decref(all);
	return value;
}

void result(const char *name, const char *wrong)
{
	printf("%s %s%s%s\n", wrong ? "FAIL" : "ok  ", name, wrong ? ": " : "", wrong ? wrong : "");
	wrong ? failed++ : passed++;
}

int summary(void)
{
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
