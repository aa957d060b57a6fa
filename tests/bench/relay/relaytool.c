/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The generator and the reader of the relay bench.
 *
 *   relaytool gen OBJECT FLOWS DEVICE SRCMAC DSTMAC SRCIP DSTIP RATE SECONDS BURST
 *       sends RTP of 172 bytes, cycling over the flows in file FLOWS ("SPORT DPORT" a line), out of DEVICE at RATE packets/s, BURST at
 *       a time through BPF_PROG_TEST_RUN; RATE 0 is as fast as it goes. UDP checksums are right.
 *   relaytool sock FLOWS SRCIP DSTIP RATE SECONDS
 *       the same from ordinary sockets, evenly spaced.
 *   relaytool total MAP FIRST LAST
 *       sums the pinned array MAP over ports FIRST..LAST: "PACKETS PORTS_THAT_GOT_SOME".
 *
 * gen and sock print "SENT SECONDS". */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "relay.bpf.h"

#define RTP_BYTES   172
#define FRAME_BYTES (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr) + RTP_BYTES)

struct flows {
	unsigned n;
	uint16_t sport[RELAY_MAX_FLOWS], dport[RELAY_MAX_FLOWS];
};

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t rtp[RTP_BYTES];
} __attribute__((packed));

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

static uint32_t sum16(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void read_flows(struct flows *f, const char *path)
{
	FILE *in = fopen(path, "r");
	unsigned sport, dport;
	if (!in)
		die(path);
	for (f->n = 0; f->n < RELAY_MAX_FLOWS && fscanf(in, "%u %u", &sport, &dport) == 2; f->n++) {
		f->sport[f->n] = sport;
		f->dport[f->n] = dport;
	}
	fclose(in);
	if (!f->n) {
		errno = EINVAL;
		die(path);
	}
}

static void parse_mac(uint8_t *mac, const char *text)
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6) {
		errno = EINVAL;
		die(text);
	}
}

static void rtp_write(uint8_t *rtp)
{
	memset(rtp, 0xd5, RTP_BYTES);
	memset(rtp, 0, 12);
	rtp[0] = 0x80;
	rtp[1] = 8; /* PCMA */
}

static void frame_write(struct frame *f, char **v)
{
	memset(f, 0, sizeof *f);
	parse_mac(f->eth.h_source, v[0]);
	parse_mac(f->eth.h_dest, v[1]);
	f->eth.h_proto = htons(ETH_P_IP);
	f->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
	f->ip.tot_len = htons(sizeof *f - sizeof f->eth);
	if (inet_pton(AF_INET, v[2], &f->ip.saddr) != 1 || inet_pton(AF_INET, v[3], &f->ip.daddr) != 1)
		die("address");
	f->ip.check = htons(~fold(sum16(0, &f->ip, sizeof f->ip)));
	f->udp.len = htons(sizeof f->udp + RTP_BYTES);
	rtp_write(f->rtp);
}

/* The checksum of this flow's packet with sequence number 0: the program adds the number. */
static struct relay_flow flow_of(const struct frame *template, uint16_t sport, uint16_t dport, unsigned i)
{
	struct frame f = *template;
	struct relay_flow flow = {.sport = htons(sport), .dport = htons(dport), .ssrc = htonl(0x54440000 + i)};
	f.udp.source = flow.sport;
	f.udp.dest = flow.dport;
	memcpy(f.rtp + 8, &flow.ssrc, 4);
	uint32_t sum = sum16(IPPROTO_UDP + sizeof f.udp + RTP_BYTES, &f.ip.saddr, 8);
	flow.base_check = ~fold(sum16(sum, &f.udp, sizeof f.udp + RTP_BYTES));
	return flow;
}

struct generator {
	int prog, bss;
	struct frame frame;
	unsigned burst;
};

/* The constants of gen.bpf.c, in its order. */
struct gen_constants {
	uint32_t flows, ifindex, burst, pad;
	uint64_t interval_ns;
	struct relay_head head;
} __attribute__((packed));

