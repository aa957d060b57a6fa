// SPDX-License-Identifier: GPL-3.0-or-later
/* The voice path of a channel, between a line and RTP that a test makes: what comes out on either side, and when. */
#include "bearer_bed.h"
#include "media/digits.h"
#include <stdlib.h>

static void talk(enum law law)
{
	assert_int_equal(bed_open(law), 0);
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
}

/* --- octets -------------------------------------------------------------------------------------------------------- */

static void speak_places(uint8_t *octets, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i++)
		octets[i] = bed_octet(at + i);
}

static void check_sent(unsigned first, unsigned n, uint8_t pt, const uint8_t *map)
{
	struct rtp_packet r, was = {0};
	for (unsigned i = first; i < first + n; i++) {
		assert_int_equal(rtp_read(&r, fake_out[i].data, fake_out[i].len), 0);
		assert_int_equal(fake_out[i].slot, BED_SLOT);
		assert_int_equal(r.pt, pt);
		assert_int_equal(r.len, 160);
		if (i > first) {
			assert_int_equal(r.seq, (uint16_t)(was.seq + 1));
			assert_int_equal(r.timestamp, was.timestamp + 160);
			assert_int_equal(r.ssrc, was.ssrc);
		}
		was = r;
	}
	/* The line's octets follow each other across packets. */
	uint8_t all[160 * 16];
	for (unsigned i = 0; i < n; i++)
		memcpy(all + i * 160, fake_out[first + i].data + 12, 160);
	unsigned start = 0;
	while (start < 251 && (map ? map[bed_octet(start)] : bed_octet(start)) != all[0])
		start++;
	for (unsigned i = 0; i < n * 160; i++)
		assert_int_equal(all[i], map ? map[bed_octet(start + i)] : bed_octet(start + i));
}

static void what_the_line_says_is_sent_as_it_is(void **state)
{
	talk(LAW_A);
	bed.c.event_pt_sent = 0;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	bed.speak = speak_places;
	bed_run(400);
	assert_in_range(fake_n_out, 18, 20);
	check_sent(2, 16, 8, NULL);
	assert_int_equal(bed_count(BEARER_SENT), fake_n_out);
	assert_int_equal(bed_count(BEARER_SENT_OCTETS), fake_n_out * 160);
	bed_close();
}

static void the_other_law_is_converted(void **state)
{
	uint8_t map[256];
	assert_int_equal(bed_open(LAW_A), 0);
	bed.c.format = PLAYOUT_PCMU;
	bed.c.pt = bed.c.event_pt_sent = 0;
	bed.speak = speak_places;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	bed_run(400);
	memcpy(map, law_other[LAW_A], sizeof map);
	uint8_t all[160 * 4];
	for (unsigned i = 0; i < 4; i++)
		memcpy(all + i * 160, fake_out[4 + i].data + 12, 160);
	bool found = false;
	for (unsigned start = 0; start < 251 && !found; start++) {
		found = true;
		for (unsigned i = 0; i < sizeof all && found; i++)
			found = all[i] == map[bed_octet(start + i)];
	}
	assert_true(found);
	bed_close();
}

/* The peer's clock is off by so many parts per million; what the line hears is held against when the peer said it. */
struct heard_so_far {
	unsigned breaks;          /* places where octets do not follow each other, */
	unsigned made_up;         /* octets there that are none of the peer's */
	unsigned longest, shortest; /* delay in octets, packet time included */
};

static void follow(struct heard_so_far *h, uint64_t from, double peer_octets_at_end, double per_octet)
{
	bool follows = false;
	unsigned in_a_row = 0;
	for (uint64_t i = from; i < bed.n_heard; i++) {
		uint8_t octet = bed.heard[i % BED_KEPT], before = bed.heard[(i - 1) % BED_KEPT];
		bool next = octet == (before + 1) % 251;
		h->breaks += follows && !next;
		in_a_row = next ? in_a_row + 1 : 0;
		follows = next;
		if (in_a_row < 8) {
			h->made_up++;
			continue;
		}
		double said = peer_octets_at_end - (double)(bed.n_heard - i) * per_octet;
		unsigned delay = (unsigned)((uint64_t)(said + 251 * 4) - octet) % 251;
		h->longest = delay > h->longest ? delay : h->longest;
		h->shortest = delay < h->shortest ? delay : h->shortest;
	}
}

