// SPDX-License-Identifier: GPL-3.0-or-later
/* What one packet costs in the XDP program itself: BPF_PROG_TEST_RUN of the real object on 300 latched streams, in each pair of
 * families, less an empty program; beside it the bare program of the relay bench. Usage: progtool PROG.bpf.o SINK.bpf.o [ROUNDS] */
#include "relay.skel.h"
#include "prog.bpf.h"
#include "../relay/relay.bpf.h"
#include "tandem/slot.h"
#include "tandem/stats.h"
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef RUNS
#define RUNS      1000000
#endif
#define RTP_BYTES 172
#define PORT_MIN  16384
#define LOOPBACK  1 /* frames are never really sent */

/* What is measured: how it arrives, how it leaves, and the best so far. */
struct subject {
	const char *name;
	int in6, out6; /* out6 -1: not the relay */
	unsigned best;
};

static struct subject subjects[] = {
	{"empty4", 0, -1, ~0u}, {"empty6", 1, -1, ~0u}, {"bare", 0, -1, ~0u}, {"4-4", 0, 0, ~0u},
	{"6-6", 1, 1, ~0u},     {"4-6", 0, 1, ~0u},     {"6-4", 1, 0, ~0u},
};
enum { EMPTY4, EMPTY6, BARE, SUBJECTS = sizeof subjects / sizeof subjects[0] };

struct bench {
	struct relay *relay;
	int renew, empty, bare, fronts, measured, bss, bare_flows;
	struct tandem_slot *slots;
	struct tandem_hop *hops;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct tandem_ip ip_of(const char *text)
{
	struct tandem_ip ip = {{0, 0, htonl(0xffff), 0}};
	if (inet_pton(AF_INET, text, &ip.w[3]) != 1 && inet_pton(AF_INET6, text, &ip) != 1)
		die(text);
	return ip;
}

static const char *const peer[2] = {"198.51.100.7", "2001:db8:1::7"}, *const local[2] = {"192.0.2.1", "2001:db8:2::1"},
			 *const far[2] = {"203.0.113.9", "2001:db8:3::9"};

/* The frame of stream `i` as it arrives, into `frame` (which has room). Returns its length. */
static size_t build(uint8_t *frame, int v6, unsigned i)
{
	struct ethhdr eth = {.h_dest = {2, 0, 0, 0, 0, 1}, .h_source = {2, 0, 0, 0, 0, 2}, .h_proto = htons(v6 ? ETH_P_IPV6 : ETH_P_IP)};
	struct tandem_ip src = ip_of(peer[v6]), dst = ip_of(local[v6]);
	uint16_t len = sizeof(struct udphdr) + RTP_BYTES;
	struct iphdr ip4 = {.version = 4, .ihl = 5, .tos = 0xb8, .tot_len = htons((uint16_t)(sizeof ip4 + len)), .ttl = 64,
			    .protocol = IPPROTO_UDP, .saddr = src.w[3], .daddr = dst.w[3]};
	struct ipv6hdr ip6 = {.version = 6, .payload_len = htons(len), .nexthdr = IPPROTO_UDP, .hop_limit = 64};
	struct udphdr udp = {.source = htons(4000), .dest = htons((uint16_t)(PORT_MIN + 2 * i)), .len = htons(len)};
	uint8_t rtp[RTP_BYTES] = {0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4};
	memset(rtp + 12, 0xd5, sizeof rtp - 12);
	memcpy(&ip6.saddr, &src, sizeof src);
	memcpy(&ip6.daddr, &dst, sizeof dst);
	ip4.check = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(&ip4, sizeof ip4));
	uint64_t sum = tandem_csum_ends(!v6, &src, &dst, udp.source, udp.dest) + tandem_csum_pseudo(udp.len) + udp.len;
	udp.check = (uint16_t)~tandem_csum_fold(sum + tandem_csum_bytes(rtp, sizeof rtp));
	size_t ip_len = v6 ? sizeof ip6 : sizeof ip4;
	memcpy(frame, &eth, sizeof eth);
	memcpy(frame + sizeof eth, v6 ? (void *)&ip6 : (void *)&ip4, ip_len);
	memcpy(frame + sizeof eth + ip_len, &udp, sizeof udp);
	memcpy(frame + sizeof eth + ip_len + sizeof udp, rtp, sizeof rtp);
	return sizeof eth + ip_len + sizeof udp + sizeof rtp;
}

/* A latched stream that leads to `far`. */
static void set_up(struct bench *b, int in6, int out6, unsigned i)
{
	struct tandem_slot *s = &b->slots[(in6 ? PROG_STREAMS * 2 : 0) + 2 * i];
	struct tandem_ip to = ip_of(far[out6]);
	memset(s, 0, sizeof *s);
	s->in = (struct tandem_in){.flags = TANDEM_OPEN | TANDEM_RECEIVE | TANDEM_SEND | TANDEM_REMOTE | TANDEM_LATCHED | TANDEM_LATCH,
				   .src = ip_of(peer[in6]), .src_port = htons(4000), .media = ip_of(peer[in6]), .media_port = htons(4000),
				   .ssrc = htonl(0x01020304), .clock = (uint32_t)((8000ull << 32) / 1000000000u), .peer = TANDEM_NONE};
	s->out = (struct tandem_out){.src = ip_of(local[out6]), .src_port = htons((uint16_t)(20000 + 2 * i)), .tos = 0xb8, .family = out6 ? 6 : 4};
	tandem_out_point(&s->out, &to, htons(4000), 0);
}

