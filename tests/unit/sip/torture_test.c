// SPDX-License-Identifier: GPL-3.0-or-later
/* The torture messages of RFC 4475 and RFC 5118: what the parser makes of each. What the text leaves to the user agent
 * (416, 420, 415, ...) parses. The messages are read where the test data is kept. */
#include "unit.h"
#include "sip/msg.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *corpora(void)
{
	const char *dir = getenv("TANDEM_CORPORA");
	return dir && *dir ? dir : "../shared/corpora";
}

static char *slurp(const char *folder, const char *file, size_t *len)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s/msgs/%s", corpora(), folder, file);
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	char *data = malloc(100000);
	size_t n = fread(data, 1, 50000, f);
	fclose(f);
	/* Those of RFC 5118 were kept without their CRs, and some without the empty line at their end. */
	if (!memchr(data, '\r', n))
		for (size_t i = 0; i < n; i++)
			if (data[i] == '\n') {
				memmove(data + i + 1, data + i, n++ - i);
				data[i++] = '\r';
			}
	if (!memmem(data, n, "\r\n\r\n", 4)) {
		memcpy(data + n, "\r\n", 2);
		n += 2;
	}
	/* RFC 5118 4.6 prints a Content-Length that is 17 more than its body. */
	char *length = memmem(data, n, "Content-Length: 268\r", 20);
	if (length && !strcmp(folder, "rfc5118-torture"))
		memcpy(length + 16, "251", 3);
	*len = n;
	return data;
}

/* status: 0 well formed, 1 to be dropped, else the answer. */
struct row {
	const char *file;
	unsigned status;
};

static const struct row rfc4475[] = {
	{"wsinv.dat", 0}, {"intmeth.dat", 0}, {"esc01.dat", 0}, {"escnull.dat", 0}, {"esc02.dat", 0}, {"lwsdisp.dat", 0},
	{"longreq.dat", 0}, {"dblreq.dat", 0}, {"semiuri.dat", 0}, {"transports.dat", 0}, {"mpart01.dat", 0},
	{"unreason.dat", 0}, {"noreason.dat", 0}, {"badinv01.dat", 400}, {"clerr.dat", 400}, {"ncl.dat", 400},
	{"scalar02.dat", 400}, {"scalarlg.dat", 1}, {"quotbal.dat", 400}, {"ltgtruri.dat", 400}, {"lwsruri.dat", 400},
	{"lwsstart.dat", 400}, {"trws.dat", 400}, {"escruri.dat", 400}, {"baddate.dat", 0}, {"regbadct.dat", 0},
	{"badaspec.dat", 400}, {"baddn.dat", 400}, {"badvers.dat", 505}, {"mismatch01.dat", 400}, {"mismatch02.dat", 400},
	{"bigcode.dat", 1}, {"badbranch.dat", 0}, {"insuf.dat", 400}, {"unkscm.dat", 0}, {"novelsc.dat", 0},
	{"unksm2.dat", 0}, {"bext01.dat", 0}, {"invut.dat", 0}, {"regaut01.dat", 0}, {"multi01.dat", 400},
	{"mcl01.dat", 400}, {"bcast.dat", 0}, {"zeromf.dat", 0}, {"cparam01.dat", 0}, {"cparam02.dat", 0},
	{"regescrt.dat", 0}, {"sdp01.dat", 0}, {"inv2543.dat", 0}, {"test.dat", 1}, {0},
};

static const struct row rfc5118[] = {
	{"ipv6-good", 0}, {"ipv6-bad", 400}, {"port-ambiguous", 0}, {"port-unambiguous", 0},
	{"via-received-param-with-delim", 0}, {"via-received-param-no-delim", 0}, {"ipv6-in-sdp", 0},
	{"mult-ip-in-header", 0}, {"mult-ip-in-sdp", 0}, {"ipv4-mapped-ipv6", 0}, {"ipv6-bug-abnf-3-colons", 0},
	{"ipv6-correct-abnf-2-colons", 0}, {0},
};

static void run(const char *folder, const struct row *rows)
{
	for (; rows->file; rows++) {
		size_t len, before = mem_blocks();
		char *data = slurp(folder, rows->file, &len);
		if (!data) {
			printf("SKIP: no %s/%s/msgs/%s\n", corpora(), folder, rows->file);
			skip();
		}
		struct sip_msg *m;
		unsigned status = 0;
		const char *why = "";
		int err = sip_msg_parse(&m, data, len, &status, &why);
		if (status != rows->status || err != (rows->status ? -EBADMSG : 0) || !m != (rows->status == 1))
			fail_msg("%s: %d, status %u (%s) instead of %u", rows->file, err, status, why, rows->status);
		mem_deref(m);
		free(data);
		assert_int_equal(mem_blocks(), before);
	}
}

