// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "sip/limits.h"
#include <errno.h>
#include <stdio.h>

#define VIA  "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport\r\n"
#define REST "From: \"A\" <sip:a@example.com>;tag=f1\r\nTo: <sip:b@example.com>\r\nCall-ID: c1@a\r\nCSeq: 7 INVITE\r\n"
#define LINE "INVITE sip:b@example.com SIP/2.0\r\n"

static struct sip_msg *parse(const char *text)
{
	struct sip_msg *m;
	unsigned status = 0;
	const char *why = "";
	int err = sip_msg_parse(&m, text, strlen(text), &status, &why);
	if (err)
		fail_msg("%d %u %s: %s", err, status, why, text);
	return m;
}

static void assert_slice(struct slice s, const char *z)
{
	if (!slice_eq(s, slice_str(z)))
		fail_msg("\"" SLICE_FMT "\" is not \"%s\"", SLICE_ARG(s), z);
}

static void request(void **state)
{
	struct sip_msg *m = parse(LINE VIA "Max-Forwards: 70\r\n" REST "Content-Length: 3\r\n\r\nabcdef");
	assert_true(m->request);
	assert_int_equal(m->method, SIP_INVITE);
	assert_slice(m->ruri.user, "b");
	assert_slice(m->via.host, "192.0.2.1");
	assert_int_equal(m->via.port, 5070);
	assert_true(m->via.rport);
	assert_slice(m->via.branch, "z9hG4bK1");
	assert_slice(m->from.display, "\"A\"");
	assert_slice(m->from.tag, "f1");
	assert_false(slice_is_set(m->to.tag));
	assert_slice(m->call_id, "c1@a");
	assert_int_equal(m->cseq.number, 7);
	assert_int_equal(m->max_forwards, 70);
	assert_slice(m->body, "abc");
	mem_deref(m);
	m = parse("\r\n\r\n" LINE VIA REST "\r\nabc");
	assert_int_equal(m->max_forwards, UINT32_MAX);
	assert_slice(m->body, "abc");
	mem_deref(m);
}

/* The blank line ends the headers whatever the body begins with: no line of it is a continuation (RFC 3261 7.3.1). */
static void a_body_may_begin_with_space(void **state)
{
	struct sip_msg *m = parse(LINE VIA REST "Content-Length: 16\r\n\r\n  x\r\nSubject: y\r");
	assert_slice(m->body, "  x\r\nSubject: y\r");
	assert_null(sip_msg_hdr(m, SIP_HDR_SUBJECT));
	mem_deref(m);
	m = parse("SIP/2.0 200 OK\r\n" VIA REST "\r\n\tx");
	assert_slice(m->body, "\tx");
	mem_deref(m);
}

static void response(void **state)
{
	struct sip_msg *m = parse("sip/2.0 180 Ringing now\r\n" VIA REST "\r\n");
	assert_false(m->request);
	assert_int_equal(m->status, 180);
	assert_slice(m->reason, "Ringing now");
	assert_int_equal(m->method, SIP_INVITE);
	mem_deref(m);
	m = parse("SIP/2.0 486\r\n" VIA REST "\r\n");
	assert_int_equal(m->status, 486);
	mem_deref(m);
}

/* Compact names, folding, several values on several lines, names in any case, unknown headers. */
static void headers(void **state)
{
	struct sip_msg *m = parse("OPTIONS sip:b SIP/2.0\r\nv: SIP/2.0/UDP [2001:db8::1] , SIP/2.0/TCP h;branch=2\r\nf:<sip:a@b>;tag=\r\n\t1\r\n"
				  "t: sip:b\r\ni: 1\r\ncseq : 1\t OPTIONS\r\nALLOW: INVITE,\r\n  ACK\r\nAllow:\r\nallow: , BYE\r\n"
				  "X-Mine: \"a,b\"  \r\nm: \"x, <y\" <sip:a,b@c>;q=1, *\r\nL:0\r\n\r\n");
	static const char *const allowed[] = {"INVITE", "ACK", "BYE"};
	struct sip_values it = {0};
	struct slice v;
	unsigned n = 0;
	while (sip_msg_each(m, SIP_HDR_ALLOW, &it, &v))
		assert_slice(v, allowed[n++]);
	assert_int_equal(n, 3);
	assert_true(sip_msg_has_token(m, SIP_HDR_ALLOW, SLICE("bye")));
	assert_false(sip_msg_has_token(m, SIP_HDR_ALLOW, SLICE("INFO")));
	assert_slice(m->from.tag, "1");
	assert_slice(m->via.host, "2001:db8::1");
	assert_slice(sip_msg_named(m, SLICE("x-mine"))->value, "\"a,b\"");
	assert_null(sip_msg_named(m, SLICE("x-other")));
	it = (struct sip_values){0};
	assert_true(sip_msg_each(m, SIP_HDR_CONTACT, &it, &v));
	assert_slice(v, "\"x, <y\" <sip:a,b@c>;q=1");
	assert_true(sip_msg_each(m, SIP_HDR_CONTACT, &it, &v));
	struct sip_nameaddr star;
	assert_int_equal(sip_nameaddr_parse(&star, v), 0);
	assert_true(star.star);
	assert_false(sip_msg_each(m, SIP_HDR_CONTACT, &it, &v));
	mem_deref(m);
}

