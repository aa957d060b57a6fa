// SPDX-License-Identifier: GPL-3.0-or-later
/* Numbers, names and redirection of ISDN calls: a table each way. */
#include "unit.h"
#include "base/log.h"
#include "callagent/isdn_party.h"
#include "config/schema.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct conf *conf;
static struct tel_lines lines;

static int setup(void **state)
{
	struct buf why = buf_growing();
	const char *text = "address inside {\n local = {\"127.0.0.1\"}\n}\n"
			   "isdn typed {\n country = \"49\"\n area = \"30\"\n numbers-in = national\n}\nisdn plain {\n country = \"49\"\n number-type = unknown\n}\n"
			   "isdn world {\n tell-identity = no\n}\n";
	if (config_load(&conf, "t", text, &why))
		fail_msg("%s", buf_z(&why));
	return tel_lines_load(&lines, conf, NULL);
}

static int teardown(void **state)
{
	tel_lines_free(&lines);
	mem_deref(conf);
	return 0;
}

static const struct tel_line *line(const char *name)
{
	return tel_lines_find(&lines, slice_str(name));
}

/* "number/type"; "-": none; `o` is stolen. */
static const char *shown(json_t *o)
{
	static char text[200];
	snprintf(text, sizeof(text), "%s/%s", o ? json_string_value(json_object_get(o, "number")) : "-", o ? json_string_value(json_object_get(o, "type")) : "");
	json_decref(o);
	return text;
}

/* RFC 3398 12.2. */
static void numbers_go_out(void **state)
{
	assert_string_equal(shown(isdn_number_write(line("typed"), "+4989123456")), "89123456/national");
	assert_string_equal(shown(isdn_number_write(line("typed"), "+12125551234")), "12125551234/international");
	assert_string_equal(shown(isdn_number_write(line("typed"), "0012125551234")), "12125551234/international");
	assert_string_equal(shown(isdn_number_write(line("typed"), "110")), "110/unknown");
	assert_string_equal(shown(isdn_number_write(line("typed"), "*21#")), "*21#/unknown");
	assert_string_equal(shown(isdn_number_write(line("plain"), "+4989123456")), "089123456/unknown");
	assert_string_equal(shown(isdn_number_write(line("plain"), "+12125551234")), "0012125551234/unknown");
	assert_string_equal(shown(isdn_number_write(line("world"), "+4989123456")), "4989123456/international");
	assert_string_equal(shown(isdn_number_write(line("typed"), "alice")), "-/");
	assert_string_equal(shown(isdn_number_write(line("typed"), "")), "-/");
	assert_string_equal(shown(isdn_number_write(line("typed"), "+")), "-/");
}

static const char *read_as(const char *name, const char *number, const char *type, const char *plan)
{
	static char out[128];
	json_t *o = json_pack("{s:s, s:s, s:s}", "number", number, "type", type, "plan", plan);
	assert_int_equal(isdn_number_read(line(name), o, out, sizeof(out)), 0);
	json_decref(o);
	return out;
}

/* RFC 3398 12.1. */
static void numbers_come_in(void **state)
{
	char tiny[4];
	assert_string_equal(read_as("typed", "12125551234", "international", "isdn"), "+12125551234");
	assert_string_equal(read_as("typed", "89123456", "national", "isdn"), "+4989123456");
	assert_string_equal(read_as("typed", "123456", "subscriber", "isdn"), "+4930123456");
	assert_string_equal(read_as("typed", "089123456", "unknown", "isdn"), "+4989123456");
	assert_string_equal(read_as("world", "123456", "subscriber", "isdn"), "123456");
	assert_string_equal(read_as("world", "89123456", "national", "unknown"), "89123456");
	/* A number of another plan is none of E.164. */
	assert_string_equal(read_as("typed", "4711", "national", "private"), "4711");
	json_t *o = json_pack("{s:s, s:s}", "number", "12125551234", "type", "international");
	assert_int_equal(isdn_number_read(line("typed"), o, tiny, sizeof(tiny)), -ENOSPC);
	json_decref(o);
}

static void who_calls(void **state)
{
	struct shown s;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "number", "89123", "type", "national", "plan", "isdn", "presentation", "allowed", "name", "J\u00fcrgen");
	assert_int_equal(isdn_party_read(line("typed"), o, &s), 0);
	assert_string_equal(s.number, "+4989123");
	assert_string_equal(s.display, "J\u00fcrgen");
	assert_int_equal(s.presentation, PRESENT_AS_SENT);
	json_object_set_new(o, "presentation", json_string("restricted"));
	assert_int_equal(isdn_party_read(line("typed"), o, &s), 0);
	assert_int_equal(s.presentation, PRESENT_RESTRICTED);
	json_decref(o);
	/* Not available: nobody, either. */
	assert_int_equal(isdn_party_read(line("typed"), NULL, &s), 0);
	assert_int_equal(s.presentation, PRESENT_RESTRICTED);
	o = isdn_party_write(line("typed"), "+4989123", "A", true, ISDN_NETWORK);
	assert_string_equal(json_string_value(json_object_get(o, "presentation")), "restricted");
	assert_non_null(json_object_get(o, "number"));
	assert_null(json_object_get(o, "name"));
	json_decref(o);
	o = isdn_party_write(line("world"), "+4989123", "A", true, ISDN_NETWORK);
	assert_null(json_object_get(o, "number"));
	json_decref(o);
	o = isdn_party_write(line("typed"), "", "", false, ISDN_PASSED);
	assert_string_equal(json_string_value(json_object_get(o, "presentation")), "unavailable");
	json_decref(o);
}

