// SPDX-License-Identifier: GPL-3.0-or-later
/* ENUM (RFC 6116) on a zone in memory. */
#include "net/dns_zone.h"
#include "sip/enum.h"
#include "sip/enum_rewrite.h"

static struct zone z;

struct finding {
	unsigned told;
	int err;
	char text[2000];
};

static void on_uris(void *arg, int err, struct sip_enum_uris *uris)
{
	struct finding *f = arg;
	struct buf b = buf_fixed(f->text, sizeof f->text);
	f->told++;
	f->err = err;
	for (unsigned i = 0; uris && i < uris->n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", uris->uri[i]);
	buf_z(&b);
}

static struct finding f;

static const char *find(const char *number)
{
	struct sip_enum_uris *uris = NULL;
	struct sip_enum *pending = NULL;
	f = (struct finding){0};
	int err = sip_enum(&uris, &pending, z.dns, slice_str(number), SLICE("e164.arpa"), on_uris, &f);
	if (err == -EINPROGRESS)
		for (unsigned i = 0; i < 500 && !f.told; i++)
			clock_test_advance(10);
	else
		on_uris(&f, err, uris);
	assert_int_equal(f.told, 1);
	mem_deref(uris);
	mem_deref(pending);
	return f.text;
}

#define N "3.8.0.0.6.9.2.3.6.1.4.4.e164.arpa 60 NAPTR "

static void a_number_becomes_uris_in_order(void **state)
{
	static const char *const lines[] = {
		N "100 20 u E2U+sip !^.*$!sip:second@example.com! .", N "100 10 u E2U+sip !^\\+44(.*)$!sip:\\1@example.com! .",
		N "10 10 u E2U+email:mailto !^.*$!mailto:info@example.com! .", N "200 1 U e2u+voice:tel+SIP !^.*$!sips:third@example.com!i .",
		N "100 10 u E2U+tel !^.*$!tel:+441632960083! .", N "100 15 u E2U+pstn:sip !^(.*)$!sip:\\1;npdi@example.com;user=phone! .", NULL};
	zone_open(&z, lines);
	assert_string_equal(find("+441632960083"),
			    "sip:1632960083@example.com, sip:+441632960083;npdi@example.com;user=phone, sip:second@example.com, sips:third@example.com");
	assert_int_equal(z.asked, 1);
	find("+441632960083");
	assert_int_equal(z.asked, 1);
	zone_close(&z);
}

static void a_record_without_flags_leads_on(void **state)
{
	static const char *const lines[] = {N "100 10 - - - other.example", "other.example 60 NAPTR 1 1 u E2U+sip !.*!sip:a@b.example! .", NULL};
	zone_open(&z, lines);
	assert_string_equal(find("+441632960083"), "sip:a@b.example");
	zone_close(&z);
}

static void what_leads_nowhere_ends(void **state)
{
	static const char *const lines[] = {N "100 10 - - - a.example", "a.example 60 NAPTR 1 1 - - - b.example", "b.example 60 NAPTR 1 1 - - - a.example",
		"1.4.4.e164.arpa 60 NAPTR 1 1 u E2U+sip !(a{1,200}){1,200}!sip:a@b.example! .",
		"2.4.4.e164.arpa 60 NAPTR 1 1 u E2U+sip !^.*$!not-a-uri! .", NULL};
	zone_open(&z, lines);
	z.no_name = true;
	find("+441632960083");
	assert_int_equal(f.err, -ELOOP);
	assert_true(z.asked <= 3);
	assert_string_equal(find("+441"), "");
	assert_int_equal(f.err, -ENOENT);
	find("+442");
	assert_int_equal(f.err, -ENOENT);
	find("+49");
	assert_int_equal(f.err, -ENOENT);
	z.fails = -EREMOTEIO;
	find("+50");
	assert_int_equal(f.err, -EREMOTEIO);
	zone_close(&z);
}

static void what_is_no_number(void **state)
{
	static const char *const bad[] = {"", "+", "4416", "+44x", "+1234567890123456", "sip:+44", NULL};
	static const char *const lines[] = {NULL};
	zone_open(&z, lines);
	for (unsigned i = 0; bad[i]; i++) {
		find(bad[i]);
		assert_int_equal(f.err, -EINVAL);
	}
	assert_int_equal(z.asked, 0);
	zone_close(&z);
}

static void expressions(void **state)
{
	static const struct { const char *expression; int err; const char *out; } cases[] = {
		{"!^.*$!sip:x@y!", 0, "sip:x@y"},
		{"!^\\+44(16)(.*)$!sip:\\2.\\1@y!", 0, "sip:32960083.16@y"},
		{"/^.(..)/\\1\\1/", 0, "4444"},
		{"!^.*$!a\\!b\\\\!", 0, "a!b\\"},
		{"!X|4416!\\0!I", -EBADMSG, ""},
		/* POSIX: the leftmost, then the longest, then the longest groups from the left. */
		{"!(4|44|441)(.*)!\\1-\\2!", 0, "441-632960083"},
		{"!(6|632|16)!\\1!", 0, "16"},
		{"!1(6|63)(32960|29)?!\\1-\\2!", 0, "6-32960"},
		{"!^[+](4*)(4*)!\\1-\\2!", 0, "44-"},
		{"!^[+]4*(4*)1!<\\1>!", 0, "<>"},
		{"!(x)?44!<\\1>!", 0, "<>"},
		{"!x!y!i", -ENOENT, ""},
		{"!^.*$!sip:x@y", -EBADMSG, ""},
		{"!(!x!", -EBADMSG, ""},
		{"1a1b1", -EBADMSG, ""},
		{"!^((.*)*)*((.*)*)*((.*)*)*[a-z]$!x!", -EBADMSG, ""},
		{"!(((a{1,99}){1,99}){1,99})!x!", -EBADMSG, ""},
		{"!a{99999999999999999999}!x!", -EBADMSG, ""},
		{"!^[+][0-9]+!n!", 0, "n"},
		{"", -EBADMSG, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[100];
		struct buf b = buf_fixed(text, sizeof text);
		assert_int_equal(sip_enum_rewrite(&b, slice_str(cases[i].expression), "+441632960083"), cases[i].err);
		assert_string_equal(buf_z(&b), cases[i].out);
	}
}

static void oom_body(void *arg)
{
	static const char *const lines[] = {"1.4.4.e164.arpa 60 NAPTR 1 1 u E2U+sip !^.*$!sip:a@b.example! .", NULL};
	struct sip_enum_uris *uris = NULL;
	struct sip_enum *pending = NULL;
	if (zone_try_open(&z, lines))
		return;
	f = (struct finding){0};
	if (sip_enum(&uris, &pending, z.dns, SLICE("+441"), SLICE("e164.arpa"), on_uris, &f) == -EINPROGRESS) {
		clock_test_advance(20000);
		assert_int_equal(f.told, 1);
		assert_true(!f.err || f.err == -ENOMEM || f.err == -ETIMEDOUT);
	}
	mem_deref(pending);
	mem_deref(uris);
	zone_close(&z);
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(oom_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_becomes_uris_in_order), cmocka_unit_test(a_record_without_flags_leads_on),
		cmocka_unit_test(what_leads_nowhere_ends),	  cmocka_unit_test(what_is_no_number),
		cmocka_unit_test(expressions),			  cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
