// SPDX-License-Identifier: GPL-3.0-or-later
/* STUN: the published vectors, answers read back, what is none. */
#include "unit.h"
#include "stun/stun.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t vector(const char *name, uint8_t *out, size_t size)
{
	char path[300];
	const char *dir = getenv("TANDEM_CORPORA");
	snprintf(path, sizeof path, "%s/vectors/stun/%s.bin", dir ? dir : "../shared/corpora", name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		print_message("SKIP: no %s\n", path);
		skip();
	}
	size_t n = fread(out, 1, size, f);
	fclose(f);
	return n;
}

static void the_published_request_is_read(void **state)
{
	uint8_t data[200];
	size_t n = vector("5769-2.1-request", data, sizeof data);
	struct stun_msg m;
	assert_int_equal(stun_read(&m, data, n), 0);
	assert_int_equal(m.class, STUN_REQUEST);
	assert_int_equal(m.method, STUN_BINDING);
	assert_true(m.fingerprint);
	assert_int_equal(m.n_unknown, 1);
	assert_int_equal(m.unknown[0], 0x0024); /* PRIORITY is ICE's */
	data[30] ^= 1;
	assert_int_equal(stun_read(&m, data, n), -EBADMSG);
}

static const uint8_t plain[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 1, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

static void answer(struct buf *out, const uint8_t *data, size_t len, const char *src)
{
	struct stun_msg m;
	struct addr a;
	addr_parse(&a, slice_str(src), 0);
	assert_int_equal(stun_read(&m, data, len), 0);
	out->len = 0;
	stun_write_answer(out, &m, &a);
	assert_int_equal(out->err, 0);
}

/* RFC 5769 2.2 and 2.3 have these addresses and this transaction ID. */
static void an_answer_says_where_the_request_came_from(void **state)
{
	static const uint8_t v4[] = {0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43};
	static const uint8_t v6[] = {0, 0x20, 0, 20, 0, 2, 0xa1, 0x47, 1, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9};
	struct buf out = buf_growing();
	answer(&out, plain, sizeof plain, "192.0.2.1:32853");
	assert_int_equal(out.len, 32);
	assert_memory_equal(out.p, "\x01\x01\x00\x0c", 4);
	assert_memory_equal(out.p + 4, plain + 4, 16);
	assert_memory_equal(out.p + 20, v4, sizeof v4);
	answer(&out, plain, sizeof plain, "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	assert_memory_equal(out.p + 20, v6, sizeof v6);
	buf_reset(&out);
}

static void a_fingerprint_is_answered_with_one(void **state)
{
	static const uint8_t wrong[] = {0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x80, 0x28, 0, 4, 0, 0, 0, 0};
	struct stun_msg m;
	struct buf out = buf_growing();
	assert_int_equal(stun_read(&m, wrong, sizeof wrong), -EBADMSG);
	/* Made right by what we write ourselves, which the vector test holds against others. */
	m = (struct stun_msg){.fingerprint = true};
	stun_write_answer(&out, &m, &(struct addr){.family = AF_INET});
	assert_int_equal(stun_read(&m, out.p, out.len), 0);
	assert_true(m.fingerprint);
	assert_int_equal(m.class, STUN_SUCCESS);
	buf_reset(&out);
}

static void what_must_be_understood_is_refused(void **state)
{
	uint8_t data[28];
	struct stun_msg m;
	struct buf out = buf_growing();
	memcpy(data, plain, 20);
	memcpy(data + 20, "\x00\x03\x00\x04\x00\x00\x00\x06", 8); /* CHANGE-REQUEST of RFC 3489 */
	data[3] = 8;
	answer(&out, data, sizeof data, "192.0.2.1:1");
	assert_int_equal(stun_read(&m, out.p, out.len), 0);
	assert_int_equal(m.class, STUN_ERROR);
	assert_memory_equal(out.p + 20 + 4, "\0\0\x04\x14", 4);
	assert_memory_equal(out.p + out.len - 8, "\x00\x0a\x00\x02\x00\x03\x00\x00", 8);
	buf_reset(&out);
}

static void what_is_none_is_none(void **state)
{
	uint8_t data[24];
	struct stun_msg m;
	memcpy(data, plain, 20);
	memset(data + 20, 0, 4);
	assert_false(stun_is(data, 19));
	assert_false(stun_is(data, 24));  /* its length says 20 */
	assert_false(stun_is("OPTIONS sip:a@b SIP/2.0\r\n", 24));
	data[4] = 0; /* RFC 3489 */
	assert_false(stun_is(data, 20));
	data[4] = 0x21;
	data[3] = 4;
	memcpy(data + 20, "\x80\x22\x00\x05", 4);
	assert_int_equal(stun_read(&m, data, 24), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_request_is_read),
		cmocka_unit_test(an_answer_says_where_the_request_came_from),
		cmocka_unit_test(a_fingerprint_is_answered_with_one),
		cmocka_unit_test(what_must_be_understood_is_refused),
		cmocka_unit_test(what_is_none_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