/* Every row of the table finds itself by its full name. */
static void names(void **state)
{
	for (unsigned id = SIP_HDR_OTHER + 1; id < SIP_HDR_MAX; id++)
		assert_int_equal(sip_hdr_lookup(slice_str(sip_hdr_name(id))), id);
	static const char letters[] = "becfiklmorstvxy";
	for (const char *l = letters; *l; l++)
		assert_int_not_equal(sip_hdr_lookup(slice_of(l, 1)), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_lookup(SLICE("T")), SIP_HDR_TO);
	assert_int_equal(sip_hdr_lookup(SLICE("C%6Fntact")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_lookup(SLICE("")), SIP_HDR_OTHER);
	for (unsigned i = SIP_INVITE; i < SIP_METHOD_OTHER; i++)
		assert_int_equal(sip_method_parse(slice_str(sip_method_name(i))), i);
	assert_int_equal(sip_method_parse(SLICE("invite")), SIP_METHOD_OTHER);
}

/* What is wrong and the answer to it; 1: none. */
static void refused(void **state)
{
	static const struct {
		const char *text;
		unsigned status;
	} rows[] = {
		{"\r\n\r\n", 1},
		{"hello", 1},
		{LINE REST "\r\n", 1},
		{"ACK sip:b SIP/2.0\r\n" VIA "\r\n", 1},
		{"SIP/2.0 99 Low\r\n" VIA REST "\r\n", 1},
		{"SIP/2.0 700 High\r\n" VIA REST "\r\n", 1},
		{"SIP/2.0 200 OK\r\n" REST "\r\n", 1},
		{"SIP/2.0 200 OK\r\n" VIA REST "Content-Length: 9\r\n\r\n", 1},
		{"INVITE sip:b@example.com SIP/3.0\r\n" VIA REST "\r\n", 505},
		{"INVITE sip:b@example.com\r\n" VIA REST "\r\n", 400},
		{"INVITE sip: SIP/2.0\r\n" VIA REST "\r\n", 400},
		{"INVITE sip:a@b?x=y SIP/2.0\r\n" VIA REST "\r\n", 400},
		{LINE VIA "\r\n", 400},
		{LINE VIA REST "no colon\r\n\r\n", 400},
		{LINE VIA REST ": nameless\r\n\r\n", 400},
		{LINE VIA REST "a b: c\r\n\r\n", 400},
		{LINE " folded: first\r\n" VIA REST "\r\n", 400},
		{LINE VIA REST "Subject: a\rX: b\r\n\r\n", 400},
		{LINE VIA REST "To: <sip:other@example.com>\r\n\r\n", 400},
		{LINE VIA REST "Call-ID: c2\r\n\r\n", 400},
		{LINE VIA REST "Max-Forwards: x\r\n\r\n", 400},
		{LINE VIA REST "Max-Forwards:\r\n\r\n", 400},
		{LINE VIA REST "Content-Length: -1\r\n\r\n", 400},
		{LINE VIA REST "Content-Length: 1\r\n\r\n", 400},
		{LINE VIA REST "Content-Length: 99999999999999999999\r\n\r\n", 400},
		{LINE "Via: SIP/2.0/UDP 192.0.2.1;branch=\"x\r\n" REST "\r\n", 400},
		{LINE "Via: SIP/2.0/UDP [::1\r\n" REST "\r\n", 1},
		{LINE "Via: SIP/2.0/UDP\r\n" REST "\r\n", 1},
		{LINE "Via: SIP/2.0/UDP a:0\r\n" REST "\r\n", 1},
		{LINE VIA "From: <sip:a@b\r\nTo: sip:b\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\n\r\n", 400},
		{LINE VIA "From: *\r\nTo: sip:b\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\n\r\n", 400},
		{LINE VIA "From: sip:a\r\nTo: sip:b\r\nCall-ID: 1\r\nCSeq: 2147483648 INVITE\r\n\r\n", 400},
		{LINE VIA "From: sip:a\r\nTo: sip:b\r\nCall-ID: 1\r\nCSeq: 7 BYE\r\n\r\n", 400},
		{LINE VIA "From: sip:a\r\nTo: sip:b\r\nCall-ID: 1\r\nCSeq: 7INVITE\r\n\r\n", 400},
		{LINE VIA "From: sip:a\r\nTo: sip:b\r\nCall-ID: 1 2\r\nCSeq: 7 INVITE\r\n\r\n", 400},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sip_msg *m;
		unsigned status = 0;
		const char *why = "";
		int err = sip_msg_parse(&m, rows[i].text, strlen(rows[i].text), &status, &why);
		if (err != -EBADMSG || status != rows[i].status || !m != (rows[i].status == SIP_BADMSG_IGNORE))
			fail_msg("%d %u %s instead of %u: %s", err, status, why, rows[i].status, rows[i].text);
		mem_deref(m);
	}
}

/* What some would read as one thing and others as another (RFC 3261 7, 25.1). */
static void ambiguous(void **state)
{
#define TEXT(lit) {lit, sizeof lit - 1}
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		TEXT("INVITE sip:b@example.com SIP/2.0\n" VIA REST "\r\n"),
		TEXT(LINE VIA REST "Subject: a\nX: b\r\n\r\n"),
		TEXT(LINE VIA REST "\n"),
		TEXT(LINE VIA REST "Subject: a\r\r\n\r\n"),
		TEXT(LINE VIA REST "Subject: a\0b\r\n\r\n"),
		TEXT(LINE VIA REST "Subject: \\\\\0b\r\n\r\n"),
		TEXT(LINE VIA REST "Subject: \"\\\r\"\r\n\r\n"),
		TEXT(LINE VIA REST "Subject: 1234567\x0b" "1234567\r\n\r\n"),
		TEXT(LINE VIA REST "Subject: a\x7f\r\n\r\n"),
		TEXT(LINE VIA REST "Subj\0ect: a\r\n\r\n"),
		TEXT(LINE VIA REST "Subject: a\r\n \r\nX: b\r\n\r\n"),
		TEXT(LINE VIA REST "Subject: a\r\n \t \r\n\r\n"),
		TEXT(LINE VIA REST),
		TEXT(LINE VIA REST "Content-Length: 3\r\nl: 0\r\n\r\nabc"),
		TEXT(LINE VIA REST "Content-Length: 3, 0\r\n\r\nabc"),
		TEXT(LINE VIA REST "Content-Length: 3\r\nContent-Length : 2\r\n\r\nabc"),
		TEXT(LINE VIA REST "Content-Length: +3\r\n\r\nabc"),
		TEXT(LINE VIA REST "Content-Length: 0x3\r\n\r\nabc"),
		TEXT(LINE VIA REST "i: c2@a\r\n\r\n"),
		TEXT(LINE VIA REST "CSeq: 8 INVITE\r\n\r\n"),
		TEXT(LINE VIA REST "f: <sip:other@example.com>;tag=f1\r\n\r\n"),
		TEXT(LINE VIA REST "t: <sip:b@example.com>;tag=x\r\n\r\n"),
		TEXT(LINE VIA REST "Content-Type: a/b\r\nc: c/d\r\n\r\n"),
		TEXT(LINE VIA REST "Max-Forwards: 70\r\nMax-Forwards: 0\r\n\r\n"),
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sip_msg *m;
		unsigned status = 0;
		const char *why = "";
		int err = sip_msg_parse(&m, rows[i].text, rows[i].len, &status, &why);
		if (err != -EBADMSG || status != 400)
			fail_msg("row %zu: %d %u %s: %s", i, err, status, why, rows[i].text);
		mem_deref(m);
	}
	/* Allowed, odd as it is: white space before the colon, tabs, and NUL behind the backslash of a quoted string (RFC 4475 3.1.1). */
	static const char odd[] = LINE VIA REST "Subject\t :\ta\r\n\tb\r\nOdd: \"\\\0 \\\x07 \\\x7f\"\r\nContent-Length : 0\r\n\r\n";
	struct sip_msg *m;
	unsigned status = 0;
	const char *why = "";
	assert_int_equal(sip_msg_parse(&m, odd, sizeof odd - 1, &status, &why), 0);
	assert_slice(sip_msg_value(m, SIP_HDR_SUBJECT), "a  \tb");
	assert_false(sip_has_control(sip_msg_value(m, SIP_HDR_SUBJECT)));
	assert_true(sip_has_control(sip_msg_named(m, SLICE("Odd"))->value));
	mem_deref(m);
	struct buf b = buf_growing();
	sip_write_display(&b, SLICE("\"a\\\0b\""));
	sip_write_quoted(&b, SLICE("c\0\r\n\x7f"));
	assert_string_equal(buf_z(&b), "\"a\\ b\" \"c    \"");
	buf_reset(&b);
}