static struct heard_so_far run_clocks(double ppm, unsigned seconds)
{
	struct heard_so_far h = {.shortest = 251};
	const double packet = 20.0 * MS / (1 + ppm / 1e6);
	talk(LAW_A);
	bed_run(37);
	const uint64_t begin = bed.now;
	for (unsigned i = 0; i < seconds * 50; i++) {
		bed_run_until(begin + (uint64_t)(i * packet));
		bed_voice();
		if (i % 50 != 49 || i < 100)
			continue;
		/* All that came up to now was said a packet ago at the latest. */
		uint64_t said = (uint64_t)((bed.now - begin) / packet * 160) + 160;
		follow(&h, bed.n_heard - 7900, (double)said - (bed.now - (bed.tick - bed.ms)) * 8.0 / MS, 160 * (MS / 8) / packet);
	}
	return h;
}

static void equal_clocks_lose_nothing(void **state)
{
	struct heard_so_far h = run_clocks(0, 20);
	assert_int_equal(h.breaks, 0);
	assert_int_equal(bed_count(BEARER_SKIPPED) + bed_count(BEARER_REPEATED) + bed_count(BEARER_LATE), 0);
	assert_true(bed_count(BEARER_CONCEALED) <= 24); /* before the first packet's turn */
	assert_int_equal(bed_count(BEARER_UNDERRUNS) + bed.ran_dry, 0);
	assert_int_equal(bed_count(BEARER_RECEIVED), 999); /* the last one waits */
	assert_true(h.longest <= 160 + 80); /* the packet's own 20 ms, and 10 */
	bed_close();
}

/* 100 ppm are 48 octets a minute. */
static void a_fast_peer_is_followed_by_slips(void **state)
{
	struct heard_so_far h = run_clocks(100, 120);
	assert_in_range(bed_count(BEARER_SKIPPED), 6, 14);
	assert_int_equal(bed_count(BEARER_REPEATED) + bed_count(BEARER_LATE) + bed_count(BEARER_UNDERRUNS) + bed.ran_dry, 0);
	assert_in_range(h.breaks, bed_count(BEARER_SKIPPED) - 1, bed_count(BEARER_SKIPPED));
	assert_true(h.longest <= 160 + 80);
	bed_close();
}

static void a_slow_peer_is_followed_by_slips(void **state)
{
	struct heard_so_far h = run_clocks(-100, 120);
	assert_in_range(bed_count(BEARER_REPEATED), 6, 16);
	assert_int_equal(bed_count(BEARER_SKIPPED) + bed_count(BEARER_LATE) + bed_count(BEARER_UNDERRUNS) + bed.ran_dry, 0);
	assert_in_range(h.breaks, bed_count(BEARER_REPEATED) - 1, 2 * bed_count(BEARER_REPEATED)); /* one where time is filled in, one behind it */
	assert_true(h.longest <= 160 + 80);
	bed_close();
}

/* The peer speaks from the first moment, at any phase of the line's blocks; the line's octets come several milliseconds at a time, as from a driver that the kernel's
 * timer drives, and count as heard when their own time comes. */
static void speak_from_the_beginning(unsigned burst, unsigned phase)
{
	struct heard_so_far h = {.shortest = 251};
	talk(LAW_A);
	bed.burst = burst;
	const uint64_t begin = bed.now + phase * MS + MS / 3, ticks = bed.tick;
	for (unsigned i = 0; i < 90; i++) {
		bed_run_until(begin + i * 20 * MS);
		bed_voice();
		if (i >= 60 && i % 10 == 9)
			follow(&h, bed.n_heard - 1600, (i + 1) * 160 - (double)(bed.now - ticks - bed.n_heard * MS / 8 + (burst - 1) * MS) * 8 / MS, 1);
	}
	assert_int_equal(h.breaks + bed_count(BEARER_LATE) + bed_count(BEARER_SKIPPED) + bed_count(BEARER_REPEATED) + bed.ran_dry, 0);
	assert_in_range(h.longest, 160, 160 + 56);
	bed_close();
}

static void the_delay_is_small_from_the_beginning(void **state)
{
	for (unsigned burst = 1; burst <= 8; burst *= 2)
		for (unsigned phase = 0; phase < 40; phase += 3)
			speak_from_the_beginning(burst, phase);
}

