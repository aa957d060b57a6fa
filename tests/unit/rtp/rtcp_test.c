// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/buf.h"
#include "rtp/rtcp.h"
#include <errno.h>

#define CNAME SLICE("8d1f0c22a7e94b53")

static void word(struct buf *b, uint32_t v)
{
	uint8_t w[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	buf_add(b, w, 4);
}

static void head(struct buf *b, uint8_t count, uint8_t type, unsigned words)
{
	word(b, 0x80000000u | (uint32_t)count << 24 | (uint32_t)type << 16 | words);
}

static void sender_report(struct buf *b)
{
	head(b, 1, RTCP_SR, 12);
	const uint32_t v[] = {0x11223344, 0xe1234567, 0x89abcdef, 160, 10, 1600, 0x55667788, 0x40fffffe, 70000, 33, 0x00050000, 0x00008000};
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		word(b, v[i]);
}

static void item(struct buf *b, uint8_t type, const char *text)
{
	buf_char(b, (char)type);
	buf_char(b, (char)strlen(text));
	buf_str(b, text);
}

/* One chunk with these items; the header's length is filled in afterwards. */
static void sdes_begin(struct buf *b, uint32_t ssrc)
{
	head(b, 1, RTCP_SDES, 0);
	word(b, ssrc);
}

static void sdes_end(struct buf *b, size_t at)
{
	do
		buf_char(b, 0);
	while (b->len % 4);
	b->p[at + 3] = (char)((b->len - at) / 4 - 1);
}

static bool contains(const uint8_t *p, size_t len, const char *text)
{
	return slice_search(slice_of((const char *)p, len), slice_str(text)) >= 0;
}

static void reads_a_sender_report(void **state)
{
	(void)state;
	char mem[256];
	struct buf b = buf_fixed(mem, sizeof mem);
	sender_report(&b);
	const uint8_t *p = (uint8_t *)b.p;
	size_t left = b.len;
	struct rtcp_packet k;
	struct rtcp_sender s;
	struct rtcp_report r;
	assert_int_equal(rtcp_next(&p, &left, &k), 1);
	assert_int_equal(rtcp_sender(&k, &s), 0);
	assert_int_equal(s.ssrc, 0x11223344);
	assert_int_equal(s.ntp_mid, 0x456789ab);
	assert_int_equal(s.packets, 10);
	assert_int_equal(rtcp_report(&k, 0, &r), 0);
	assert_int_equal(r.about, 0x55667788);
	assert_int_equal(r.fraction, 0x40);
	assert_int_equal(r.lost, -2);
	assert_int_equal(r.jitter, 33);
	assert_int_equal(rtcp_report(&k, 1, &r), -ENOENT);
	assert_int_equal(rtcp_next(&p, &left, &k), 0);
}

static void round_trip_of_the_rfc_example(void **state)
{
	(void)state;
	/* RFC 3550 6.4.1, figure 2: 0xb710:8000 - 0xb705:2000 - 0x0005:4000 = 6.125 s */
	struct rtcp_report r = {.lsr = 0xb7052000, .dlsr = 0x00054000};
	uint32_t rtt = 0;
	assert_int_equal(rtcp_round_trip(&r, 0xb7108000, &rtt), 0);
	assert_int_equal(rtt, 0x00062000);
	assert_int_equal(rtcp_round_trip(&r, 0xb7050000, &rtt), -ERANGE);
	r.lsr = 0;
	assert_int_equal(rtcp_round_trip(&r, 0xb7108000, &rtt), -ENOENT);
	assert_int_equal(rtcp_ntp_mid(1000) - rtcp_ntp_mid(500), 0x8000);
}

static void nothing_that_names_or_locates_passes(void **state)
{
	(void)state;
	char mem[1024];
	uint8_t out[1024];
	size_t len = 0;
	struct buf b = buf_fixed(mem, sizeof mem);
	sender_report(&b);
	size_t at = b.len;
	sdes_begin(&b, 0x11223344);
	item(&b, 1, "alice@192.0.2.7");
	item(&b, 2, "Alice");
	item(&b, 3, "alice@example.net");
	item(&b, 4, "+15551234");
	item(&b, 5, "Paris");
	item(&b, 6, "phone/1.0");
	item(&b, 7, "in a meeting");
	item(&b, 8, "\003xyzsecret");
	sdes_end(&b, at);
	head(&b, 0, RTCP_APP, 3);
	word(&b, 0x11223344);
	buf_str(&b, "nameleak");
	head(&b, 1, RTCP_BYE, 4);
	word(&b, 0x11223344);
	buf_str(&b, "\0133host leaks");
	assert_int_equal(b.err, 0);
	assert_int_equal(rtcp_rewrite((uint8_t *)b.p, b.len, CNAME, out, sizeof out, &len), 0);
	assert_int_equal(rtcp_check(out, len), 0);
	static const char *const leaks[] = {"alice", "Alice", "192.0.2.7", "example", "555", "Paris", "phone", "meeting", "secret", "leak"};
	for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++)
		assert_false(contains(out, len, leaks[i]));
	assert_true(contains(out, len, "8d1f0c22a7e94b53"));
	/* The reports themselves are untouched, and SDES and BYE still follow. */
	assert_memory_equal(out, b.p, 52);
	assert_int_equal(out[53], RTCP_SDES);
	assert_int_equal(out[len - 7], RTCP_BYE);
}

