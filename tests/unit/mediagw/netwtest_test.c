// SPDX-License-Identifier: GPL-3.0-or-later
/* A relay in the mode netwtest answers one tone of a continuity test with the other (RFC 3435 2.1.3). */
#include "line_bench.h"
#include "media/g711.h"
#include "media/test_tones.h"
#include "media/tones.h"
#include "rtp/packet.h"

#define TEST "rtpbridge/1@mg"
#define PEER "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

static struct {
	struct tone tone;
	struct tone_player player;
	struct test_tones ears;
	int heard;
	uint16_t seq;
} peer;

static void on_tone(void *arg, enum test_tone tone, bool begun)
{
	peer.heard = begun ? (int)tone : -1;
}

static void peer_plays(const char *notation)
{
	peer.heard = -1;
	assert_int_equal(tone_read(&peer.tone, slice_str(notation)), 0);
	tone_start(&peer.player, &peer.tone);
	test_tones_init(&peer.ears, on_tone, NULL);
}

/* 20 ms of the peer, and the answer. */
static bool packet(const struct conn *c, uint8_t pt)
{
	int16_t linear[160];
	uint8_t data[172];
	struct rtp_packet r = {.pt = pt, .seq = peer.seq++, .ssrc = 7}, back;
	fake[c->rtp.slot].sent_len = 0;
	tone_make(&peer.player, linear, 160);
	rtp_write(&r, data);
	law_encode(LAW_U, data + 12, linear, 160);
	assert_true(netwtest_rtp(c->rtp.slot, data, sizeof data, 0));
	clock_test_advance(20);
	if (!fake[c->rtp.slot].sent_len)
		return false;
	assert_int_equal(rtp_read(&back, fake[c->rtp.slot].sent, fake[c->rtp.slot].sent_len), 0);
	assert_int_equal(back.len, 160);
	assert_true(back.ssrc != 7);
	law_decode(LAW_U, linear, back.payload, 160);
	test_tones_hear(&peer.ears, linear, 160);
	return true;
}

static void each_tone_has_its_answer(void **state)
{
	(void)state;
	char text[256];
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	assert_int_equal(run("CRCX 1 " TEST " MGCP 1.0\r\nC: 1\r\nM: netwtest\r\n\r\n" PEER), 200);
	struct conn *c = container_of(list_first(&bench.gw->conns), struct conn, all);
	assert_int_equal(fake[c->rtp.slot].stream.deliver, NETWTEST_DELIVER);
	assert_int_equal(fake[c->rtp.slot].peer, UINT32_MAX);
	peer_plays("2010");
	for (unsigned i = 0; i < 20; i++)
		assert_true(packet(c, 0));
	assert_int_equal(peer.heard, TEST_CO2);
	peer_plays("1780");
	for (unsigned i = 0; i < 20; i++)
		assert_true(packet(c, 0));
	assert_int_equal(peer.heard, TEST_CO1);
	peer_plays("440");
	for (unsigned i = 0; i < 20; i++)
		assert_true(packet(c, 0));
	assert_int_equal(peer.heard, -1);
	uint64_t before = mg_count[MG_TEST_OTHER];
	assert_false(packet(c, 18));
	assert_int_equal(mg_count[MG_TEST_OTHER], before + 1);
	snprintf(text, sizeof text, "AUCX 2 " TEST " MGCP 1.0\r\nI: %s\r\nF: P\r\n", bench.id);
	assert_int_equal(run(text), 200);
	assert_non_null(strstr(bench.answer, "P: PS=60, OS=9600,"));
	snprintf(text, sizeof text, "MDCX 3 " TEST " MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: sendrecv\r\n", bench.id);
	assert_int_equal(run(text), 200);
	assert_int_equal(fake[c->rtp.slot].stream.deliver, 0);
	assert_false(netwtest_rtp(c->rtp.slot, (const uint8_t *)"", 0, 0));
	bench_close();
}

static void lifecycle(void *arg)
{
	(void)arg;
	bench_plug();
	if (!bench_open(BENCH_LINES, NULL)) {
		unsigned code = run("CRCX 1 " TEST " MGCP 1.0\r\nC: 1\r\nM: netwtest\r\n\r\n" PEER);
		assert_true(code == 200 || code == 400 || code == 403 || code == 500 || code == 509);
	}
	bench_close();
}

static void without_memory(void **state)
{
	(void)state;
	each_allocation_fails(lifecycle, NULL);
}

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tone_has_its_answer),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
