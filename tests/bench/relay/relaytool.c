/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The generator and the reader of the relay bench.
 *
 *   relaytool gen OBJECT FLOWS DEVICE SRCMAC DSTMAC SRCIP RATE SECONDS BURST JUNK STAMP
 *       sends RTP of 172 bytes, cycling over the flows in file FLOWS ("SPORT DSTIP DPORT" a line), out of DEVICE at RATE packets/s, BURST at
 *       a time through BPF_PROG_TEST_RUN; RATE 0 is as fast as it goes. JUNK packets of each burst are such as a relay must refuse; STAMP 1
 *       writes the time into each packet. Checksums are right. Prints "SENT SECONDS JUNK".
 *   relaytool sock FLOWS SRCIP RATE SECONDS
 *       the same from ordinary IPv4 sockets, evenly spaced. Prints "SENT SECONDS".
 *   relaytool total MAP CLEAR
 *       sums the pinned array `received`: "PACKETS FLOWS_THAT_GOT_SOME PACKETS_OF_NO_FLOW", and empties it when CLEAR is 1.
 *   relaytool latency MAP
 *       "PACKETS P50 P99 P999" of the pinned array `latency`, in nanoseconds, and empties it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/if.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "relay.bpf.h"

#define RTP_BYTES 172

struct flow {
	uint16_t sport, dport; /* host order */
	uint8_t dst[16]; /* of either family */
};

struct flows {
	unsigned n;
	struct flow flow[RELAY_MAX_FLOWS];
};

/* Of either family; rtp follows udp. */
struct frame {
	int ipv6;
	size_t ip_len, len;
	uint8_t bytes[sizeof(struct ethhdr) + sizeof(struct ipv6hdr) + sizeof(struct udphdr) + RTP_BYTES];
};