static struct sip_msg *parsed(const char *folder, const char *file)
{
	size_t len;
	char *data = slurp(folder, file, &len);
	struct sip_msg *m = NULL;
	unsigned status;
	const char *why;
	if (!data) {
		printf("SKIP: no %s/%s/msgs/%s\n", corpora(), folder, file);
		skip();
	}
	sip_msg_parse(&m, data, len, &status, &why);
	free(data);
	assert_non_null(m);
	return m;
}

static void assert_slice(struct slice s, const char *z)
{
	if (!slice_eq(s, slice_str(z)))
		fail_msg("\"" SLICE_FMT "\" is not \"%s\"", SLICE_ARG(s), z);
}

static void rfc4475_each(void **state)
{
	run("rfc4475-torture", rfc4475);
}

static void rfc5118_each(void **state)
{
	run("rfc5118-torture", rfc5118);
}

/* RFC 4475 3.1.1.1. */
static void short_tortuous_invite(void **state)
{
	struct sip_msg *m = parsed("rfc4475-torture", "wsinv.dat");
	struct sip_values it = {0};
	struct slice v;
	struct sip_nameaddr contact;
	assert_slice(m->to.tag, "1918181833n");
	assert_slice(m->from.tag, "98asjd8");
	assert_slice(m->from.display, "\"J Rosenberg \\\\\\\"\"");
	assert_int_equal(m->max_forwards, 68);
	assert_int_equal(m->cseq.number, 9);
	assert_int_equal(m->body.len, 150);
	assert_slice(m->via.transport, "UDP");
	assert_slice(m->via.host, "192.0.2.2");
	assert_slice(m->via.branch, "390skdjuw");
	unsigned vias = 0;
	struct sip_via via;
	static const char *const hosts[] = {"192.0.2.2", "spindle.example.com", "192.168.255.111"};
	while (sip_msg_each(m, SIP_HDR_VIA, &it, &v)) {
		assert_int_equal(sip_via_parse(&via, v), 0);
		assert_slice(via.host, hosts[vias++]);
	}
	assert_int_equal(vias, 3);
	assert_slice(via.branch, "z9hG4bK30239");
	assert_int_equal(sip_nameaddr_parse(&contact, sip_msg_value(m, SIP_HDR_CONTACT)), 0);
	assert_slice(contact.display, "\"Quoted string \\\"\\\"\"");
	assert_slice(sip_param(contact.params, SLICE("newparam")), "newvalue");
	assert_slice(sip_param(contact.params, SLICE("q")), "0.33");
	assert_slice(sip_msg_value(m, SIP_HDR_ROUTE), "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>");
	assert_slice(sip_msg_value(m, SIP_HDR_SUBJECT), "");
	assert_slice(sip_msg_named(m, SLICE("UnknownHeaderWithUnusualValue"))->value, ";;,,;;,;");
	mem_deref(m);
}

/* RFC 4475 3.1.1.2, 3.1.1.3, 3.1.1.4, 3.1.1.5, 3.1.1.9. */
static void characters(void **state)
{
	char user[64];
	struct sip_msg *m = parsed("rfc4475-torture", "intmeth.dat");
	assert_int_equal(m->method, SIP_METHOD_OTHER);
	assert_slice(m->method_text, "!interesting-Method0123456789_*+`.%indeed'~");
	assert_int_equal(m->ruri.host.len, strlen("example.com"));
	assert_slice(m->from.tag, "_token~1'+`*%!-.");
	assert_int_equal(memchr(m->to.display.p, 0, m->to.display.len) != NULL, 1);
	mem_deref(m);

	m = parsed("rfc4475-torture", "esc01.dat");
	assert_int_equal(m->ruri.scheme, SIP_SCHEME_SIP);
	assert_slice(m->ruri.user, "sips%3Auser%40example.com");
	assert_int_equal(sip_uri_user(&m->ruri, user, sizeof user), 0);
	assert_string_equal(user, "sips:user@example.com");
	assert_slice(m->ruri.host, "example.net");
	mem_deref(m);

	m = parsed("rfc4475-torture", "escnull.dat");
	assert_slice(m->to.uri.user, "null-%00-null");
	assert_int_equal(sip_uri_user(&m->to.uri, user, sizeof user), -EINVAL);
	mem_deref(m);

	m = parsed("rfc4475-torture", "esc02.dat");
	assert_int_equal(m->method, SIP_METHOD_OTHER);
	assert_slice(m->method_text, "RE%47IST%45R");
	mem_deref(m);

	m = parsed("rfc4475-torture", "semiuri.dat");
	assert_slice(m->ruri.user, "user;par=u%40example.net");
	assert_slice(m->ruri.host, "example.com");
	assert_false(slice_is_set(m->ruri.params));
	mem_deref(m);
}