/* Each limit by itself, one below and one above. */
static void limits(void **state)
{
	static const struct {
		struct sip_limits over, within;
		unsigned status;
	} rows[] = {
		{{.message = 300}, {.message = 2000}, 513}, {{.headers = 9}, {.headers = 10}, 513},
		{{.header = 52}, {.header = 53}, 513},	     {{.uri = 16}, {.uri = 17}, 414},
		{{.via = 2}, {.via = 3}, 400},		     {{.route = 3}, {.route = 4}, 400},
		{{.contact = 1}, {.contact = 2}, 400},	     {{.body = 4}, {.body = 5}, 413},
	};
	struct sip_msg *m = parse(LINE VIA "Via: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n" REST "Route: <sip:a>, <sip:b>\r\nRecord-Route: <sip:c>\r\n"
				       "Path: <sip:d>\r\nContact: <sip:a>, <sip:b>\r\n\r\n12345");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned status = 0;
		const char *why = NULL;
		if (!sip_limits_exceeded(&rows[i].over, m, &status, &why) || status != rows[i].status || !why)
			fail_msg("row %zu: %u %s", i, status, why ? why : "within");
		if (sip_limits_exceeded(&rows[i].within, m, &status, &why))
			fail_msg("row %zu: %s", i, why);
	}
	mem_deref(m);
}

