// SPDX-License-Identifier: GPL-3.0-or-later
/* How long it takes to find where a call goes and whose a message is, with few and with many rules and trunks: nanoseconds of this thread's processor time a
 * look-up, the best of several runs. Beside it what looking at every rule would cost, and what reading the configuration does. */
#include "base/log.h"
#include "base/mem.h"
#include "config/schema.h"
#include "routing/route.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS    5
#define NUMBERS 4096

static const unsigned sizes[] = {10, 1000, 100000};
static char numbers[NUMBERS][24];
static struct addr senders[NUMBERS];
static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Of ten rules eight have a prefix of their own, one names numbers, one looks at who calls; three for all others and an expression stand before them. */
static void write_rules(struct buf *b, unsigned n)
{
	buf_str(b, "address inside {\n local = {\"127.0.0.1\"}\n}\ntrunk t {\n peer = \"192.0.2.9:5060\"\n}\n"
		   "route premium {\n called = {\"/^0(190|900)/\"}\n to = block\n}\nroute spam {\n caller = {\"0*\"}\n to = block\n}\nroute rest {\n to = t\n}\n");
	for (unsigned i = 3; i < n; i++) {
		unsigned number = 1000000 + i;
		buf_printf(b, "route r%u {\n to = t\n", i);
		if (i % 10 == 8)
			buf_printf(b, " called = {\"%u123\", \"%u9*\"}\n}\n", number, number);
		else
			buf_printf(b, " prefix = \"%u\"\n%s}\n", number, i % 10 == 9 ? " caller = {\"+49*\"}\n" : "");
	}
}

static void write_trunks(struct buf *b, unsigned n)
{
	buf_str(b, "address inside {\n local = {\"127.0.0.1\"}\n}\n");
	for (unsigned i = 0; i < n; i++)
		buf_printf(b, "trunk t%u {\n peer = \"10.%u.%u.%u:5060\"\n networks = {\"172.%u.%u.0/24\"}\n}\n", i, i >> 16, (i >> 8) & 255, i & 255, 16 + (i >> 8) % 16, i & 255);
}

static struct conf *load(struct buf *b, double *ms)
{
	struct conf *conf = NULL;
	struct buf why = buf_growing();
	double from = now_ns();
	if (config_load(&conf, "bench", buf_z(b), &why))
		fprintf(stderr, "%s", buf_z(&why));
	*ms = (now_ns() - from) / 1e6;
	buf_reset(&why);
	return conf;
}

static const struct rule *by_index(const struct routing *r, const struct query *q)
{
	return routing_find(r, q, NULL, false, NULL, NULL);
}

static const struct rule *one_by_one(const struct routing *r, const struct query *q)
{
	const struct rule *best = NULL;
	int specific = 0;
	for (unsigned i = 0; i < r->n_rules; i++) {
		int n = r->rules[i].before_users ? -1 : rule_match(&r->rules[i], q, NULL);
		if (n < 0 || (best && !rule_comes_before(&r->rules[i], n, best, specific)))
			continue;
		best = &r->rules[i];
		specific = n;
	}
	return best;
}

static double measure(const struct routing *r, const struct rule *(*find)(const struct routing *r, const struct query *q), unsigned times)
{
	const struct source from = {.name = "t"};
	struct query q = {.from = &from, .caller = "+4930123", .utc = 1767609000};
	double best = 0;
	for (int run = 0; run < RUNS; run++) {
		double at = now_ns();
		for (unsigned i = 0; i < times; i++) {
			q.called = numbers[i % NUMBERS];
			if (!find(r, &q))
				abort();
		}
		double each = (now_ns() - at) / times;
		best = run && best < each ? best : each;
	}
	return best;
}

static int bench_rules(unsigned n)
{
	struct buf b = buf_growing();
	struct routing *r;
	double ms, from;
	write_rules(&b, n);
	struct conf *conf = load(&b, &ms);
	buf_reset(&b);
	if (!conf)
		return 1;
	for (unsigned i = 0; i < NUMBERS; i++)
		snprintf(numbers[i], sizeof(numbers[i]), "%u%u", 1000000 + draw(n + n / 4), 100 + draw(9000));
	from = now_ns();
	if (routing_new(&r, conf))
		return 1;
	double made = (now_ns() - from) / 1e6, one = measure(r, one_by_one, n > 10000 ? 20 : 2000);
	printf("route-%u %.0f ns a look-up, %.0f ns one by one; %.0f ms to read, %.1f ms to make\n", n, measure(r, by_index, 200000), one, ms, made);
	mem_deref(r);
	mem_deref(conf);
	return 0;
}

static int bench_trunks(unsigned n)
{
	struct buf b = buf_growing();
	struct trunks ts;
	char text[64];
	double ms, best = 0;
	bool exact;
	write_trunks(&b, n);
	struct conf *conf = load(&b, &ms);
	buf_reset(&b);
	if (!conf || trunks_load(&ts, conf, NULL))
		return 1;
	for (unsigned i = 0; i < NUMBERS; i++) {
		unsigned t = draw(n);
		snprintf(text, sizeof(text), i % 2 ? "10.%u.%u.%u:5060" : "198.18.%u.%u", i % 2 ? t >> 16 : t & 255, (t >> 8) & 255, t & 255);
		addr_parse(&senders[i], slice_str(text), 5060);
	}
	for (int run = 0; run < RUNS; run++) {
		double from = now_ns();
		for (unsigned i = 0; i < 1000000; i++)
			if ((trunks_by_address(&ts, &senders[i % NUMBERS], &exact) != NULL) != (i % 2))
				abort();
		double each = (now_ns() - from) / 1e6;
		best = run && best < each ? best : each;
	}
	printf("trunk-%u %.0f ns a message, known or not; %.0f ms to read\n", n, best, ms);
	trunks_free(&ts);
	mem_deref(conf);
	return 0;
}

int main(void)
{
	int failed = 0;
	log_set_level(LOG_LEVEL_ERROR);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		failed |= bench_rules(sizes[i]);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		failed |= bench_trunks(sizes[i] > 10000 ? 10000 : sizes[i]);
	return failed;
}
