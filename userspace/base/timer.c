// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/timer.h"
#include <time.h>

/* Four wheels of 256 slots: ticks of 1 ms, 256 ms, 65.5 s and 4.7 h. A timer sits in the lowest wheel whose span
 * covers its distance and cascades down as time reaches its slot. Longer ones wait in the top wheel and are
 * filed again from there. */
#define LEVELS 4
#define BITS   8
#define SLOTS  (1u << BITS)

static struct list wheel[LEVELS][SLOTS];
static uint64_t filled[SLOTS / 64]; /* slots of the lowest wheel that may have a timer */
static uint64_t now_ms = 1;
static size_t running;
static struct list late; /* due, and held back */
static bool holding;

uint64_t clock_ms(void)
{
	return now_ms;
}

uint64_t clock_utc_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void file(struct timer *t)
{
	uint64_t due = t->due > now_ms ? t->due : now_ms + 1;
	uint64_t distance = due - now_ms;
	unsigned level = 0;
	while (level + 1 < LEVELS && distance >> (BITS * (level + 1)))
		level++;
	if (distance >> (BITS * LEVELS))
		due = now_ms + ((uint64_t)1 << (BITS * LEVELS)) - 1;
	unsigned slot = (due >> (BITS * level)) & (SLOTS - 1);
	list_append(&wheel[level][slot], &t->link);
	if (!level)
		filled[slot / 64] |= (uint64_t)1 << slot % 64;
}

void timer_start(struct timer *t, uint64_t ms, timer_fn fn, void *arg)
{
	timer_stop(t);
	t->due = now_ms + (ms ? ms : 1);
	t->fn = fn;
	t->arg = arg;
	running++;
	file(t);
}

void timer_stop(struct timer *t)
{
	if (!timer_running(t))
		return;
	list_remove(&t->link);
	running--;
}

/* Files the timers of a higher slot again, now that its time has come. */
static void cascade(unsigned level)
{
	struct list *slot = &wheel[level][(now_ms >> (BITS * level)) & (SLOTS - 1)];
	struct list todo;
	list_init(&todo);
	while (list_first(slot)) {
		struct link *k = list_first(slot);
		list_remove(k);
		list_append(&todo, k);
	}
	while (list_first(&todo)) {
		struct timer *t = container_of(list_first(&todo), struct timer, link);
		list_remove(&t->link);
		if (t->due <= now_ms)
			list_append(&wheel[0][now_ms & (SLOTS - 1)], &t->link); /* runs in this tick */
		else
			file(t);
	}
}

static void tick(void)
{
	now_ms++;
	for (unsigned level = 1; level < LEVELS; level++) {
		if (now_ms & (((uint64_t)1 << (BITS * level)) - 1))
			break;
		cascade(level);
	}
	struct list *slot = &wheel[0][now_ms & (SLOTS - 1)];
	while (list_first(slot)) {
		struct timer *t = container_of(list_first(slot), struct timer, link);
		if (holding) {
			list_remove(&t->link);
			list_append(&late, &t->link);
		} else {
			timer_stop(t);
			t->fn(t->arg);
		}
	}
}

static void run_late(void)
{
	while (list_first(&late)) {
		struct timer *t = container_of(list_first(&late), struct timer, link);
		timer_stop(t);
		t->fn(t->arg);
	}
}

static void move_to(uint64_t now)
{
	while (now_ms < now) {
		if (!running) {
			now_ms = now;
			return;
		}
		tick();
	}
}

void clock_advance_to(uint64_t now)
{
	run_late();
	move_to(now);
}

void clock_hold_to(uint64_t now)
{
	holding = true;
	move_to(now);
	holding = false;
}

bool clock_has_late(void)
{
	return !list_empty(&late);
}

void clock_skip_to(uint64_t now)
{
	uint64_t skipped = now > now_ms ? now - now_ms : 0;
	struct list all;
	struct timer *t;
	list_init(&all);
	for (unsigned i = 0; i < LEVELS * SLOTS; i++) {
		struct list *slot = &wheel[i / SLOTS][i % SLOTS];
		while (list_first(slot)) {
			struct link *k = list_first(slot);
			list_remove(k);
			list_append(&all, k);
		}
	}
	now_ms += skipped;
	list_foreach_safe(t, &all, link) {
		list_remove(&t->link);
		t->due += skipped;
		file(t);
	}
}

void clock_test_advance(uint64_t ms)
{
	clock_advance_to(now_ms + ms);
}

uint64_t timer_next_ms(void)
{
	if (!running)
		return UINT64_MAX;
	if (!list_empty(&late))
		return 0;
	/* Up to the next cascade the lowest wheel is exact; beyond it, wake at the cascade. */
	unsigned now = now_ms & (SLOTS - 1), slot = now + 1;
	while (slot < SLOTS) {
		uint64_t word = filled[slot / 64] >> slot % 64;
		if (!word) {
			slot = (slot / 64 + 1) * 64;
			continue;
		}
		slot += (unsigned)__builtin_ctzll(word);
		if (!list_empty(&wheel[0][slot]))
			break;
		filled[slot / 64] &= ~((uint64_t)1 << slot % 64); /* they were stopped */
	}
	return (slot < SLOTS ? slot : SLOTS) - now;
}

size_t timer_count(void)
{
	return running;
}