static void too_big(void **state)
{
	struct buf b = buf_growing();
	struct sip_msg *m;
	unsigned status;
	const char *why;
	buf_str(&b, LINE VIA REST);
	for (unsigned i = 0; i < 300; i++)
		buf_str(&b, "X: y\r\n");
	buf_str(&b, "\r\n");
	assert_int_equal(sip_msg_parse(&m, b.p, b.len, &status, &why), -EBADMSG);
	assert_int_equal(status, 513);
	mem_deref(m);
	buf_reset(&b);
	buf_str(&b, "INVITE sip:");
	for (unsigned i = 0; i < 5000; i++)
		buf_char(&b, 'b');
	buf_str(&b, " SIP/2.0\r\n" VIA REST "\r\n");
	assert_int_equal(sip_msg_parse(&m, b.p, b.len, &status, &why), -EBADMSG);
	assert_int_equal(status, 414);
	mem_deref(m);
	buf_reset(&b);
}

static void max_forwards_over_255_is_absent(void **state)
{
	struct sip_msg *m = parse(LINE VIA REST "Max-Forwards: 300\r\n\r\n");
	assert_int_equal(m->max_forwards, UINT32_MAX);
	mem_deref(m);
	m = parse(LINE VIA REST "Max-Forwards: 0\r\n\r\n");
	assert_int_equal(m->max_forwards, 0);
	mem_deref(m);
}