static void write_locals(struct bench *b)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct tandem_ip key = ip_of(local[v6]);
		struct tandem_local value = {v6 ? PROG_STREAMS * 2 : 0, PORT_MIN, PORT_MIN + 2 * PROG_STREAMS - 1};
		struct tandem_near near = {key, value};
		uint32_t index = tandem_near_index(&key);
		if (bpf_map_update_elem(bpf_map__fd(b->relay->maps.locals), &key, &value, 0) ||
		    bpf_map_update_elem(bpf_map__fd(b->relay->maps.near), &index, &near, 0))
			die("locals");
	}
}

static void load_relay(struct bench *b)
{
	const uint32_t zero = 0, device = LOOPBACK;
	b->relay = relay__open();
	if (!b->relay || bpf_map__set_max_entries(b->relay->maps.slots, 4 * PROG_STREAMS) || relay__load(b->relay))
		die("relay");
	b->slots = mmap(NULL, 4 * PROG_STREAMS * sizeof *b->slots, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(b->relay->maps.slots), 0);
	b->hops = mmap(NULL, TANDEM_MAX_HOPS * sizeof *b->hops, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(b->relay->maps.hops), 0);
	if (b->slots == MAP_FAILED || b->hops == MAP_FAILED || bpf_map_update_elem(bpf_map__fd(b->relay->maps.devices), &zero, &device, 0))
		die("maps");
	b->hops[0] = (struct tandem_hop){.state = TANDEM_HOP_NATIVE, .mtu = 1500, .dmac = {2, 0, 0, 0, 0, 3}, .smac = {2, 0, 0, 0, 0, 4}};
	write_locals(b);
}

static struct bpf_object *load(const char *path)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	if (!o || bpf_object__load(o))
		die(path);
	return o;
}

static int program(struct bpf_object *o, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(o, name));
}

static void load_others(struct bench *b, const char *prog, const char *sink)
{
	struct bpf_object *o = load(prog), *bare = load(sink);
	const uint32_t zero = 0, device = LOOPBACK;
	b->renew = program(o, "renew");
	b->empty = program(o, "empty");
	b->bare = program(bare, "bare");
	b->fronts = bpf_object__find_map_fd_by_name(o, "fronts");
	b->measured = bpf_object__find_map_fd_by_name(o, "measured");
	b->bss = bpf_object__find_map_fd_by_name(o, ".bss");
	b->bare_flows = bpf_object__find_map_fd_by_name(bare, "bare_flows");
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(bare, "bare_ports"), &zero, &device, 0))
		die("bare_ports");
}

static void set_up_streams(struct bench *b, const struct subject *s)
{
	for (uint32_t i = 0; i < PROG_STREAMS; i++) {
		uint8_t frame[512];
		struct bare_key key = {.daddr = ip_of(local[0]).w[3], .dport = htons((uint16_t)(PORT_MIN + 2 * i))};
		build(frame, s->in6, i);
		if (bpf_map_update_elem(b->fronts, &i, frame, 0) || bpf_map_update_elem(b->bare_flows, &key, &(struct bare_value){0}, 0))
			die("streams");
		if (s->out6 >= 0)
			set_up(b, s->in6, s->out6, i);
	}
}

/* Every frame has to be sent on, else the figure is another program's. */
static void check_counted(const struct bench *b, const struct subject *s)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < 4 * PROG_STREAMS; i++)
		n += b->slots[i].stats.packets[TANDEM_BY_XDP_NATIVE];
	if (n < RUNS) {
		fprintf(stderr, "%s: only %llu of %u frames were forwarded\n", s->name, (unsigned long long)n, RUNS);
		exit(1);
	}
	memset(b->slots, 0, 4 * PROG_STREAMS * sizeof *b->slots);
}

static void measure(struct bench *b, struct subject *s)
{
	uint8_t frame[512], out[512];
	int which = s == &subjects[BARE] ? b->bare : s->out6 < 0 ? b->empty : bpf_program__fd(b->relay->progs.relay_native);
	const uint32_t zero = 0;
	uint32_t bss[2] = {0, (uint32_t)build(frame, s->in6, 0)};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = bss[1], .data_out = out, .data_size_out = sizeof out, .repeat = RUNS);
	set_up_streams(b, s);
	if (bpf_map_update_elem(b->measured, &zero, &which, 0) || bpf_map_update_elem(b->bss, &zero, bss, 0))
		die("measured");
	if (bpf_prog_test_run_opts(b->renew, &run) || run.retval != XDP_REDIRECT) {
		fprintf(stderr, "%s: the program answered %u\n", s->name, run.retval);
		exit(1);
	}
	if (s->out6 >= 0)
		check_counted(b, s);
	if (run.duration < s->best)
		s->best = run.duration;
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	if (argc < 3)
		return fprintf(stderr, "usage: progtool PROG.bpf.o SINK.bpf.o [ROUNDS]\n"), 2;
	load_relay(&b);
	load_others(&b, argv[1], argv[2]);
	for (int round = argc > 3 ? atoi(argv[3]) : 5; round > 0; round--)
		for (size_t i = 0; i < SUBJECTS; i++)
			measure(&b, &subjects[i]);
	for (size_t i = BARE; i < SUBJECTS; i++)
		printf("%-5s %3d ns\n", subjects[i].name, (int)(subjects[i].best - subjects[subjects[i].in6 ? EMPTY6 : EMPTY4].best));
	printf("(less %u ns in IPv4 and %u ns in IPv6 for the loop, a fresh frame and an empty program; best of all rounds)\n",
	       subjects[EMPTY4].best, subjects[EMPTY6].best);
	relay__destroy(b.relay);
	return 0;
}
