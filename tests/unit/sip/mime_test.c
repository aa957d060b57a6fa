// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "sip/mime.h"
#include "sip/replaces.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SDP   SLICE("application/sdp")
#define MIXED SLICE("multipart/mixed;boundary=\"b-1\"")

#define TWO                                                                                                      \
	"preamble\r\n--b-1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n<presence>--b-1 no</presence>\r\n" \
	"--b-1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=x\r\n\r\n--b-1--\r\nepilogue"

static void the_description_is_found_and_exchanged(void **state)
{
	struct slice body = SLICE(TWO);
	struct buf out = buf_growing();
	assert_true(slice_eq(sip_body_find(MIXED, body, SDP), SLICE("v=0\r\no=x\r\n")));
	assert_int_equal(sip_body_exchange(&out, MIXED, body, SDP, SLICE("v=0\r\no=ours\r\n")), 0);
	assert_true(slice_eq(sip_body_find(MIXED, buf_text(&out), SDP), SLICE("v=0\r\no=ours\r\n")));
	assert_true(slice_eq(sip_body_find(MIXED, buf_text(&out), SLICE("application/pidf+xml")), SLICE("<presence>--b-1 no</presence>")));
	buf_reset(&out);
	assert_false(slice_is_set(sip_body_find(MIXED, body, SLICE("text/plain"))));
	assert_int_equal(sip_body_exchange(&out, MIXED, body, SLICE("text/plain"), SLICE("x")), -ENOENT);
	assert_true(slice_eq(sip_body_find(SLICE("application/sdp;x=y"), SLICE("v=0"), SDP), SLICE("v=0")));
	assert_true(slice_eq(sip_body_find(SLICE_NONE, SLICE("v=0"), SDP), SLICE("v=0")));
	assert_false(slice_is_set(sip_body_find(SLICE("text/plain"), SLICE("v=0"), SDP)));
}

static void two_bodies_are_joined(void **state)
{
	struct slice type, other = SLICE("application/isup;version=itu-t92+");
	struct buf out = buf_growing();
	assert_int_equal(sip_body_join(&out, &type, SDP, SLICE("v=0\r\n"), other, SLICE("\x01\x02")), 0);
	assert_true(slice_eq(sip_body_find(type, buf_text(&out), SDP), SLICE("v=0\r\n")));
	assert_true(slice_eq(sip_body_find(type, buf_text(&out), SLICE("application/isup")), SLICE("\x01\x02")));
	/* What looks like our boundary gets another one; what looks like all of them is not joined. */
	struct buf twice = buf_growing(), thrice = buf_growing(), none = buf_growing();
	struct slice type2, type3;
	assert_int_equal(sip_body_join(&twice, &type2, SDP, SLICE("v=0"), type, buf_text(&out)), 0);
	assert_false(slice_eq(type, type2));
	assert_int_equal(sip_body_join(&thrice, &type3, SDP, SLICE("v=0"), type2, buf_text(&twice)), 0);
	assert_int_equal(sip_body_join(&none, &type, SDP, SLICE("v=0"), type3, buf_text(&thrice)), -EEXIST);
	buf_reset(&out);
	buf_reset(&twice);
	buf_reset(&thrice);
	buf_reset(&none);
}

static void it_may_be_a_part_of_a_part(void **state)
{
	struct slice body = SLICE("--o\r\nContent-Type: multipart/alternative;boundary=i\r\n\r\n--i\r\nc: application/sdp\r\n\r\nv=0\r\n--i--\r\n--o--");
	assert_true(slice_eq(sip_body_find(SLICE("multipart/mixed;boundary=o"), body, SDP), SLICE("v=0")));
	assert_int_equal(sip_body_check(SLICE("multipart/mixed;boundary=o"), body), 0);
}

