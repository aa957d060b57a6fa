// SPDX-License-Identifier: GPL-3.0-or-later
/* Messages: what is read, what is refused and with which code, and what is written, letter for letter. */
#include "unit.h"
#include "mgcp/gateway.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void assert_slice(struct slice s, const char *want)
{
	char text[1024];
	assert_int_equal(slice_copy(s, text, sizeof text), 0);
	assert_string_equal(text, want);
}

static struct mgcp_msg parse(const char *text)
{
	struct mgcp_msg m;
	struct slice s = slice_str(text);
	unsigned code;
	if (mgcp_parse(&m, &s, &code))
		fail_msg("code %u: %s", code, text);
	assert_int_equal(s.len, 0);
	return m;
}

static unsigned refusal(const char *text, uint32_t tid)
{
	struct mgcp_msg m;
	struct slice s = slice_str(text);
	unsigned code = 1;
	assert_int_equal(mgcp_parse(&m, &s, &code), -EBADMSG);
	if (code)
		assert_int_equal(m.tid, tid);
	return code;
}

static void a_command_is_read(void **state)
{
	struct mgcp_msg m = parse("CRCX 1204 rtpbridge/$@mg-1.example.net MGCP 1.0 TGCP 1.0\r\nC: A3C47F21456789F0\r\nL: p:10, a:PCMU;G729 , e:on\r\n"
				  "M: sendrecv\r\nX-Signalling: [2001:db8::1]:5060\r\nX-ARM:7\r\nFOO: bar\r\nK: 1-3, 7\r\n\r\nv=0\r\nc=IN IP4 192.0.2.1\r\n");
	assert_true(m.command);
	assert_int_equal(m.verb, MGCP_CRCX);
	assert_int_equal(m.tid, 1204);
	assert_slice(m.endpoint, "rtpbridge/$@mg-1.example.net");
	assert_slice(m.ep_local, "rtpbridge/$");
	assert_slice(m.ep_host, "mg-1.example.net");
	assert_slice(m.version, "MGCP 1.0 TGCP 1.0");
	assert_slice(mgcp_param(&m, MGCP_P_CALL_ID), "A3C47F21456789F0");
	assert_slice(mgcp_param(&m, MGCP_P_X_SIGNALLING), "[2001:db8::1]:5060");
	assert_slice(mgcp_param(&m, MGCP_P_X_ARM), "7");
	assert_slice(mgcp_param(&m, MGCP_P_OTHER), "bar");
	assert_false(slice_is_set(mgcp_param(&m, MGCP_P_DIGIT_MAP)));
	struct slice l = mgcp_param(&m, MGCP_P_LOCAL_OPTIONS);
	assert_slice(mgcp_option(l, SLICE("P"), ':'), "10");
	assert_slice(mgcp_option(l, SLICE("a"), ':'), "PCMU;G729");
	assert_slice(mgcp_option(l, SLICE("e"), ':'), "on");
	assert_false(slice_is_set(mgcp_option(l, SLICE("s"), ':')));
	assert_slice(m.sdp[0], "v=0\r\nc=IN IP4 192.0.2.1\r\n");
}

static void case_and_line_ends_and_white_space_do_not_matter(void **state)
{
	struct mgcp_msg m = parse("\n\ncrcx\t 7   RtpBridge/1@MG  mgcp  1.0\nc :ab\nm:RecvOnly  \ni:\n");
	assert_int_equal(m.verb, MGCP_CRCX);
	assert_slice(mgcp_param(&m, MGCP_P_CALL_ID), "ab");
	assert_slice(mgcp_param(&m, MGCP_P_CONNECTION_MODE), "RecvOnly");
	assert_true(slice_is_set(mgcp_param(&m, MGCP_P_CONNECTION_ID)));
	assert_int_equal(mgcp_param(&m, MGCP_P_CONNECTION_ID).len, 0);
}

static void responses_are_read(void **state)
{
	struct mgcp_msg m = parse("200 1204 OK then\r\nI: FDE234C8\r\nI2: 1\r\n\r\nv=0\r\ns=-\r\n\r\nv=0\r\ns=2\r\n");
	assert_false(m.command);
	assert_int_equal(m.code, 200);
	assert_int_equal(m.tid, 1204);
	assert_slice(m.comment, "OK then");
	assert_slice(mgcp_param(&m, MGCP_P_SECOND_CONNECTION), "1");
	assert_slice(m.sdp[0], "v=0\r\ns=-\r\n");
	assert_slice(m.sdp[1], "v=0\r\ns=2\r\n");
	m = parse("250 7\r\nP: PS=1245, OS=62345, PR=0, OR=0, PL=10, JI=27, LA=48\r\n");
	assert_slice(mgcp_option(mgcp_param(&m, MGCP_P_CONNECTION_PARAMS), SLICE("pl"), '='), "10");
	assert_int_equal(m.comment.len, 0);
	m = parse("000 7");
	assert_int_equal(m.code, 0);
}

