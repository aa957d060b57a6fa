// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "sip/msg.h"
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
	struct sip_msg *m = parse("OPTIONS sip:b SIP/2.0\nv: SIP/2.0/UDP [2001:db8::1] , SIP/2.0/TCP h;branch=2\nf:<sip:a@b>;tag=\n\t1\n"
				  "t: sip:b\ni: 1\ncseq : 1\t OPTIONS\nALLOW: INVITE,\n  ACK\nAllow:\nallow: , BYE\n"
				  "X-Mine: \"a,b\"  \nm: \"x, <y\" <sip:a,b@c>;q=1, *\nL:0\n\n");
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
		cmocka_unit_test(names),      cmocka_unit_test(refused),  cmocka_unit_test(too_big),
		cmocka_unit_test(max_forwards_over_255_is_absent),        cmocka_unit_test(parameters),
		cmocka_unit_test(writing),    cmocka_unit_test(reasons_and_causes),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