static void what_is_no_multipart_is_refused(void **state)
{
	static const char *const bad[][2] = {
		{"multipart/mixed", "--b\r\n\r\n--b--"},                   /* no boundary */
		{"multipart/mixed;boundary=b", "no delimiter"},
		{"multipart/mixed;boundary=b", "--b\r\nc: text/plain\r\n\r\nthat does not end"},
		{"multipart/mixed;boundary=bb", "--b\r\n\r\n--b--"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(sip_body_check(slice_str(bad[i][0]), slice_str(bad[i][1])), -EBADMSG);
	assert_int_equal(sip_body_check(SLICE("text/plain"), SLICE("--b")), 0);
}

/* Bombs: too deep, and too many. */
static void parts_have_a_limit(void **state)
{
	char text[8000];
	struct buf b = buf_fixed(text, sizeof text);
	for (int i = 0; i < 5; i++)
		buf_printf(&b, "--b%d\r\nContent-Type: multipart/mixed;boundary=b%d\r\n\r\n", i, i + 1);
	buf_str(&b, "--b5\r\n\r\n--b5--\r\n");
	for (int i = 4; i >= 0; i--)
		buf_printf(&b, "--b%d--\r\n", i);
	assert_int_equal(sip_body_check(SLICE("multipart/mixed;boundary=b0"), buf_text(&b)), -EBADMSG);
	b = buf_fixed(text, sizeof text);
	for (int i = 0; i < 64; i++)
		buf_str(&b, "--b\r\n\r\nx\r\n");
	size_t len = b.len;
	buf_str(&b, "--b--");
	assert_int_equal(sip_body_check(SLICE("multipart/mixed;boundary=b"), buf_text(&b)), 0);
	b.len = len;
	buf_str(&b, "--b\r\n\r\nx\r\n--b--");
	assert_int_equal(sip_body_check(SLICE("multipart/mixed;boundary=b"), buf_text(&b)), -EBADMSG);
}

static void replaces_names_one_dialog(void **state)
{
	struct sip_replaces r;
	assert_int_equal(sip_replaces_parse(&r, SLICE("98732@x ;from-tag=r33th4x0r;to-tag=\"ff87ff\" ;early-only")), 0);
	assert_true(slice_eq(r.call_id, SLICE("98732@x")) && slice_eq(r.to_tag, SLICE("ff87ff")) && slice_eq(r.from_tag, SLICE("r33th4x0r")));
	assert_true(r.early_only);
	assert_int_equal(sip_replaces_parse(&r, SLICE("a;to-tag=1")), -EBADMSG);
	assert_int_equal(sip_replaces_parse(&r, SLICE("a;to-tag=1;to-tag=2;from-tag=3")), -EBADMSG);
	assert_int_equal(sip_replaces_parse(&r, SLICE(";to-tag=1;from-tag=3")), -EBADMSG);
	assert_int_equal(sip_replaces_parse(&r, SLICE("")), -EBADMSG);
	/* RFC 4538: the receiver's tag is the local one. */
	assert_int_equal(sip_target_dialog_parse(&r, SLICE("592435881734450904 ;local-tag=9m2n3wq ;remote-tag=763231;x=y")), 0);
	assert_true(slice_eq(r.call_id, SLICE("592435881734450904")) && slice_eq(r.to_tag, SLICE("9m2n3wq")) && slice_eq(r.from_tag, SLICE("763231")));
	assert_int_equal(sip_target_dialog_parse(&r, SLICE("a;to-tag=1;from-tag=2")), -EBADMSG);
}

static void a_header_in_a_uri_is_unescaped(void **state)
{
	struct sip_uri u;
	struct buf out = buf_growing();
	assert_int_equal(sip_uri_parse(&u, SLICE("sip:a@b?x=1&Replaces=12%40c%3Bto-tag%3D7%3bfrom-tag%3D8")), 0);
	assert_int_equal(sip_uri_header(&out, &u, SLICE("replaces")), 0);
	assert_true(slice_eq(buf_text(&out), SLICE("12@c;to-tag=7;from-tag=8")));
	assert_int_equal(sip_uri_header(&out, &u, SLICE("y")), -ENOENT);
	assert_int_equal(sip_uri_parse(&u, SLICE("sip:a@b?Replaces=1%0d%0aVia:%20x")), 0);
	assert_int_equal(sip_uri_header(&out, &u, SLICE("Replaces")), -EBADMSG);
	buf_reset(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_description_is_found_and_exchanged),
		cmocka_unit_test(two_bodies_are_joined),
		cmocka_unit_test(it_may_be_a_part_of_a_part),
		cmocka_unit_test(what_is_no_multipart_is_refused),
		cmocka_unit_test(parts_have_a_limit),
		cmocka_unit_test(replaces_names_one_dialog),
		cmocka_unit_test(a_header_in_a_uri_is_unescaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