static void load(struct generator *g, const char *object, const struct flows *f, const struct gen_constants *constants)
{
	struct bpf_object *o = bpf_object__open_file(object, NULL);
	struct bpf_map *ro = o ? bpf_object__find_map_by_name(o, ".rodata") : NULL;
	if (!ro || bpf_map__set_initial_value(ro, constants, sizeof *constants) || bpf_object__load(o))
		die(object);
	int table = bpf_object__find_map_fd_by_name(o, "flow_table");
	for (unsigned i = 0; i < f->n; i++) {
		struct relay_flow flow = flow_of(&g->frame, f->sport[i], f->dport[i], i);
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
	struct xdp_md ctx = {.data_end = sizeof g->frame};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &g->frame, .data_size_in = sizeof g->frame, .repeat = INT32_MAX,
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
	struct generator g = {.burst = atoi(v[9])};
	double rate = atof(v[7]);
	uint32_t zero = 0;
	uint64_t bss[8] = {0}; /* frames, sent, start_ns, last_ns, ... */
	read_flows(&flows, v[1]);
	struct gen_constants constants = {.flows = flows.n, .ifindex = if_nametoindex(v[2]), .burst = g.burst};
	if (!constants.ifindex)
		die(v[2]);
	constants.interval_ns = rate > 0 ? g.burst / rate * 1e9 : 0;
	frame_write(&g.frame, v + 3);
	memcpy(&constants.head, &g.frame, sizeof constants.head);
	load(&g, v[0], &flows, &constants);
	run(&g, atof(v[8]));
	if (bpf_map_lookup_elem(g.bss, &zero, bss))
		die(".bss");
	printf("%llu %.6f\n", (unsigned long long)bss[1], (bss[3] - bss[2]) * 1e-9);
	return 0;
}

struct sock {
	struct flows flows;
	struct in_addr dst;
	int fd[RELAY_MAX_FLOWS];
	uint16_t seq[RELAY_MAX_FLOWS];
	unsigned next;
};

static void sock_send(struct sock *s)
{
	unsigned i = s->next;
	uint8_t rtp[RTP_BYTES];
	uint16_t seq = htons(++s->seq[i]);
	uint32_t ssrc = htonl(0x54440000 + i);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = s->dst, .sin_port = htons(s->flows.dport[i])};
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
	if (inet_pton(AF_INET, v[1], &from.sin_addr) != 1 || inet_pton(AF_INET, v[2], &s.dst) != 1)
		die("address");
	for (unsigned i = 0; i < s.flows.n; i++) {
		from.sin_port = htons(s.flows.sport[i]);
		s.fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (s.fd[i] < 0 || bind(s.fd[i], (struct sockaddr *)&from, sizeof from))
			die("socket");
	}
	double rate = atof(v[3]), start = now(), end = start + atof(v[4]), t;
	uint64_t sent = 0;
	for (; (t = now()) < end; sent++) {
		if (start + sent / rate > t)
			sleep_until(start + sent / rate);
		sock_send(&s);
	}
	printf("%llu %.6f\n", (unsigned long long)sent, now() - start);
	return 0;
}

static int cmd_total(char **v)
{
	int fd = bpf_obj_get(v[0]);
	const uint64_t *n = fd < 0 ? MAP_FAILED : mmap(NULL, 65536 * sizeof *n, PROT_READ, MAP_SHARED, fd, 0);
	if (n == MAP_FAILED)
		die(v[0]);
	uint64_t sum = 0;
	unsigned ports = 0;
	for (int port = atoi(v[1]); port <= atoi(v[2]) && port < 65536; port++) {
		sum += n[port];
		ports += n[port] != 0;
	}
	printf("%llu %u\n", (unsigned long long)sum, ports);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*fn)(char **v);
	} commands[] = {{"gen", 10, cmd_gen}, {"sock", 5, cmd_sock}, {"total", 3, cmd_total}};
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (argc == commands[i].args + 2 && !strcmp(argv[1], commands[i].name))
			return commands[i].fn(argv + 2);
	fputs("usage: see the top of relaytool.c\n", stderr);
	return 2;
}