/* What came while the connection only sent does not make it wait afterwards. */
static void what_nobody_heard_leaves_no_delay(void **state)
{
	struct heard_so_far h = {.shortest = 251};
	talk(LAW_A);
	bed.c.mode = BEARER_SENDONLY;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	const uint64_t begin = bed.now + MS / 2, ticks = bed.tick;
	for (unsigned i = 0; i < 250; i++) {
		bed_run_until(begin + i * 20 * MS);
		bed_voice();
		if (i == 150) {
			bed.c.mode = BEARER_SENDRECV;
			assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
		}
		if (i >= 200 && i % 10 == 9)
			follow(&h, bed.n_heard - 1600, (i + 1) * 160 - (double)(bed.now - ticks - bed.n_heard * MS / 8) * 8 / MS, 1);
	}
	assert_int_equal(bed_count(BEARER_UNHEARD), 150);
	assert_int_equal(bed_count(BEARER_RECEIVED), 249);
	assert_int_equal(h.breaks + bed_count(BEARER_LOST) + bed_count(BEARER_JUMPS) + bed_count(BEARER_SKIPPED), 0);
	assert_in_range(h.longest, 160, 160 + 56);
	bed_close();
}

/* The thread does not run for a while: what the line lacked then is not waited for ever after. */
static void a_line_that_ran_dry_is_not_late_for_long(void **state)
{
	struct heard_so_far h = {.shortest = 251};
	talk(LAW_A);
	const uint64_t begin = bed.now + MS / 2, ticks = bed.tick;
	for (unsigned i = 0; i < 1000; i++) {
		bed_run_until(begin + i * 20 * MS);
		bed_voice();
		if (i == 100) {
			bed.asleep = true;
			bed_run_until(begin + i * 20 * MS + 12 * MS);
			bed.asleep = false;
		}
		if (i >= 900 && i % 10 == 9)
			follow(&h, bed.n_heard - 1600, (i + 1) * 160 - (double)(bed.now - ticks - bed.n_heard * MS / 8) * 8 / MS, 1);
	}
	assert_in_range(h.longest, 160, 160 + 80);
	bed_close();
}

struct underway {
	unsigned n; /* of the packet */
	uint64_t due;
};

static int by_time(const void *a, const void *b)
{
	const struct underway *x = a, *y = b;
	return x->due < y->due ? -1 : x->due > y->due;
}

/* Each packet takes up to 40 ms, and may be overtaken. */
static void jitter_makes_few_packets_late(void **state)
{
	enum { PACKETS = 30000, LONGEST = 40 };
	static struct underway path[PACKETS];
	uint32_t random = 1;
	uint8_t payload[160];
	talk(LAW_A);
	bed_run(37);
	for (unsigned i = 0; i < PACKETS; i++) {
		random = random * 1664525 + 1013904223;
		path[i] = (struct underway){i, bed.now + i * 20 * MS + (random >> 8) % (LONGEST * 1000) * 1000};
	}
	qsort(path, PACKETS, sizeof path[0], by_time);
	memset(payload, 0x55, sizeof payload);
	for (unsigned i = 0; i < PACKETS; i++) {
		bed_run_until(path[i].due);
		assert_true(bed_packet(8, false, (uint16_t)path[i].n, path[i].n * 160, payload, sizeof payload));
	}
	bed_run(20);
	assert_int_equal(bed_count(BEARER_RECEIVED), PACKETS);
	assert_true(bed_count(BEARER_LATE) * 1000 < PACKETS);
	assert_true(bed_count(BEARER_DEPTH) < (LONGEST + 20) * 8);
	bed_close();
}

static int start(void **state)
{
	return loop_init();
}

static int stop(void **state)
{
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_line_says_is_sent_as_it_is), cmocka_unit_test(the_other_law_is_converted),
		cmocka_unit_test(equal_clocks_lose_nothing),           cmocka_unit_test(a_fast_peer_is_followed_by_slips),
		cmocka_unit_test(a_slow_peer_is_followed_by_slips),    cmocka_unit_test(jitter_makes_few_packets_late),
		cmocka_unit_test(the_delay_is_small_from_the_beginning), cmocka_unit_test(what_nobody_heard_leaves_no_delay),
		cmocka_unit_test(a_line_that_ran_dry_is_not_late_for_long),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
