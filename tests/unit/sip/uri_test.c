// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "sip/uri.h"
#include <errno.h>
#include <stdio.h>

static struct sip_uri uri(const char *text)
{
	struct sip_uri u;
	if (sip_uri_parse(&u, slice_str(text)))
		fail_msg("refused: %s", text);
	return u;
}

static void assert_slice(struct slice s, const char *z)
{
	if (!slice_eq(s, slice_str(z)))
		fail_msg("\"" SLICE_FMT "\" is not \"%s\"", SLICE_ARG(s), z);
}

static void parts(void **state)
{
	struct sip_uri u = uri("sip:alice:secret@[2001:db8::1]:5070;transport=tcp;lr?subject=x&to=y");
	assert_int_equal(u.scheme, SIP_SCHEME_SIP);
	assert_slice(u.user, "alice");
	assert_slice(u.password, "secret");
	assert_slice(u.host, "2001:db8::1");
	assert_true(u.host_is_v6);
	assert_int_equal(u.port, 5070);
	assert_slice(u.headers, "subject=x&to=y");
	assert_slice(sip_uri_param(&u, SLICE("TRANSPORT")), "tcp");
	assert_true(slice_is_set(sip_uri_param(&u, SLICE("lr"))));
	assert_int_equal(sip_uri_param(&u, SLICE("lr")).len, 0);
	assert_false(slice_is_set(sip_uri_param(&u, SLICE("l"))));

	u = uri("SIPS:example.net");
	assert_int_equal(u.scheme, SIP_SCHEME_SIPS);
	assert_false(slice_is_set(u.user));
	assert_int_equal(u.port, 0);

	u = uri("tel:+1-201-555-0123;phone-context=example.com");
	assert_int_equal(u.scheme, SIP_SCHEME_TEL);
	assert_slice(u.user, "+1-201-555-0123");
	assert_slice(sip_uri_param(&u, SLICE("phone-context")), "example.com");

	u = uri("nobodyKnowsThisScheme:totallyopaquecontent");
	assert_int_equal(u.scheme, SIP_SCHEME_OTHER);
	assert_slice(u.scheme_text, "nobodyKnowsThisScheme");
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"", "sip", "sip:", ":x", "sip:@example.com", "sip:a@", "sip:a b@example.com", "sip:a@example.com:",
		"sip:a@example.com:0", "sip:a@example.com:65536", "sip:a@example.com:5x", "sip:2001:db8::10",
		"sip:a@[2001:db8::1", "sip:a@[]", "sip:a@[2001:db8::1]x", "sip:a@[example]", "sip:a%@example.com",
		"sip:a%4@example.com", "sip:a%zz@example.com", "sip:a@b@c", "<sip:a@b>", "sip:a@b;x=\"y\"", "sip:a@b?x=<y>",
		"tel:", "tel:x", "tel:1+2", "1:2", "mailto:a b", "sip:a\nb@c",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct sip_uri u = {.port = 7};
		if (sip_uri_parse(&u, slice_str(bad[i])) != -EINVAL || u.port != 7)
			fail_msg("taken, or the result touched: %s", bad[i]);
	}
}

/* The sets of RFC 3261 19.1.4, and what its text adds. */
static void a_request_uri_has_no_header_fields(void **state)
{
	static const char *const rows[][2] = {
		{"sip:a@h", "sip:a@h"}, {"sip:a?b@h;p=1?Route=%3Csip:x%3E", "sip:a?b@h;p=1"}, {"sip:h?a=b&c=d", "sip:h"}, {"sip:a?b@h", "sip:a?b@h"}, {"", ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(slice_eq(sip_uri_request(slice_str(rows[i][0])), slice_str(rows[i][1])));
}

static void equality(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		 "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		 "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
		{"sip:a@b", "sips:a@b", false},
		{"sip:a%3Bb@c", "sip:a;b@c", false},
		{"sip:a%3Bb@c", "sip:a%3bb@c", true},
		{"sip:a@b;user=phone", "sip:a@b", false},
		{"sip:a@b", "sip:a@b;maddr=192.0.2.1", false},
		{"sip:b", "sip:a@b", false},
		{"sip:a:p@b", "sip:a@b", false},
		{"sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0::1]", true},
		{"tel:+1", "tel:+2", false},
		{"x:y", "x:y", true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sip_uri a = uri(rows[i].a), b = uri(rows[i].b);
		if (sip_uri_eq(&a, &b) != rows[i].equal || sip_uri_eq(&b, &a) != rows[i].equal)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

static void addresses(void **state)
{
	struct addr a;
	char text[ADDR_STR_LEN];
	struct sip_uri u = uri("sip:x@192.0.2.1");
	assert_int_equal(sip_uri_addr(&u, &a), 0);
	assert_string_equal(addr_str(&a, text), "192.0.2.1:5060");
	u = uri("sips:[2001:db8::1]");
	assert_int_equal(sip_uri_addr(&u, &a), 0);
	assert_string_equal(addr_str(&a, text), "[2001:db8::1]:5061");
	u = uri("sip:x@example.com");
	assert_int_equal(sip_uri_addr(&u, &a), -EINVAL);
}

static void user_text(void **state)
{
	char text[8];
	struct sip_uri u = uri("sip:a%20b%25@c");
	assert_int_equal(sip_uri_user(&u, text, sizeof text), 0);
	assert_string_equal(text, "a b%");
	assert_int_equal(sip_uri_user(&u, text, 4), -ENOSPC);
	u = uri("sip:a%00b@c");
	assert_int_equal(sip_uri_user(&u, text, sizeof text), -EINVAL);

	/* What is written is read back the same, whatever it was. */
	char back[16], all[4];
	for (unsigned c = 1; c < 256; c++) {
		struct buf b = buf_growing();
		buf_str(&b, "sip:");
		snprintf(all, sizeof all, "x%cy", (char)c);
		sip_uri_escape_user(&b, slice_str(all));
		buf_str(&b, "@host");
		assert_int_equal(sip_uri_parse(&u, buf_text(&b)), 0);
		assert_int_equal(sip_uri_user(&u, back, sizeof back), 0);
		assert_string_equal(back, all);
		buf_reset(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),     cmocka_unit_test(refused),   cmocka_unit_test(a_request_uri_has_no_header_fields), cmocka_unit_test(equality),
		cmocka_unit_test(addresses), cmocka_unit_test(user_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