#define INVITE(lines)                                                                                                                                    \
	"INVITE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:1@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" \
	"Max-Forwards: 70\r\n" lines "Content-Length: 0\r\n\r\n"

static void say_redirecting(struct buf *out, const json_t *o)
{
	buf_printf(out, "%s %s", json_string_value(json_object_get(o, "number")), json_string_value(json_object_get(o, "reason")));
	if (json_integer_value(json_object_get(o, "count")))
		buf_printf(out, " %lld", (long long)json_integer_value(json_object_get(o, "count")));
	buf_str(out, strcmp(json_string_value(json_object_get(o, "presentation")), "allowed") ? "!" : "");
}

/* "number reason count", "-": nobody; with ! when it is not to be shown; and the first of several. */
static const char *redirected(const char *text, const struct diversions *d)
{
	static char out[200];
	struct sip_msg *m;
	unsigned status;
	const char *why;
	assert_int_equal(sip_msg_parse(&m, text, strlen(text), &status, &why), 0);
	json_t *o = isdn_redirecting_write(line("typed"), d, m);
	struct buf b = buf_fixed(out, sizeof(out));
	if (o)
		say_redirecting(&b, o);
	if (json_object_get(o, "original")) {
		buf_str(&b, ", ");
		say_redirecting(&b, json_object_get(o, "original"));
	}
	buf_z(&b);
	json_decref(o);
	mem_deref(m);
	return o ? out : "-";
}

/* RFC 5806, RFC 7044 with RFC 4458. */
static void who_has_passed_it_on(void **state)
{
	static const struct diversions ours = {.d = {{.number = "+4930777", .reason = "no-answer", .cause = 408}}, .n = 1};
	assert_string_equal(redirected(INVITE(""), NULL), "-");
	assert_string_equal(redirected(INVITE("Diversion: <sip:+4989555@x>;reason=user-busy;counter=2;privacy=full\r\n"), NULL), "89555 busy 2!");
	/* The last one who did comes first. */
	assert_string_equal(redirected(INVITE("Diversion: <sip:+4989555@x>;reason=no-answer, <sip:+4989666@x>;reason=unconditional\r\n"), NULL), "89555 no-reply 2, 89666 unconditional");
	assert_string_equal(redirected(INVITE("Diversion: <sip:+4989555@x>\r\n"), NULL), "89555 unknown 1");
	assert_string_equal(redirected(INVITE("History-Info: <sip:+4989555@x>;index=1, <sip:1@x;cause=302>;index=1.1\r\n"), NULL), "89555 unconditional 1");
	assert_string_equal(redirected(INVITE("History-Info: <sip:+4989555@x>;index=1\r\nHistory-Info: <sip:+4989666@x;cause=486>;index=1.1\r\n"
					      "History-Info: <sip:1@x;cause=408>;index=1.1.1\r\n"), NULL), "89666 no-reply 2, 89555 busy");
	assert_string_equal(redirected(INVITE("History-Info: <sip:+4989555@x>;index=1\r\n"), NULL), "-");
	/* Here it was passed on after that. */
	assert_string_equal(redirected(INVITE("Diversion: <sip:+4989555@x>;reason=user-busy\r\n"), &ours), "30777 no-reply 2, 89555 busy");
	/* Nobody whom the network could call. */
	assert_string_equal(redirected(INVITE("Diversion: <sip:carol@x>;reason=user-busy\r\n"), NULL), "-");
}

/* Of several the first and the last go on. */
static void several_there_have_passed_it_on(void **state)
{
	struct diversions d;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s}}", "number", "89123", "type", "national", "plan", "isdn", "reason", "busy", "count", 3,
			      "original", "number", "12125551234", "type", "international", "reason", "unconditional");
	assert_int_equal(isdn_redirecting_read(line("typed"), o, &d), 0);
	assert_int_equal(d.n, 2);
	assert_string_equal(d.d[0].number, "+12125551234");
	assert_string_equal(d.d[0].reason, "unconditional");
	assert_string_equal(d.d[1].number, "+4989123");
	assert_string_equal(d.d[1].reason, "user-busy");
	json_decref(o);
}

static void somebody_there_has_passed_it_on(void **state)
{
	struct diversions d;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "number", "89123", "type", "national", "plan", "isdn", "presentation", "restricted", "reason", "busy");
	assert_int_equal(isdn_redirecting_read(line("typed"), o, &d), 0);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.d[0].number, "+4989123");
	assert_string_equal(d.d[0].reason, "user-busy");
	assert_int_equal(d.d[0].cause, 486);
	assert_true(d.d[0].hidden);
	json_decref(o);
	assert_int_equal(isdn_redirecting_read(line("typed"), NULL, &d), 0);
	assert_int_equal(d.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_go_out),       cmocka_unit_test(numbers_come_in), cmocka_unit_test(who_calls),
		cmocka_unit_test(who_has_passed_it_on), cmocka_unit_test(somebody_there_has_passed_it_on),
		cmocka_unit_test(several_there_have_passed_it_on),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