/* RFC 4475 3.1.1.8, 3.1.1.11: framing by Content-Length. */
static void framing(void **state)
{
	struct sip_msg *m = parsed("rfc4475-torture", "dblreq.dat");
	assert_int_equal(m->method, SIP_REGISTER);
	assert_int_equal(m->body.len, 0);
	mem_deref(m);
	m = parsed("rfc4475-torture", "mpart01.dat");
	uint32_t length;
	assert_int_equal(slice_u32(sip_msg_value(m, SIP_HDR_CONTENT_LENGTH), &length), 0);
	assert_int_equal(m->body.len, length);
	assert_non_null(memchr(m->body.p, 0, m->body.len));
	mem_deref(m);
}

/* RFC 4475 3.3.12, 3.3.13: whose parameter it is. */
static void contact_parameters(void **state)
{
	struct sip_nameaddr c;
	struct sip_msg *m = parsed("rfc4475-torture", "cparam01.dat");
	assert_int_equal(sip_nameaddr_parse(&c, sip_msg_value(m, SIP_HDR_CONTACT)), 0);
	assert_false(slice_is_set(sip_uri_param(&c.uri, SLICE("unknownparam"))));
	assert_true(slice_is_set(sip_param(c.params, SLICE("unknownparam"))));
	mem_deref(m);
	m = parsed("rfc4475-torture", "cparam02.dat");
	assert_int_equal(sip_nameaddr_parse(&c, sip_msg_value(m, SIP_HDR_CONTACT)), 0);
	assert_true(slice_is_set(sip_uri_param(&c.uri, SLICE("unknownparam"))));
	assert_false(slice_is_set(sip_param(c.params, SLICE("unknownparam"))));
	mem_deref(m);
	m = parsed("rfc4475-torture", "regescrt.dat");
	assert_int_equal(sip_nameaddr_parse(&c, sip_msg_value(m, SIP_HDR_CONTACT)), 0);
	assert_slice(c.uri.headers, "Route=%3Csip:sip.example.com%3E");
	mem_deref(m);
	m = parsed("rfc4475-torture", "regbadct.dat");
	assert_int_equal(sip_nameaddr_parse(&c, sip_msg_value(m, SIP_HDR_CONTACT)), -EINVAL);
	mem_deref(m);
}

/* RFC 5118 4.3, 4.4, 4.5, 4.9. */
static void ipv6(void **state)
{
	struct addr a;
	char text[ADDR_STR_LEN];
	struct sip_msg *m = parsed("rfc5118-torture", "port-ambiguous");
	assert_int_equal(sip_uri_addr(&m->ruri, &a), 0);
	assert_string_equal(addr_str(&a, text), "[2001:db8::10:5070]:5060");
	mem_deref(m);
	m = parsed("rfc5118-torture", "port-unambiguous");
	assert_int_equal(sip_uri_addr(&m->ruri, &a), 0);
	assert_string_equal(addr_str(&a, text), "[2001:db8::10]:5070");
	mem_deref(m);
	static const char *const received[] = {"via-received-param-with-delim", "via-received-param-no-delim"};
	for (unsigned i = 0; i < 2; i++) {
		m = parsed("rfc5118-torture", received[i]);
		assert_slice(m->via.host, "2001:db8::9:1");
		assert_slice(m->via.received, "2001:db8::9:255");
		mem_deref(m);
	}
	m = parsed("rfc5118-torture", "ipv4-mapped-ipv6");
	assert_slice(m->via.host, "::ffff:192.0.2.10");
	mem_deref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4475_each), cmocka_unit_test(rfc5118_each), cmocka_unit_test(short_tortuous_invite),
		cmocka_unit_test(characters),   cmocka_unit_test(framing),      cmocka_unit_test(contact_parameters),
		cmocka_unit_test(ipv6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
