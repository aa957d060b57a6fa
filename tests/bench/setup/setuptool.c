// SPDX-License-Identifier: GPL-3.0-or-later
/* setuptool ADDRESS... CALLS REMOTES: what a call costs the fast path while so many are up: sets calls up over the local addresses (each two streams with
 * their RTCP, each first without, then with its remote address, then joined), changes, reads and removes them. Remotes are REMOTES addresses in 10.0.0.0/8.
 * Prints "NAME VALUE UNIT" lines. */
#include "base/loop.h"
#include "base/mem.h"
#include "fastpath/fastpath.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PORT_MIN   16384
#define PORT_MAX   32767
#define PAIRS      ((PORT_MAX - PORT_MIN + 1) / 2)
#define MAX_LOCALS 64

struct bench {
	struct fastpath *fp;
	struct fp_local locals[MAX_LOCALS];
	unsigned n_locals;
	uint32_t calls, remotes;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Memory of the process itself, without what it maps of the kernel's tables. */
static double private_bytes(void)
{
	char line[256];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "RssAnon: %lf", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb * 1024;
}

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "setuptool: %s: %s\n", what, strerror(-err));
	exit(1);
}

/* The RTP slot of one side of a call; RTCP's is the next. Calls go round over the addresses, the sides of one by different ones. */
static uint32_t slot_of(const struct bench *b, uint32_t call, unsigned side)
{
	uint32_t stream = call * 2 + side, slot;
	struct addr local = b->locals[stream % b->n_locals].ip;
	local.port = (uint16_t)(PORT_MIN + 2 * (stream / b->n_locals % PAIRS));
	must(fastpath_slot(b->fp, &local, &slot), "slot");
	return slot;
}

static struct addr remote_of(const struct bench *b, uint32_t call, unsigned side, bool rtcp)
{
	uint32_t n = (call * 2 + side) % b->remotes;
	struct addr a = {.family = AF_INET, .port = (uint16_t)(4000 + 2 * (call % 30000) + rtcp)};
	const uint8_t ip[4] = {10, (uint8_t)(128 + (n >> 14)), (uint8_t)(n >> 7 & 127), (uint8_t)(1 + (n & 127))};
	memcpy(a.bytes, ip, sizeof ip);
	return a;
}

static void describe(const struct bench *b, uint32_t call, unsigned side, uint32_t arm)
{
	uint32_t slot = slot_of(b, call, side);
	for (unsigned rtcp = 0; rtcp < 2; rtcp++) {
		struct fp_stream s = {.send = true, .receive = true, .rtcp = rtcp, .dscp = 46, .clock_hz = rtcp ? 0 : 8000, .arm = arm};
		if (arm) {
			s.remote = remote_of(b, call, side, rtcp);
			s.signalling = remote_of(b, call, side, false);
		}
		must(fastpath_upsert(b->fp, slot + rtcp, &s), "upsert");
	}
}

static void set_up(const struct bench *b, uint32_t call)
{
	for (unsigned side = 0; side < 2; side++) {
		uint32_t slot = slot_of(b, call, side);
		must(fastpath_open_port(b->fp, slot), "open port");
		must(fastpath_open_port(b->fp, slot + 1), "open port");
		describe(b, call, side, 0);
	}
	uint32_t one = slot_of(b, call, 0), other = slot_of(b, call, 1);
	must(fastpath_join(b->fp, one, other), "join");
	must(fastpath_join(b->fp, one + 1, other + 1), "join");
	describe(b, call, 0, 1);
	describe(b, call, 1, 1);
}

static void change(const struct bench *b, uint32_t call)
{
	describe(b, call, 0, 2);
	describe(b, call, 1, 2);
}

static void read_both(const struct bench *b, uint32_t call)
{
	struct fp_stats st;
	must(fastpath_read(b->fp, slot_of(b, call, 0), &st), "read");
	must(fastpath_read(b->fp, slot_of(b, call, 1), &st), "read");
}

static void take_down(const struct bench *b, uint32_t call)
{
	for (unsigned side = 0; side < 2; side++) {
		uint32_t slot = slot_of(b, call, side);
		for (unsigned rtcp = 0; rtcp < 2; rtcp++) {
			fastpath_remove(b->fp, slot + rtcp);
			fastpath_close_port(b->fp, slot + rtcp);
		}
	}
}

/* `fn` with calls first to first + n - 1; the loop turns now and then, as it does between commands. */
static void measure(const struct bench *b, const char *name, void (*fn)(const struct bench *b, uint32_t call), uint32_t first, uint32_t n)
{
	double started = now();
	for (uint32_t i = 0; i < n; i++) {
		fn(b, first + i);
		if (i % 256 == 0)
			uv_run(loop_uv(), UV_RUN_NOWAIT);
	}
	printf("setup-%s %.0f calls/s\n", name, n / (now() - started));
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	if (argc < 4 || argc - 3 > MAX_LOCALS)
		return fprintf(stderr, "usage: setuptool ADDRESS... CALLS REMOTES\n"), 2;
	for (int i = 1; i < argc - 2; i++) {
		struct fp_local *l = &b.locals[b.n_locals++];
		*l = (struct fp_local){.port_min = PORT_MIN, .port_max = PORT_MAX};
		must(addr_parse_ip(&l->ip, slice_str(argv[i])), argv[i]);
	}
	b.calls = (uint32_t)atoi(argv[argc - 2]);
	b.remotes = (uint32_t)atoi(argv[argc - 1]);
	if (!b.calls || !b.remotes || b.calls > b.n_locals * PAIRS / 2)
		return fprintf(stderr, "setuptool: the addresses hold %u calls\n", b.n_locals * PAIRS / 2), 2;
	must(loop_init(), "loop");
	struct fp_params p = {.locals = b.locals, .n_locals = b.n_locals, .want = FP_WANT_AUTO};
	must(fastpath_open(&b.fp, &p), "open");
	json_t *engines = fastpath_engines(b.fp);
	json_t *mode = json_object_get(json_array_get(engines, 0), "mode");
	printf("setup-over %s engine\n", json_string_value(mode));
	json_decref(engines);
	const uint32_t some = b.calls / 5;
	double before = private_bytes();
	measure(&b, "empty", set_up, 0, some);
	measure(&b, "filling", set_up, some, b.calls - some);
	double after = private_bytes();
	measure(&b, "removal", take_down, 0, some);
	measure(&b, "full", set_up, 0, some);
	measure(&b, "change", change, 0, b.calls);
	measure(&b, "read", read_both, 0, b.calls);
	printf("setup-slots-per-call %zu bytes\nsetup-memory-per-call %.0f bytes\n", 4 * sizeof(struct tandem_slot), (after - before) / b.calls);
	measure(&b, "removal-all", take_down, 0, b.calls);
	mem_deref(b.fp);
	loop_close();
	return 0;
}
