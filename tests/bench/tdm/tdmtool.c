// SPDX-License-Identifier: GPL-3.0-or-later
/* An E1 bridged to RTP, in DAHDI's virtual spans:
 *
 *     tdmtool bridge SYSTEM.CONF SECONDS [full]   by bearers: jitter buffer and statistics; `full`: listening for digits and modems too
 *     tdmtool far SYSTEM.CONF SECONDS             the same, and how old octets are when the far end of the first channel hears them
 *     tdmtool floor SYSTEM.CONF SECONDS           by reading, writing and sending only: what any program has to do
 *     tdmtool talk SECONDS                        the other side of RTP: thirty streams of 20 ms
 *     tdmtool tell SECONDS                        one stream, whose octets say when they were said
 *
 * Bridge and floor print what a channel cost in each second: scheduler time of all threads, in nanoseconds. */
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include "mediagw/bearer.h"
#include "mediagw/span_thread.h"
#include "tdm/tdm.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define GATEWAY  "10.9.0.1"
#define PEER     "10.9.0.2"
#define PORT     20000
#define FROM     4000
#define CHANNELS 30
#define BLOCK    160
#define SETTLE   3 /* seconds before it is measured */

static struct tdm *tdm;

_Noreturn static void die(const char *what, int err)
{
	fprintf(stderr, "tdmtool: %s: %s\n", what, strerror(-err));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What all threads of this process have had of the processor. */
static uint64_t spent_ns(void)
{
	uint64_t sum = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[64];
		unsigned long long ns;
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%.20s/schedstat", e->d_name);
		FILE *f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

/* --- the spans ----------------------------------------------------------------------------------------------------- */

static void make_spans(const char *path)
{
	static char text[4096];
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (n < 0 || tdm_system_conf(s, path, slice_of(text, (size_t)n), &why))
		die(path, n < 0 ? -errno : -EINVAL);
	close(fd);
	int err = tdm_open(&tdm, &tdm_dahdi, s, true, 1000, NULL, NULL);
	if (err)
		die("spans", err);
	mem_deref(s);
	tdm_poll(tdm);
	tdm_poll(tdm);
}

/* The i-th bearer channel of a span. */
static int open_channel(unsigned span, unsigned i)
{
	struct tdm_channel *c = tdm_channel_at(tdm, span, i < 15 ? i + 1 : i + 2);
	int fd = c ? tdm_dahdi.open(c->number) : -ENXIO;
	if (fd < 0)
		die("channel", fd);
	return fd;
}

static struct addr at(const char *ip, unsigned port)
{
	struct addr a;
	if (addr_parse(&a, slice_str(ip), (uint16_t)port))
		die(ip, -EINVAL);
	return a;
}

/* --- the far end of a channel -------------------------------------------------------------------------------------- */

#define FAR_BLOCK 16 /* octets: 2 ms, the least there is */

static struct loop_watch *far_watch;
static uint64_t since;
/* Of the far end, ns: how far what it hears is behind what was said, by the line's own clock; and how far that clock, as it is seen, is behind time. */
static struct far {
	uint64_t octets;
	int64_t least, most, soonest, latest;
} at_far_end;

/* Pairs of octets are the number of their pair, and places are the time they are said at: so both sides know them. */
static uint8_t octet_at(uint32_t place)
{
	return (uint8_t)(place & 1 ? place / 2 >> 8 : place / 2);
}

/* The place of the first octet, -1 when they are not of ours. */
static int place_of(const uint8_t *o)
{
	for (int odd = 0; odd < 2; odd++) {
		unsigned one = o[odd] | o[odd + 1] << 8, two = o[odd + 2] | o[odd + 3] << 8;
		if (two == ((one + 1) & 0xffff))
			return (int)(2 * one) - odd;
	}
	return -1;
}

static void widen(int64_t v, int64_t *low, int64_t *high)
{
	*low = v < *low ? v : *low;
	*high = v > *high ? v : *high;
}

/* A virtual span gives octets when the kernel's timer comes round, many at once; a card gives each in its time, which is when the soonest of them come. */
static void on_far_end(void *arg, int events)
{
	const int fd = *(int *)arg;
	uint8_t o[FAR_BLOCK];
	struct tdm_event event;
	ssize_t n = read(fd, o, sizeof o);
	if (n != FAR_BLOCK) {
		if (n < 0 && errno == TDM_EVENT_WAITS)
			(void)tdm_dahdi.event(fd, &event);
		at_far_end = (struct far){.least = INT64_MAX, .most = INT64_MIN, .soonest = INT64_MAX, .latest = INT64_MIN};
		return;
	}
	int first = since ? place_of(o) : -1;
	at_far_end.octets += FAR_BLOCK;
	if (first < 0)
		return;
	int64_t seen = (int64_t)now_ns(), line = (int64_t)at_far_end.octets * 125000;
	int64_t said = seen - (int64_t)(((uint32_t)(seen / 125000) - (uint32_t)(first + FAR_BLOCK)) & 0x1ffff) * 125000;
	widen(line - said, &at_far_end.least, &at_far_end.most);
	widen(seen - line, &at_far_end.soonest, &at_far_end.latest);
}

static void hear_far_end(void)
{
	static int fd;
	const struct tdm_buffers b = {.count = 16, .bytes = FAR_BLOCK};
	at_far_end = (struct far){.least = INT64_MAX, .most = INT64_MIN, .soonest = INT64_MAX, .latest = INT64_MIN};
	fd = open_channel(2, 0);
	if (tdm_dahdi.buffers(fd, &b) || loop_watch(&far_watch, fd, UV_READABLE, on_far_end, &fd))
		die("far end", -errno);
}

/* --- by bearers ---------------------------------------------------------------------------------------------------- */

static struct bearer *bearers[CHANNELS];
static struct timer timer;
static uint64_t spent_before, seconds;

static void totals(void)
{
	uint64_t sum[BEARER_COUNTERS] = {0}, one[BEARER_COUNTERS];
	for (unsigned i = 0; i < CHANNELS; i++) {
		bearer_read(bearers[i], one);
		for (unsigned k = 0; k < BEARER_COUNTERS; k++)
			sum[k] += one[k];
	}
	fprintf(stderr, "bridge: %llu packets received, %llu late, %llu slips, %llu octets concealed, %llu sent, %llu unsent, %llu underruns, %llu overruns\n",
		(unsigned long long)sum[BEARER_RECEIVED], (unsigned long long)sum[BEARER_LATE],
		(unsigned long long)(sum[BEARER_SKIPPED] + sum[BEARER_REPEATED]), (unsigned long long)sum[BEARER_CONCEALED], (unsigned long long)sum[BEARER_SENT],
		(unsigned long long)sum[BEARER_UNSENT], (unsigned long long)sum[BEARER_UNDERRUNS], (unsigned long long)sum[BEARER_OVERRUNS]);
}

static void report(uint64_t spent, uint64_t ns)
{
	printf("%.0f\n", (double)spent / CHANNELS / ((double)ns / 1e9));
	fflush(stdout);
}

static void measured(void *arg)
{
	report(spent_ns() - spent_before, now_ns() - since);
	totals();
	loop_stop();
}

static void settled(void *arg)
{
	spent_before = spent_ns();
	since = now_ns();
	timer_start(&timer, seconds * 1000, measured, NULL);
}

static void bridge_channel(struct fastpath *fp, struct span_thread *t, unsigned i, bool full)
{
	struct addr local = at(GATEWAY, PORT + 2 * i), remote = at(PEER, FROM + 2 * i);
	struct bearer_params p = {.driver = &tdm_dahdi, .fd = open_channel(1, i), .law = LAW_A, .digital = true};
	struct bearer_connection c = {.mode = BEARER_SENDRECV, .format = PLAYOUT_PCMA, .pt = 8, .ptime = 20, .voice_only = !full,
		.event_pt = 101, .event_pt_sent = full ? 101 : 0};
	int err = fastpath_slot(fp, &local, &c.slot);
	if (!err)
		err = fastpath_open_port(fp, c.slot);
	if (!err)
		err = bearer_start(&bearers[i], t, &p);
	if (!err)
		err = bearer_connect(bearers[i], &c);
	struct fp_stream s = {.remote = remote, .signalling = remote, .send = true, .receive = true, .clock_hz = 8000, .arm = 1};
	s.deliver = err ? 0 : bearer_deliver(bearers[i]);
	if (!err)
		err = fastpath_upsert(fp, c.slot, &s);
	if (err)
		die("bearer", err);
}

static int bridge(bool full, bool far)
{
	struct fp_local local = {at(GATEWAY, 0), PORT, PORT + 99};
	struct fp_params p = {.locals = &local, .n_locals = 1, .want = FP_WANT_NULL, .threads = 1, .handlers = {.rtp = span_thread_rtp}};
	struct fastpath *fp;
	struct span_thread *t;
	int err = fastpath_open(&fp, &p);
	if (!err)
		err = span_thread_open(&t, fp, 1);
	if (err)
		die("bridge", err);
	for (unsigned i = 0; i < CHANNELS; i++)
		bridge_channel(fp, t, i, full);
	if (far)
		hear_far_end();
	loop_begin();
	timer_start(&timer, SETTLE * 1000, settled, NULL);
	loop_run();
	if (far)
		printf("delay: ptime + %.1f to %.1f ms; the virtual span holds octets for up to %.1f ms more\n", (double)(at_far_end.least + at_far_end.soonest) / 1e6 - 20,
		       (double)(at_far_end.most + at_far_end.soonest) / 1e6 - 20, (double)(at_far_end.latest - at_far_end.soonest) / 1e6);
	for (unsigned i = 0; i < CHANNELS; i++)
		mem_deref(bearers[i]);
	mem_deref(t);
	mem_deref(far_watch);
	mem_deref(fp);
	return 0;
}

/* --- the floor ----------------------------------------------------------------------------------------------------- */

static struct plain {
	int line, rtp;
	uint16_t seq;
	uint32_t timestamp;
} plain[CHANNELS];

static void plain_open(int epoll, unsigned i)
{
	const struct tdm_buffers b = {.count = 8, .bytes = BLOCK};
	struct addr local = at(GATEWAY, PORT + 2 * i), remote = at(PEER, FROM + 2 * i);
	struct sockaddr_storage ss;
	struct plain *p = &plain[i];
	p->line = open_channel(1, i);
	p->rtp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (tdm_dahdi.buffers(p->line, &b) || bind(p->rtp, (struct sockaddr *)&ss, addr_to_sockaddr(&local, &ss)) ||
	    connect(p->rtp, (struct sockaddr *)&ss, addr_to_sockaddr(&remote, &ss)))
		die("floor", -errno);
	struct epoll_event line = {.events = EPOLLIN, .data.u32 = i}, rtp = {.events = EPOLLIN, .data.u32 = CHANNELS + i};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, p->line, &line) || epoll_ctl(epoll, EPOLL_CTL_ADD, p->rtp, &rtp))
		die("epoll", -errno);
}

