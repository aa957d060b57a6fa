// SPDX-License-Identifier: GPL-3.0-or-later
/* Several connections of one channel: who hears whom, and that whoever goes leaves the others undisturbed. */
#include "bearer_bed.h"
#include "base/mem.h"
#include "media/digits.h"
#include <math.h>

#define ANN   BED_SLOT
#define BOB   8
#define CAROL 9
#define LINE_HZ  400
#define ANN_HZ   700
#define BOB_HZ   1100
#define CAROL_HZ 1900

/* A peer speaks one tone, and what it hears is what was sent on its slot. */
struct peer {
	uint32_t slot;
	double hz, amplitude;
	uint16_t seq;
	uint32_t timestamp;
};
static struct peer ann, bob, carol;
static struct digit_sender *dialler;

static uint8_t octet(double hz, double amplitude, uint64_t at)
{
	return law_octet(LAW_A, (int16_t)lrint(amplitude * sin(2 * M_PI * hz * (double)at / 8000)));
}

static void speak_tone(uint8_t *octets, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i++)
		octets[i] = octet(LINE_HZ, 3000, at + i);
}

static void speak_digits(uint8_t *octets, size_t n, uint64_t at)
{
	int16_t linear[8];
	digit_sender_make(dialler, linear, n);
	law_encode(LAW_A, octets, linear, n);
}

static void put(const struct peer *p, uint8_t pt, const uint8_t *payload, size_t len)
{
	uint8_t data[12 + 160];
	const struct rtp_packet r = {.pt = pt, .seq = p->seq, .timestamp = p->timestamp, .ssrc = p->slot};
	rtp_write(&r, data);
	memcpy(data + 12, payload, len);
	assert_true(span_thread_rtp(NULL, p->slot, bearer_deliver(bed.bearer), data, 12 + len, bed.now));
}

static void say(struct peer *p)
{
	uint8_t payload[160];
	for (unsigned i = 0; i < 160; i++)
		payload[i] = octet(p->hz, p->amplitude, p->timestamp + i);
	put(p, 8, payload, sizeof payload);
	p->seq++;
	p->timestamp += 160;
}

/* Everybody who has an amplitude speaks. */
static void converse(unsigned ms)
{
	struct peer *peers[] = {&ann, &bob, &carol};
	for (unsigned t = 0; t < ms; t += 20) {
		for (unsigned i = 0; i < 3; i++)
			if (peers[i]->amplitude > 0)
				say(peers[i]);
		bed_run(20);
	}
}

static int attach(const struct peer *p, enum bearer_mode mode)
{
	struct bearer_connection c = bed.c;
	c.slot = p->slot;
	c.mode = mode;
	return bearer_connect(bed.bearer, &c);
}

static void begin(void)
{
	ann = (struct peer){.slot = ANN, .hz = ANN_HZ, .amplitude = 3000};
	bob = (struct peer){.slot = BOB, .hz = BOB_HZ, .amplitude = 3000};
	carol = (struct peer){.slot = CAROL, .hz = CAROL_HZ};
	assert_int_equal(bed_open(LAW_A), 0);
	bed.speak = speak_tone;
}

static void begin_conference(void)
{
	begin();
	assert_int_equal(attach(&ann, BEARER_CONFRNCE), 0);
	assert_int_equal(attach(&bob, BEARER_CONFRNCE), 0);
	converse(400);
}

/* --- what is heard ------------------------------------------------------------------------------------------------- */

static double amplitude(const int16_t *linear, unsigned n, double hz)
{
	double s1 = 0, s2 = 0, k = 2 * cos(2 * M_PI * hz / 8000);
	for (unsigned i = 0; i < n; i++) {
		double s = linear[i] + k * s1 - s2;
		s2 = s1;
		s1 = s;
	}
	return 2 * sqrt(s1 * s1 + s2 * s2 - k * s1 * s2) / n;
}

#define HEARD 1600 /* octets looked at, of which the tones have whole periods */

static unsigned line_hears(int16_t linear[HEARD])
{
	for (unsigned i = 0; i < HEARD; i++)
		linear[i] = law_linear[LAW_A][bed.heard[(bed.n_heard - HEARD + i) % BED_KEPT]];
	return HEARD;
}

