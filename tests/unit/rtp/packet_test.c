// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "rtp/packet.h"
#include <errno.h>
#include <string.h>

static void what_is_written_is_read(void **state)
{
	const struct rtp_packet r = {.pt = 101, .marker = true, .seq = 0x1234, .timestamp = 0x56789abc, .ssrc = 0xdef01234};
	struct rtp_packet got;
	uint8_t data[20] = {0};
	rtp_write(&r, data);
	memcpy(data + RTP_HEADER_LEN, "payload!", 8);
	assert_int_equal(rtp_read(&got, data, sizeof data), 0);
	assert_int_equal(got.pt, 101);
	assert_true(got.marker);
	assert_int_equal(got.seq, 0x1234);
	assert_int_equal(got.timestamp, 0x56789abc);
	assert_int_equal(got.ssrc, 0xdef01234);
	assert_int_equal(got.len, 8);
	assert_memory_equal(got.payload, "payload!", 8);
}

static void sources_extension_and_padding_are_passed_over(void **state)
{
	const uint8_t data[] = {0xb1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 7, 7, 7, 7, 'a', 'b', 0, 2};
	struct rtp_packet r;
	assert_int_equal(rtp_read(&r, data, sizeof data), 0);
	assert_int_equal(r.len, 2);
	assert_memory_equal(r.payload, "ab", 2);
	for (size_t len = 0; len < sizeof data - 3; len++)
		(void)rtp_read(&r, data, len);
	assert_int_equal(rtp_read(&r, data, 22), -EBADMSG);
	assert_int_equal(rtp_read(&r, data, 11), -EBADMSG);
}

static void lengths_that_do_not_fit_are_refused(void **state)
{
	uint8_t data[16] = {0xa0};
	struct rtp_packet r;
	data[15] = 5;
	assert_int_equal(rtp_read(&r, data, sizeof data), -EBADMSG);
	data[15] = 0;
	assert_int_equal(rtp_read(&r, data, sizeof data), -EBADMSG);
	data[15] = 4;
	assert_int_equal(rtp_read(&r, data, sizeof data), 0);
	assert_int_equal(r.len, 0);
	data[0] = 0x40;
	assert_int_equal(rtp_read(&r, data, sizeof data), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(sources_extension_and_padding_are_passed_over),
		cmocka_unit_test(lengths_that_do_not_fit_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
