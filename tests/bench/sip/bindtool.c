// SPDX-License-Identifier: GPL-3.0-or-later
/* A restart with many phones registered: `bindtool DIRECTORY NUMBER` fills a store and, in another process, opens it and takes the bindings over as
 * tandem-ca does when it starts. By the clock, and what each binding takes of memory. */
#include "base/loop.h"
#include "base/mem.h"
#include "base/store.h"
#include "base/timer.h"
#include "registrar/location.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const tables[] = {"bindings", NULL};

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t own_memory(void)
{
	char line[200];
	size_t sum = 0, kb;
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Private_Dirty: %zu", &kb) == 1)
			sum += kb * 1024;
	if (f)
		fclose(f);
	return sum;
}

static int put(struct location *l, unsigned i)
{
	char aor[32], uri[64], instance[64], call_id[40];
	snprintf(aor, sizeof aor, "u%07u", i);
	snprintf(uri, sizeof uri, "sip:u%07u@10.%u.%u.%u:5060", i, i >> 16 & 255, i >> 8 & 255, i & 255);
	snprintf(instance, sizeof instance, "\"<urn:uuid:00000000-0000-1000-8000-%012x>\"", i);
	snprintf(call_id, sizeof call_id, "%08x@10.1.2.3", i);
	struct binding b = {.uri = slice_str(uri), .instance = slice_str(instance), .user_agent = SLICE("Phone/1.2.3"), .call_id = slice_str(call_id),
			    .listener = "inside", .q = 1000, .cseq = 2, .expires_at = clock_ms() + 3600000,
			    .source = {.family = AF_INET, .port = 5060, .bytes = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}}};
	struct location_update u;
	location_begin(&u, l, aor);
	int err = location_set(&u, location_find(&u, &b), &b);
	if (err)
		location_abort(&u);
	return err ? err : location_commit(&u);
}

static int open_both(const char *dir, struct store **s, struct location **l)
{
	int err = store_open(s, dir, tables, (size_t)4 << 30);
	return err ? err : location_new(l, &(struct location_params){.store = *s});
}

static int fill(const char *dir, unsigned n)
{
	struct store *s = NULL;
	struct location *l = NULL;
	double from = now_ms();
	int err = open_both(dir, &s, &l);
	for (unsigned i = 0; !err && i < n; i++)
		err = put(l, i);
	if (!err)
		err = store_flush(s);
	printf("bindings-put %.2f us\n", (now_ms() - from) * 1e3 / n);
	fflush(stdout);
	_exit(err != 0); /* as by a kill */
}

static int take_over(const char *dir, unsigned n)
{
	struct store *s = NULL;
	struct location *l = NULL;
	size_t before = own_memory();
	double from = now_ms();
	int err = open_both(dir, &s, &l);
	double ms = now_ms() - from;
	if (err || location_count(l) != n) {
		fprintf(stderr, "%zu of %u bindings: %s\n", l ? location_count(l) : 0, n, strerror(-err));
		return 1;
	}
	printf("bindings-back-after-restart %.0f ms for %u\n", ms, n);
	printf("binding-memory %.0f bytes\n", (double)(own_memory() - before) / n);
	mem_deref(l);
	mem_deref(s);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned n = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	if (!n || loop_init()) {
		fprintf(stderr, "usage: bindtool DIRECTORY NUMBER\n");
		return 2;
	}
	pid_t child = fork();
	if (!child)
		return fill(argv[1], n);
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		return 1;
	return take_over(argv[1], n);
}