static void parameters(void **state)
{
	struct sip_nameaddr n;
	assert_int_equal(sip_nameaddr_parse(&n, SLICE("A. B <sip:a@b;lr>;x=\"1;y=2\";tag=t;flag")), 0);
	assert_slice(n.display, "A. B");
	assert_slice(n.tag, "t");
	assert_slice(sip_param(n.params, SLICE("X")), "1;y=2");
	assert_true(slice_is_set(sip_param(n.params, SLICE("flag"))));
	assert_false(slice_is_set(sip_param(n.params, SLICE("y"))));
	assert_false(slice_is_set(sip_param(n.params, SLICE("lr"))));
	/* Without <> parameters belong to the header. */
	assert_int_equal(sip_nameaddr_parse(&n, SLICE("sip:a@b;tag=t")), 0);
	assert_slice(n.uri.text, "sip:a@b");
	assert_slice(n.tag, "t");
	static const char *const bad[] = {"", "<>", "<sip:a@b", "\"x <sip:a@b>", "\"x\" sip:a@b", "<sip:a@b> x",
					  "<sip:a@b>;x=a b", "<sip:a@b>;=1", "a, b <sip:a@b>", "sip:a@b?x=y", "sip:a@b, sip:c"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (sip_nameaddr_parse(&n, slice_str(bad[i])) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

static void writing(void **state)
{
	struct buf b = buf_growing();
	sip_write_hdr(&b, SIP_HDR_USER_TO_USER, SLICE("00"));
	sip_write_hdrf(&b, "X", "%d", 5);
	char name[8];
	static const struct {
		struct slice display;
		const char *name;
	} names[] = {{SLICE("\"A \\\"b\\\"\""), "A \"b\""}, {SLICE(" Ann "), "Ann"}, {SLICE("\""), "\""}, {SLICE("\"\\\""), "\\"}, {SLICE("\"too long\""), ""}, {SLICE(""), ""}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		sip_display_text(names[i].display, name, sizeof(name));
		assert_string_equal(name, names[i].name);
	}
	sip_write_display(&b, SLICE("\"is \\\"quoted\""));
	sip_write_display(&b, SLICE("A B"));
	sip_write_display(&b, SLICE("Bell, \"A\""));
	sip_write_display(&b, SLICE_NONE);
	sip_write_body(&b, SLICE("text/plain"), SLICE("hi"));
	sip_write_body(&b, SLICE("text/plain"), SLICE_NONE);
	assert_string_equal(buf_z(&b), "User-to-User: 00\r\nX: 5\r\n\"is \\\"quoted\" A B \"Bell, \\\"A\\\"\" Content-Type: text/plain\r\n"
				       "Content-Length: 2\r\n\r\nhiContent-Length: 0\r\n\r\n");
	buf_reset(&b);
}

static void reasons_and_causes(void **state)
{
	assert_string_equal(sip_reason(486), "Busy Here");
	assert_string_equal(sip_reason(499), "Client Error");
	assert_string_equal(sip_reason(0), "Unknown");
	assert_int_equal(sip_cause_of_status(486), 17);
	assert_int_equal(sip_cause_of_status(404), 1);
	assert_int_equal(sip_cause_of_status(499), 31);
	assert_int_equal(sip_cause_of_status(200), 16);
	assert_int_equal(sip_status_of_cause(17), 486);
	assert_int_equal(sip_status_of_cause(34), 503);
	assert_int_equal(sip_status_of_cause(99), 500);
}

static void parse_once(void *arg)
{
	static const char text[] = LINE VIA REST "\r\nbody";
	struct sip_msg *m;
	unsigned status;
	const char *why;
	int err = sip_msg_parse(&m, text, sizeof text - 1, &status, &why);
	assert_true(err == 0 || err == -ENOMEM);
	assert_true(err == 0 ? m != NULL : m == NULL);
	mem_deref(m);
}

static void without_memory(void **state)
{
	each_allocation_fails(parse_once, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request),    cmocka_unit_test(a_body_may_begin_with_space),
		cmocka_unit_test(response), cmocka_unit_test(headers),
		cmocka_unit_test(names),      cmocka_unit_test(refused),  cmocka_unit_test(ambiguous), cmocka_unit_test(limits), cmocka_unit_test(too_big),
		cmocka_unit_test(max_forwards_over_255_is_absent),        cmocka_unit_test(parameters),
		cmocka_unit_test(writing),    cmocka_unit_test(reasons_and_causes),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