static void plain_line(struct plain *p)
{
	uint8_t packet[12 + BLOCK] = {0x80, 8, (uint8_t)(p->seq >> 8), (uint8_t)p->seq};
	struct tdm_event event;
	ssize_t n = read(p->line, packet + 12, BLOCK);
	if (n < 0 && errno == TDM_EVENT_WAITS)
		(void)tdm_dahdi.event(p->line, &event);
	if (n <= 0)
		return;
	uint32_t timestamp = htonl(p->timestamp);
	memcpy(packet + 4, &timestamp, 4);
	p->seq++;
	p->timestamp += (uint32_t)n;
	(void)!send(p->rtp, packet, 12 + (size_t)n, 0);
}

static void plain_rtp(struct plain *p)
{
	uint8_t packet[2048];
	ssize_t n = recv(p->rtp, packet, sizeof packet, 0);
	if (n > 12)
		(void)!write(p->line, packet + 12, (size_t)n - 12);
}

static int run_floor(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t begin = now_ns();
	for (unsigned i = 0; i < CHANNELS; i++)
		plain_open(epoll, i);
	for (;;) {
		struct epoll_event e[2 * CHANNELS];
		int n = epoll_wait(epoll, e, 2 * CHANNELS, 100);
		for (int i = 0; i < n; i++)
			if (e[i].data.u32 < CHANNELS)
				plain_line(&plain[e[i].data.u32]);
			else
				plain_rtp(&plain[e[i].data.u32 - CHANNELS]);
		uint64_t now = now_ns();
		if (!since && now - begin > SETTLE * 1000000000ull) {
			spent_before = spent_ns();
			since = now_ns();
		} else if (since && now - since > seconds * 1000000000ull) {
			report(spent_ns() - spent_before, now_ns() - since);
			return 0;
		}
	}
}