/* The last audio packets of a slot, each following the one before. */
static unsigned hears(const struct peer *p, int16_t linear[HEARD])
{
	unsigned n = HEARD;
	uint16_t seq = 0;
	for (unsigned i = fake_n_out; n && i--;) {
		const struct fake_packet *k = &fake_out[i % 256];
		struct rtp_packet r;
		if (k->slot != p->slot)
			continue;
		assert_int_equal(rtp_read(&r, k->data, k->len), 0);
		assert_true(n == HEARD || r.seq == (uint16_t)(seq - 1));
		assert_int_equal(r.pt, 8);
		assert_int_equal(r.len, 160);
		seq = r.seq;
		n -= 160;
		law_decode(LAW_A, linear + n, r.payload, 160);
	}
	assert_int_equal(n, 0);
	return HEARD;
}

static void check_tones(const int16_t *linear, unsigned n, bool line, bool a, bool b, bool c)
{
	const struct {
		double hz;
		bool there;
	} tones[] = {{LINE_HZ, line}, {ANN_HZ, a}, {BOB_HZ, b}, {CAROL_HZ, c}};
	for (unsigned i = 0; i < 4; i++) {
		double is = amplitude(linear, n, tones[i].hz);
		if (tones[i].there)
			assert_in_range((int)is, 2850, 3150);
		else
			assert_in_range((int)is, 0, 30);
	}
}

static void check_peer(const struct peer *p, bool line, bool a, bool b, bool c)
{
	int16_t linear[HEARD];
	check_tones(linear, hears(p, linear), line, a, b, c);
}

static void check_line(bool a, bool b, bool c)
{
	int16_t linear[HEARD];
	check_tones(linear, line_hears(linear), false, a, b, c);
}

/* --- tests --------------------------------------------------------------------------------------------------------- */

static void each_hears_all_the_others_and_not_itself(void **state)
{
	begin_conference();
	check_line(true, true, false);
	check_peer(&ann, true, false, true, false);
	check_peer(&bob, true, true, false, false);
	carol.amplitude = 3000;
	assert_int_equal(attach(&carol, BEARER_CONFRNCE), 0);
	converse(400);
	check_line(true, true, true);
	check_peer(&ann, true, false, true, true);
	check_peer(&bob, true, true, false, true);
	check_peer(&carol, true, true, true, false);
	bed_close();
}

/* RFC 3435 2.3: only those in mode confrnce hear each other. */
static void those_who_are_not_in_conference_hear_the_line_alone(void **state)
{
	begin();
	assert_int_equal(attach(&ann, BEARER_SENDRECV), 0);
	assert_int_equal(attach(&bob, BEARER_SENDRECV), 0);
	converse(400);
	check_line(true, true, false);
	check_peer(&ann, true, false, false, false);
	check_peer(&bob, true, false, false, false);
	bed_close();
}

static void loud_voices_are_cut_not_turned_over(void **state)
{
	int16_t linear[HEARD];
	begin_conference();
	ann.amplitude = bob.amplitude = 30000;
	bob.hz = ann.hz;
	bob.timestamp = ann.timestamp;
	converse(400);
	line_hears(linear);
	/* What is cut is nearly a square: its base is louder than either voice, and it never goes the other way. */
	assert_true(amplitude(linear, HEARD, ANN_HZ) > 33000);
	bed_close();
}

/* What one party says goes through as it came, octet by octet, while the other is on hold. */
static void who_talks_alone_is_heard_as_it_came(void **state)
{
	begin();
	bed.speak = bed_silence;
	bob.amplitude = 0;
	assert_int_equal(attach(&ann, BEARER_SENDRECV), 0);
	assert_int_equal(attach(&bob, BEARER_INACTIVE), 0);
	bed_run(37);
	for (unsigned i = 0; i < 100; i++) {
		bed_voice();
		bed_run(20);
	}
	for (uint64_t i = bed.n_heard - 4000; i < bed.n_heard; i++)
		assert_int_equal(bed.heard[i % BED_KEPT], (bed.heard[(i - 1) % BED_KEPT] + 1) % 251);
	bed_close();
}