static void die(const char *what)
{
	fprintf(stderr, "relaytool: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void sleep_until(double when)
{
	struct timespec t = {.tv_sec = when, .tv_nsec = (when - (time_t)when) * 1e9};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* One's complement sum of words as they lie in memory; an even number of bytes. */
static uint32_t sum16(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	for (size_t i = 0; i + 1 < len; i += 2) {
		uint16_t word;
		memcpy(&word, p + i, 2);
		sum += word;
	}
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void bad(const char *text)
{
	errno = EINVAL;
	die(text);
}

/* Returns 1 for IPv6. */
static int parse_ip(uint8_t *ip, const char *text)
{
	if (inet_pton(AF_INET, text, ip) == 1)
		return 0;
	if (inet_pton(AF_INET6, text, ip) != 1)
		bad(text);
	return 1;
}

static void read_flows(struct flows *f, const char *path)
{
	FILE *in = fopen(path, "r");
	unsigned sport, dport;
	char dst[64];
	if (!in)
		die(path);
	for (f->n = 0; f->n < RELAY_MAX_FLOWS && fscanf(in, "%u %63s %u", &sport, dst, &dport) == 3; f->n++) {
		f->flow[f->n].sport = sport;
		f->flow[f->n].dport = dport;
		parse_ip(f->flow[f->n].dst, dst);
	}
	fclose(in);
	if (!f->n)
		bad(path);
}

static void parse_mac(uint8_t *mac, const char *text)
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6)
		bad(text);
}

static void rtp_write(uint8_t *rtp)
{
	memset(rtp, 0xd5, RTP_BYTES);
	memset(rtp, 0, 12);
	rtp[0] = 0x80;
	rtp[1] = 8; /* PCMA */
}

static void ip_write(struct frame *f, const uint8_t *src)
{
	uint8_t *ip = f->bytes + sizeof(struct ethhdr);
	uint16_t len = sizeof(struct udphdr) + RTP_BYTES;
	if (f->ipv6) {
		struct ipv6hdr h = {.version = 6, .payload_len = htons(len), .nexthdr = IPPROTO_UDP, .hop_limit = 64};
		memcpy(&h.saddr, src, 16);
		memcpy(ip, &h, sizeof h);
	} else {
		struct iphdr h = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons(len + sizeof h)};
		memcpy(&h.saddr, src, 4);
		memcpy(ip, &h, sizeof h);
	}
}

/* Without ports. `v`: MAC addresses and source; all flows share the front of the destination. */
static void frame_write(struct frame *f, char **v, const uint8_t *dst, int stamp)
{
	struct ethhdr eth;
	uint8_t src[16];
	memset(f, 0, sizeof *f);
	f->ipv6 = parse_ip(src, v[2]);
	f->ip_len = f->ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	f->len = sizeof eth + f->ip_len + sizeof(struct udphdr) + RTP_BYTES;
	parse_mac(eth.h_source, v[0]);
	parse_mac(eth.h_dest, v[1]);
	eth.h_proto = htons(f->ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	memcpy(f->bytes, &eth, sizeof eth);
	ip_write(f, src);
	if (f->ipv6)
		memcpy(f->bytes + sizeof eth + offsetof(struct ipv6hdr, daddr), dst, 16);
	uint8_t *rtp = f->bytes + f->len - RTP_BYTES;
	rtp_write(rtp);
	if (stamp) {
		rtp[1] |= RELAY_STAMPED;
		memset(rtp + 12, 0, 16);
	}
}

/* What is written into the frame for this flow, and its checksums without a sequence number. */
static struct relay_flow flow_of(const struct frame *template, const struct flow *to, unsigned i)
{
	struct frame f = *template;
	uint8_t *ip = f.bytes + sizeof(struct ethhdr), *udp = ip + f.ip_len;
	size_t ends = f.ipv6 ? 32 : 8; /* both addresses, before the UDP header */
	struct relay_flow flow = {.sport = htons(to->sport), .dport = htons(to->dport), .ssrc = htonl((uint32_t)RELAY_SSRC << 16 | i)};
	struct udphdr h = {.source = flow.sport, .dest = flow.dport, .len = htons(sizeof h + RTP_BYTES)};
	memcpy(udp - ends / 2, to->dst, ends / 2);
	memcpy(&flow.dst, udp - 4, 4);
	flow.ip_check = f.ipv6 ? 0 : (uint16_t)~fold(sum16(0, ip, f.ip_len));
	memcpy(udp, &h, sizeof h);
	memcpy(udp + sizeof h + 8, &flow.ssrc, 4);
	flow.check = fold(sum16(htons(IPPROTO_UDP) + h.len, udp - ends, ends + sizeof h + RTP_BYTES));
	return flow;
}

struct generator {
	int prog, bss;
	struct frame frame;
	unsigned burst;
};

static void load(struct generator *g, const char *object, const struct flows *f, const struct relay_plan *plan)
{
	struct bpf_object *o = bpf_object__open_file(object, NULL);
	struct bpf_map *ro = o ? bpf_object__find_map_by_name(o, ".rodata") : NULL;
	if (!ro || bpf_map__set_initial_value(ro, plan, sizeof *plan) || bpf_object__load(o))
		die(object);
	int table = bpf_object__find_map_fd_by_name(o, "flow_table");
	for (unsigned i = 0; i < f->n; i++) {
		struct relay_flow flow = flow_of(&g->frame, &f->flow[i], i);
		if (bpf_map_update_elem(table, &i, &flow, BPF_ANY))
			die("flow_table");
	}
	g->bss = bpf_object__find_map_fd_by_name(o, ".bss");
	g->prog = bpf_program__fd(bpf_object__find_program_by_name(o, "generate"));
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* One long run, ended by the alarm. */
static void run(const struct generator *g, double seconds)
{
	struct xdp_md ctx = {.data_end = g->frame.len};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = g->frame.bytes, .data_size_in = g->frame.len, .repeat = INT32_MAX,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = g->burst, .ctx_in = &ctx, .ctx_size_in = sizeof ctx);
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {.it_value = {.tv_sec = seconds, .tv_usec = (seconds - (long)seconds) * 1e6}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	int rc = bpf_prog_test_run_opts(g->prog, &opts);
	if (rc && errno != EINTR)
		die("BPF_PROG_TEST_RUN");
}

static int cmd_gen(char **v)
{
	static struct flows flows;
	struct generator g = {.burst = atoi(v[8])};
	double rate = atof(v[6]);
	uint32_t zero = 0;
	struct relay_done done = {0};
	read_flows(&flows, v[1]);
	frame_write(&g.frame, v + 3, flows.flow[0].dst, atoi(v[10]));
	struct relay_plan plan = {.flows = flows.n, .ifindex = if_nametoindex(v[2]), .burst = g.burst, .junk = atoi(v[9]), .ipv6 = g.frame.ipv6,
				  .stamp = atoi(v[10])};
	if (!plan.ifindex || !g.burst)
		die(v[2]);
	plan.interval_ns = rate > 0 ? g.burst / rate * 1e9 : 0;
	memcpy(&plan.head, g.frame.bytes, sizeof plan.head);
	memcpy(&plan.first, g.frame.bytes + g.frame.len - RTP_BYTES, sizeof plan.first);
	load(&g, v[0], &flows, &plan);
	run(&g, atof(v[7]));
	if (bpf_map_lookup_elem(g.bss, &zero, &done))
		die(".bss");
	printf("%llu %.6f %llu\n", done.sent, (done.last_ns - done.start_ns) * 1e-9, done.junk);
	return 0;
}

struct sock {
	struct flows flows;
	int fd[RELAY_MAX_FLOWS];
	uint16_t seq[RELAY_MAX_FLOWS];
	unsigned next;
};

static void sock_send(struct sock *s)
{
	unsigned i = s->next;
	uint8_t rtp[RTP_BYTES];
	uint16_t seq = htons(++s->seq[i]);
	uint32_t ssrc = htonl((uint32_t)RELAY_SSRC << 16 | i);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->flows.flow[i].dport)};
	memcpy(&to.sin_addr, s->flows.flow[i].dst, 4);
	rtp_write(rtp);
	memcpy(rtp + 2, &seq, 2);
	memcpy(rtp + 8, &ssrc, 4);
	sendto(s->fd[i], rtp, sizeof rtp, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to);
	s->next = (i + 1) % s->flows.n;
}

static int cmd_sock(char **v)
{
	static struct sock s;
	struct sockaddr_in from = {.sin_family = AF_INET};
	read_flows(&s.flows, v[0]);
	if (inet_pton(AF_INET, v[1], &from.sin_addr) != 1)
		bad(v[1]);
	for (unsigned i = 0; i < s.flows.n; i++) {
		from.sin_port = htons(s.flows.flow[i].sport);
		s.fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (s.fd[i] < 0 || bind(s.fd[i], (struct sockaddr *)&from, sizeof from))
			die("socket");
	}
	double rate = atof(v[2]), start = now(), end = start + atof(v[3]), t;
	uint64_t sent = 0;
	for (; (t = now()) < end; sent++) {
		if (start + sent / rate > t)
			sleep_until(start + sent / rate);
		sock_send(&s);
	}
	printf("%llu %.6f\n", (unsigned long long)sent, now() - start);
	return 0;
}

static uint64_t *map_array(const char *path, size_t n)
{
	int fd = bpf_obj_get(path);
	uint64_t *counters = fd < 0 ? MAP_FAILED : mmap(NULL, n * sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED)
		die(path);
	return counters;
}

static int cmd_total(char **v)
{
	uint64_t *n = map_array(v[0], RELAY_MAX_FLOWS + 1), sum = 0;
	unsigned flows = 0;
	for (unsigned i = 0; i < RELAY_MAX_FLOWS; i++) {
		sum += n[i];
		flows += n[i] != 0;
	}
	printf("%llu %u %llu\n", (unsigned long long)sum, flows, (unsigned long long)n[RELAY_MAX_FLOWS]);
	if (atoi(v[1]))
		memset(n, 0, (RELAY_MAX_FLOWS + 1) * sizeof *n);
	return 0;
}

/* Upper end of the bucket below which `share` of `sum` lie, in nanoseconds. */
static unsigned long quantile(const uint64_t *n, uint64_t sum, double share)
{
	uint64_t seen = 0;
	for (unsigned i = 0; i < RELAY_BUCKETS; i++)
		if ((seen += n[i]) >= share * sum)
			return (i + 1ul) * RELAY_BUCKET_NS;
	return 0;
}

static int cmd_latency(char **v)
{
	uint64_t *n = map_array(v[0], RELAY_BUCKETS), sum = 0;
	for (unsigned i = 0; i < RELAY_BUCKETS; i++)
		sum += n[i];
	printf("%llu %lu %lu %lu\n", (unsigned long long)sum, quantile(n, sum, 0.5), quantile(n, sum, 0.99), quantile(n, sum, 0.999));
	memset(n, 0, RELAY_BUCKETS * sizeof *n);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*fn)(char **v);
	} commands[] = {{"gen", 11, cmd_gen}, {"sock", 4, cmd_sock}, {"total", 2, cmd_total}, {"latency", 1, cmd_latency}};
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (argc == commands[i].args + 2 && !strcmp(argv[1], commands[i].name))
			return commands[i].fn(argv + 2);
	fputs("usage: see the top of relaytool.c\n", stderr);
	return 2;
}