/* --- the other side ------------------------------------------------------------------------------------------------ */

static int talk(void)
{
	int fd[CHANNELS];
	uint64_t begin = now_ns();
	for (unsigned i = 0; i < CHANNELS; i++) {
		struct addr local = at(PEER, FROM + 2 * i), remote = at(GATEWAY, PORT + 2 * i);
		struct sockaddr_storage ss;
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (bind(fd[i], (struct sockaddr *)&ss, addr_to_sockaddr(&local, &ss)) ||
		    connect(fd[i], (struct sockaddr *)&ss, addr_to_sockaddr(&remote, &ss)))
			die("talk", -errno);
	}
	/* Each stream has a phase of its own, two begin each millisecond. */
	for (uint64_t ms = 0; ms < seconds * 1000; ms++) {
		uint64_t due = begin + ms * 1000000;
		struct timespec t = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		for (unsigned i = 0; i < CHANNELS; i++) {
			uint32_t n = (uint32_t)(ms / 20), timestamp = htonl(n * BLOCK);
			uint8_t packet[12 + BLOCK] = {0x80, 8, (uint8_t)(n >> 8), (uint8_t)n, [8] = 1, [11] = (uint8_t)i};
			if (ms % 20 != i * 2 / 3)
				continue;
			memcpy(packet + 4, &timestamp, 4);
			for (unsigned k = 0; k < BLOCK; k++)
				packet[12 + k] = (uint8_t)(k * 7 + n + i);
			(void)!send(fd[i], packet, sizeof packet, 0);
		}
	}
	return 0;
}