static void whoever_leaves_the_others_go_on(void **state)
{
	struct bearer_sent before, after;
	begin_conference();
	assert_true(bearer_sent(bed.bearer, BOB, &before));
	bearer_disconnect(bed.bearer, ANN);
	assert_false(bearer_sent(bed.bearer, ANN, &after));
	converse(400);
	check_line(false, true, false);
	check_peer(&bob, true, false, false, false);
	assert_true(bearer_sent(bed.bearer, BOB, &after));
	assert_int_equal(after.ssrc, before.ssrc);
	assert_in_range(after.packets, before.packets + 19, before.packets + 21);
	/* Nothing is sent to who has left, and its slot may come again. */
	for (unsigned i = fake_n_out - 10; i < fake_n_out; i++)
		assert_int_equal(fake_out[i % 256].slot, BOB);
	assert_int_equal(attach(&ann, BEARER_CONFRNCE), 0);
	converse(400);
	check_peer(&ann, true, false, true, false);
	bearer_disconnect(bed.bearer, ANN);
	converse(400);
	check_line(false, true, false);
	bearer_disconnect(bed.bearer, BOB);
	assert_false(bearer_sent(bed.bearer, BOB, &after));
	fake_n_out = 0;
	converse(200);
	assert_int_equal(fake_n_out, 0);
	bed_close();
}

/* From two in conference to one on hold and back, as a telephone's flash has it. */
static void modes_change_one_by_one(void **state)
{
	begin_conference();
	assert_int_equal(attach(&bob, BEARER_INACTIVE), 0);
	bob.amplitude = 0; /* the fast path refuses it */
	converse(400);
	check_line(true, false, false);
	check_peer(&ann, true, false, false, false);
	fake_n_out = 0;
	converse(100);
	for (unsigned i = 0; i < fake_n_out; i++)
		assert_int_equal(fake_out[i].slot, ANN);
	bob.amplitude = 3000;
	bob.seq += 25;
	bob.timestamp += 25 * 160;
	assert_int_equal(attach(&bob, BEARER_RECVONLY), 0);
	converse(400);
	check_line(true, true, false);
	assert_int_equal(attach(&bob, BEARER_CONFRNCE), 0);
	converse(400);
	check_peer(&ann, true, false, true, false);
	check_peer(&bob, true, true, false, false);
	bed_close();
}

static unsigned events_of(const struct peer *p, uint8_t pt)
{
	unsigned n = 0;
	for (unsigned i = 0; i < fake_n_out && i < 256; i++)
		n += fake_out[i].slot == p->slot && (fake_out[i].data[1] & 0x7f) == pt && fake_out[i].data[1] & 0x80;
	return n;
}

/* A digit of the line is one event to each; one of a peer is passed on, and no digit of the line. */
static void digits_are_whose_they_are(void **state)
{
	const struct bearer_ears ears = {.dtmf = true};
	begin();
	bed.speak = bed_silence;
	ann.amplitude = bob.amplitude = 0;
	assert_int_equal(bearer_listen(bed.bearer, &ears), 0);
	assert_int_equal(attach(&ann, BEARER_CONFRNCE), 0);
	assert_int_equal(attach(&bob, BEARER_CONFRNCE), 0);
	bed_run(100);
	for (uint16_t i = 1; i <= 6; i++) {
		const uint8_t five[4] = {5, (uint8_t)((i == 6 ? 0x80 : 0) | 10), (uint8_t)(160 * i >> 8), (uint8_t)(160 * i)};
		put(&bob, 101, five, sizeof five);
		bob.seq++;
		bed_run(20);
	}
	bed_run(300);
	assert_int_equal(bed_events(HEARD_DIGIT), 0);
	assert_int_equal(events_of(&ann, 101), 1);
	assert_int_equal(events_of(&bob, 101), 0);
	dialler = digit_sender_new(DIGIT_DTMF);
	digit_sender_shape(dialler, 60, 60, -10);
	assert_int_equal(digit_sender_put(dialler, SLICE("7")), 1);
	bed.speak = speak_digits;
	fake_n_out = 0;
	bed_run(300);
	mem_deref(dialler);
	assert_int_equal(bed_events(HEARD_DIGIT), 2); /* it begins, it ends */
	assert_int_equal(bed.events[0].digit, '7');
	assert_int_equal(events_of(&ann, 101), 1);
	assert_int_equal(events_of(&bob, 101), 1);
	/* Who takes the first's place listens, too. */
	bearer_disconnect(bed.bearer, ANN);
	bed.n_events = 0;
	dialler = digit_sender_new(DIGIT_DTMF);
	assert_int_equal(digit_sender_put(dialler, SLICE("8")), 1);
	bed_run(300);
	mem_deref(dialler);
	assert_int_equal(bed_events(HEARD_DIGIT), 2);
	bed_close();
}