static void piggybacked_messages_come_one_by_one(void **state)
{
	/* The middle one is broken, which harms neither of the others (RFC 3435 3.5.5). */
	struct slice s = SLICE("200 2005 OK\r\n.\r\nDLCX 1243 MGCP 1.0\r\n.\r\nDLCX 1244 rtpbridge/2@mg MGCP 1.0\r\nC: A3C47F21456789F0\r\n");
	struct mgcp_msg m;
	unsigned code;
	assert_int_equal(mgcp_parse(&m, &s, &code), 0);
	assert_int_equal(m.tid, 2005);
	assert_int_equal(mgcp_parse(&m, &s, &code), -EBADMSG);
	assert_int_equal(code, 510);
	assert_int_equal(m.tid, 1243);
	assert_int_equal(mgcp_parse(&m, &s, &code), 0);
	assert_int_equal(m.verb, MGCP_DLCX);
	assert_int_equal(s.len, 0);
}

static void what_is_wrong_gets_its_code(void **state)
{
	assert_int_equal(refusal("", 0), 0);
	assert_int_equal(refusal("nonsense", 0), 0);
	assert_int_equal(refusal("CRCX 0 rtpbridge/1@mg MGCP 1.0\r\n", 0), 0);
	assert_int_equal(refusal("CRCX 1000000000 rtpbridge/1@mg MGCP 1.0\r\n", 0), 0);
	assert_int_equal(refusal("CRCX 12 rtpbridge/1@mg\r\n", 12), 510);
	assert_int_equal(refusal("CRCX 12 rtpbridge/1@mg SIP 2.0\r\n", 12), 510);
	assert_int_equal(refusal("CRCX 12 rtpbridge/1@mg MGCP 2.0\r\n", 12), 528);
	assert_int_equal(refusal("CRCX 12 rtpbridge/1 MGCP 1.0\r\n", 12), 500);
	assert_int_equal(refusal("CRCX 12 @mg MGCP 1.0\r\n", 12), 500);
	assert_int_equal(refusal("CRCX 12 rtpbridge/1@mg MGCP 1.0\r\nno colon\r\n", 12), 510);
	assert_int_equal(refusal("CRCX 12 rtpbridge/1@mg MGCP 1.0\r\n: no name\r\n", 12), 510);
	assert_int_equal(refusal("CRCX 12 rtpbridge/1@mg MGCP 1.0\r\nX+Must: understand\r\n", 12), 511);
	assert_int_equal(refusal("2000 12 OK\r\n", 0), 0);
	assert_int_equal(refusal("200 x OK\r\n", 0), 0);
	/* X- may be ignored; an unknown verb is the gateway's to answer (504). */
	parse("XYZZ 12 rtpbridge/1@mg MGCP 1.0\r\nX-May: ignore\r\n");
}

static void too_many_parameters_are_refused(void **state)
{
	struct buf b = buf_growing();
	buf_str(&b, "AUEP 9 a/1@b MGCP 1.0\r\n");
	for (int i = 0; i <= MGCP_MAX_PARAMS; i++)
		buf_str(&b, "Z: a/1@b\r\n");
	assert_int_equal(refusal(buf_z(&b), 9), 510);
	buf_reset(&b);
}

static void messages_are_written_to_the_letter(void **state)
{
	struct buf b = buf_growing();
	mgcp_write_command(&b, MGCP_MDCX, 1210, "rtpbridge/3@mg");
	mgcp_write_param(&b, MGCP_P_CALL_ID, "%s", "1F");
	mgcp_write_param(&b, MGCP_P_X_SILENCE, "%u", 30u);
	mgcp_write_end(&b, SLICE("v=0"));
	assert_string_equal(buf_z(&b), "MDCX 1210 rtpbridge/3@mg MGCP 1.0\r\nC: 1F\r\nX-Silence: 30\r\n\r\nv=0\r\n");
	buf_reset(&b);
	mgcp_write_response(&b, 250, 7, NULL);
	mgcp_write_end(&b, SLICE_NONE);
	assert_string_equal(buf_z(&b), "250 7 Connection deleted\r\n");
	buf_reset(&b);
	mgcp_write_response(&b, 0, 7, "OK");
	assert_string_equal(buf_z(&b), "000 7 OK\r\n");
	buf_reset(&b);
}