static int tell(void)
{
	struct addr local = at(PEER, FROM), remote = at(GATEWAY, PORT);
	struct sockaddr_storage ss;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&ss, addr_to_sockaddr(&local, &ss)) || connect(fd, (struct sockaddr *)&ss, addr_to_sockaddr(&remote, &ss)))
		die("tell", -errno);
	uint64_t begin = now_ns();
	for (uint32_t n = 0; n < seconds * 50; n++) {
		uint8_t packet[12 + BLOCK] = {0x80, 8, (uint8_t)(n >> 8), (uint8_t)n, [8] = 1};
		uint64_t due = begin + n * 20000000ull;
		struct timespec t = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};
		uint32_t timestamp = htonl(n * BLOCK), place = (uint32_t)(due / 125000) - BLOCK;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		memcpy(packet + 4, &timestamp, 4);
		for (unsigned k = 0; k < BLOCK; k++)
			packet[12 + k] = octet_at(place + k);
		(void)!send(fd, packet, sizeof packet, 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	log_set_level(LOG_LEVEL_ERROR);
	seconds = argc > 2 ? strtoul(argv[argc > 3 ? 3 : 2], NULL, 10) : 0;
	if (loop_init() || argc < 3)
		return 2;
	if (!strcmp(argv[1], "talk"))
		return talk();
	if (!strcmp(argv[1], "tell"))
		return tell();
	if (argc < 4)
		return 2;
	make_spans(argv[2]);
	return !strcmp(argv[1], "floor") ? run_floor() : bridge(argc > 4, !strcmp(argv[1], "far"));
}