static void what_cannot_be_mixed_is_refused(void **state)
{
	begin_conference();
	struct bearer_connection c = bed.c;
	c.slot = CAROL;
	c.format = PLAYOUT_CLEAR;
	assert_int_equal(bearer_connect(bed.bearer, &c), -EINVAL);
	c.format = PLAYOUT_PCMA;
	c.mode = BEARER_NETWLOOP;
	assert_int_equal(bearer_connect(bed.bearer, &c), -EINVAL);
	c.mode = BEARER_CONFRNCE;
	c.ptime = 201;
	assert_int_equal(bearer_connect(bed.bearer, &c), -EINVAL);
	assert_int_equal(attach(&ann, BEARER_LOOPBACK), -EINVAL);
	assert_false(told.looped);
	assert_int_equal(attach(&bob, BEARER_CONTTEST), -EINVAL);
	c.ptime = 30;
	assert_int_equal(bearer_connect(bed.bearer, &c), 0);
	c.slot = CAROL + 1;
	assert_int_equal(bearer_connect(bed.bearer, &c), 0);
	c.slot = CAROL + 2;
	assert_int_equal(bearer_connect(bed.bearer, &c), -EBUSY);
	converse(400);
	check_peer(&ann, true, false, true, false);
	/* All at once. */
	bearer_connect(bed.bearer, &(struct bearer_connection){.slot = BEARER_NO_SLOT, .ptime = 20});
	fake_n_out = 0;
	bed_run(100);
	assert_int_equal(fake_n_out, 0);
	bed_close();
}

/* Who is tested has the channel alone. */
static void nobody_is_mixed_into_a_test(void **state)
{
	begin();
	assert_int_equal(attach(&ann, BEARER_NETWLOOP), 0);
	assert_int_equal(attach(&bob, BEARER_SENDRECV), -EINVAL);
	assert_int_equal(attach(&ann, BEARER_SENDRECV), 0);
	assert_int_equal(attach(&bob, BEARER_SENDRECV), 0);
	bed_close();
}

/* A digit that one party sends sounds on while another leaves, whose place it takes. */
static void an_event_goes_on_in_another_place(void **state)
{
	int16_t linear[HEARD];
	begin();
	bed.speak = bed_silence;
	assert_int_equal(attach(&ann, BEARER_CONFRNCE), 0);
	assert_int_equal(attach(&bob, BEARER_CONFRNCE), 0);
	bed_run(100);
	for (uint16_t i = 1; i <= 30; i++) {
		const uint8_t five[4] = {5, 10, (uint8_t)(160 * i >> 8), (uint8_t)(160 * i)};
		put(&bob, 101, five, sizeof five);
		bob.seq++;
		bed_run(20);
		if (i == 10)
			bearer_disconnect(bed.bearer, ANN);
	}
	line_hears(linear);
	assert_true(amplitude(linear, HEARD, 770) > 1000 && amplitude(linear, HEARD, 1336) > 1000);
	bed_close();
}

static void confer(void *arg)
{
	const struct bearer_ears ears = {.dtmf = true};
	int err = bed_open(LAW_A);
	if (!err)
		err = attach(&ann, BEARER_CONFRNCE);
	if (!err)
		err = bearer_listen(bed.bearer, &ears);
	if (!err)
		err = attach(&bob, BEARER_CONFRNCE);
	if (!err) {
		bed_run(60);
		bearer_disconnect(bed.bearer, ANN);
		bed_run(60);
	}
	assert_true(!err || err == -ENOMEM);
	bed_close();
}

static void survives_lack_of_memory(void **state)
{
	each_allocation_fails(confer, NULL);
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
		cmocka_unit_test(each_hears_all_the_others_and_not_itself), cmocka_unit_test(those_who_are_not_in_conference_hear_the_line_alone),
		cmocka_unit_test(loud_voices_are_cut_not_turned_over), cmocka_unit_test(who_talks_alone_is_heard_as_it_came),
		cmocka_unit_test(whoever_leaves_the_others_go_on), cmocka_unit_test(modes_change_one_by_one), cmocka_unit_test(digits_are_whose_they_are),
		cmocka_unit_test(what_cannot_be_mixed_is_refused), cmocka_unit_test(nobody_is_mixed_into_a_test),
		cmocka_unit_test(an_event_goes_on_in_another_place), cmocka_unit_test(survives_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