static void a_longer_and_a_shorter_name(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		char mem[256], name[41];
		uint8_t out[256];
		size_t len = 0;
		struct buf b = buf_fixed(mem, sizeof mem);
		memset(name, 'n', n);
		name[n] = '\0';
		sdes_begin(&b, 7);
		item(&b, 1, name);
		sdes_end(&b, 0);
		assert_int_equal(rtcp_check((uint8_t *)b.p, b.len), 0);
		assert_int_equal(rtcp_rewrite((uint8_t *)b.p, b.len, CNAME, out, sizeof out, &len), 0);
		assert_int_equal(len, 4 + 4 + 2 + 16 + 2);
		assert_int_equal(rtcp_check(out, len), 0);
	}
}

static void padding_goes_and_a_full_buffer_is_refused(void **state)
{
	(void)state;
	static const uint8_t padded[] = {0xa1, RTCP_BYE, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4};
	uint8_t out[64];
	size_t len = 0;
	assert_int_equal(rtcp_rewrite(padded, sizeof padded, CNAME, out, sizeof out, &len), 0);
	assert_int_equal(len, 8);
	assert_int_equal(out[0], 0x81);
	for (size_t cap = 0; cap < 8; cap++)
		assert_int_equal(rtcp_rewrite(padded, sizeof padded, CNAME, out, cap, &len), -ENOSPC);
}

static void nothing_left_is_nothing_to_send(void **state)
{
	(void)state;
	static const uint8_t app[] = {0x80, RTCP_APP, 0, 2, 0, 0, 0, 1, 'n', 'a', 'm', 'e'};
	uint8_t out[64];
	size_t len = 99;
	assert_int_equal(rtcp_rewrite(app, sizeof app, CNAME, out, sizeof out, &len), 0);
	assert_int_equal(len, 0);
}

static void reduced_size_feedback_passes(void **state)
{
	(void)state;
	static const uint8_t pli[] = {0x81, RTCP_PSFB, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
	uint8_t out[64];
	size_t len = 0;
	assert_int_equal(rtcp_rewrite(pli, sizeof pli, CNAME, out, sizeof out, &len), 0);
	assert_int_equal(len, sizeof pli);
	assert_memory_equal(out, pli, len);
}

static void hostile_lengths(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		uint8_t bytes[16];
		size_t len;
	} bad[] = {
		{"empty", {0}, 0},
		{"short header", {0x80, RTCP_RR, 0}, 3},
		{"version 1", {0x40, RTCP_RR, 0, 1, 0, 0, 0, 1}, 8},
		{"length past the end", {0x80, RTCP_RR, 0, 2, 0, 0, 0, 1}, 8},
		{"length 65535 words", {0x80, RTCP_RR, 0xff, 0xff, 0, 0, 0, 1}, 8},
		{"trailing bytes", {0x80, RTCP_RR, 0, 1, 0, 0, 0, 1, 0x80}, 9},
		{"blocks announced but absent", {0x9f, RTCP_RR, 0, 1, 0, 0, 0, 1}, 8},
		{"SR without sender information", {0x80, RTCP_SR, 0, 1, 0, 0, 0, 1}, 8},
		{"padding of 0", {0xa0, RTCP_RR, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0}, 12},
		{"padding over the packet", {0xa0, RTCP_RR, 0, 2, 0, 0, 0, 1, 0, 0, 0, 12}, 12},
		{"padding not in words", {0xa0, RTCP_RR, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3}, 12},
		{"padding in the first", {0xa0, RTCP_BYE, 0, 1, 0, 0, 0, 4, 0x80, RTCP_BYE, 0, 0}, 12},
		{"SDES item past the end", {0x81, RTCP_SDES, 0, 2, 0, 0, 0, 1, 1, 200, 'a', 'b'}, 12},
		{"SDES item without length", {0x81, RTCP_SDES, 0, 2, 0, 0, 0, 1, 1, 1, 'a', 1}, 12},
		{"SDES without its terminator", {0x81, RTCP_SDES, 0, 2, 0, 0, 0, 1, 1, 2, 'a', 'b'}, 12},
		{"SDES with fewer chunks", {0x82, RTCP_SDES, 0, 2, 0, 0, 0, 1, 1, 1, 'a', 0}, 12},
		{"BYE with fewer sources", {0x82, RTCP_BYE, 0, 1, 0, 0, 0, 1}, 8},
		{"RTP, not RTCP", {0x80, 8, 0, 1, 0, 0, 0, 1}, 8},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint8_t out[256];
		size_t len = 0;
		/* On the heap, in its exact size, so that the sanitizer sees a byte read past it. */
		uint8_t *exact = mem_raw(bad[i].len);
		memcpy(exact, bad[i].bytes, bad[i].len);
		int err = rtcp_rewrite(exact, bad[i].len, CNAME, out, sizeof out, &len);
		mem_free(exact);
		if (err != -EBADMSG)
			fail_msg("%s: %d", bad[i].what, err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_sender_report),
		cmocka_unit_test(round_trip_of_the_rfc_example),
		cmocka_unit_test(nothing_that_names_or_locates_passes),
		cmocka_unit_test(a_longer_and_a_shorter_name),
		cmocka_unit_test(padding_goes_and_a_full_buffer_is_refused),
		cmocka_unit_test(nothing_left_is_nothing_to_send),
		cmocka_unit_test(reduced_size_feedback_passes),
		cmocka_unit_test(hostile_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