static void names_and_codes_have_words(void **state)
{
	for (enum mgcp_verb v = 0; v < MGCP_VERB_OTHER; v++)
		assert_int_equal(mgcp_verb_parse(slice_str(mgcp_verb_name(v))), v);
	assert_int_equal(mgcp_verb_parse(SLICE("XYZZ")), MGCP_VERB_OTHER);
	for (enum mgcp_param_id i = MGCP_P_OTHER + 1; i < MGCP_P_MAX; i++)
		assert_true(strlen(mgcp_param_name(i)) > 0);
	assert_string_equal(mgcp_code_text(410), "No endpoint available");
	assert_string_equal(mgcp_code_text(499), "Transient error");
	assert_string_equal(mgcp_code_text(12345), "Unknown code");
}

static void wildcards_match(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} cases[] = {
		{"*", "rtpbridge/5@mg", true},	      {"*@mg", "rtpbridge/5@MG", true},      {"*@mg", "rtpbridge/5@other", false},
		{"rtpbridge/*@mg", "rtpbridge/5@mg", true}, {"rtpbridge/*", "ds/ds1-1/7@mg", false}, {"ds/*", "ds/ds1-1/7", true},
		{"ds/*/7", "ds/ds1-1/7", true},	      {"ds/*/7", "ds/ds1-1/8", false},	     {"rtpbridge/5", "RTPBRIDGE/5@mg", true},
		{"rtpbridge/5", "rtpbridge/55", false}, {"rtpbridge/5", "rtpbridge", false}, {"rtpbridge", "rtpbridge/5", false},
		{"rtpbridge/$", "rtpbridge/5", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (mgcp_name_matches(slice_str(cases[i].pattern), slice_str(cases[i].name)) != cases[i].match)
			fail_msg("%s %s", cases[i].pattern, cases[i].name);
	assert_true(mgcp_name_is_all(SLICE("*@mg")));
	assert_true(mgcp_name_is_all(SLICE("rtpbridge/*")));
	assert_false(mgcp_name_is_all(SLICE("rtpbridge/1@mg")));
}

static void events_are_read(void **state)
{
	struct mgcp_event e;
	assert_int_equal(mgcp_event_parse(&e, SLICE("r/rto@364823(N)(120,st=im)")), 0);
	assert_slice(e.name, "r/rto");
	assert_slice(e.connection, "364823");
	assert_slice(e.actions, "N");
	assert_slice(e.parameters, "120,st=im");
	assert_int_equal(mgcp_event_parse(&e, SLICE(" L/hd ")), 0);
	assert_slice(e.name, "L/hd");
	assert_false(slice_is_set(e.connection));
	assert_int_equal(mgcp_event_parse(&e, SLICE("L/hd(E(R(L/hu(N)),S(L/dl)))")), 0);
	assert_slice(e.actions, "E(R(L/hu(N)),S(L/dl))");
	assert_int_equal(mgcp_event_parse(&e, SLICE("")), -EBADMSG);
	assert_int_equal(mgcp_event_parse(&e, SLICE("(N)")), -EBADMSG);
	assert_int_equal(mgcp_event_parse(&e, SLICE("a(b")), -EBADMSG);
	assert_int_equal(mgcp_event_parse(&e, SLICE("a(b)c")), -EBADMSG);
}

/* The examples of RFC 3435 as printed: each is read to its end as often as it holds messages. */
static void the_examples_of_the_rfc_are_read(void **state)
{
	const char *env = getenv("TANDEM_CORPORA");
	char dir[512], path[1024];
	snprintf(dir, sizeof dir, "%s/rfc-mgcp-messages/rfc3435", env ? env : "../shared/corpora");
	DIR *d = opendir(dir);
	if (!d) {
		print_message("SKIP: no corpus in %s\n", dir);
		skip();
	}
	unsigned good = 0, bad = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (!strstr(e->d_name, ".mgcp"))
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		char text[16384];
		struct slice s = slice_of(text, fread(text, 1, sizeof text, f));
		fclose(f);
		while (!slice_empty(slice_trim(s))) {
			struct mgcp_msg m;
			unsigned code;
			if (mgcp_parse(&m, &s, &code)) {
				print_message("%s: refused with %u\n", e->d_name, code);
				bad++;
			} else {
				good++;
			}
		}
	}
	closedir(d);
	/* Those refused are printed with lines wrapped or left out. */
	assert_true(good >= 80);
	assert_true(bad <= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_read),
		cmocka_unit_test(case_and_line_ends_and_white_space_do_not_matter),
		cmocka_unit_test(responses_are_read),
		cmocka_unit_test(piggybacked_messages_come_one_by_one),
		cmocka_unit_test(what_is_wrong_gets_its_code),
		cmocka_unit_test(too_many_parameters_are_refused),
		cmocka_unit_test(messages_are_written_to_the_letter),
		cmocka_unit_test(names_and_codes_have_words),
		cmocka_unit_test(wildcards_match),
		cmocka_unit_test(events_are_read),
		cmocka_unit_test(the_examples_of_the_rfc_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
