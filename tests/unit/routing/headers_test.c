// SPDX-License-Identifier: GPL-3.0-or-later
/* What passes from one side to the other: a message with every header, each carrying a mark of where its side is. */
#include "unit.h"
#include "routing/headers.h"
#include <stdio.h>

#define US "192.0.2.200"

static struct sip_msg *parse(const char *text)
{
	struct sip_msg *m;
	unsigned status;
	const char *why = "";
	int err = sip_msg_parse(&m, text, strlen(text), &status, &why);
	if (err)
		fail_msg("not parsed: %s", why);
	return m;
}

static char *pass_between(const char *text, const char *identity, bool to_user)
{
	const struct headers_way way = {.host = SLICE(US), .identity = slice_str(identity), .to_user = to_user};
	struct sip_msg *m = parse(text);
	struct buf out = buf_growing();
	headers_pass(&out, m, &way);
	assert_int_equal(out.err, 0);
	char *z = mem_strdup(buf_z(&out));
	buf_reset(&out);
	mem_deref(m);
	return z;
}

/* Between trusted peers. */
static char *pass(const char *text)
{
	return pass_between(text, "", false);
}

#define DIALOG                                                                                  \
	"Via: SIP/2.0/UDP secret.a.example:5060;branch=z9hG4bK1\r\n"                            \
	"From: \"Alice\" <sip:alice@secret.a.example>;tag=secret-tag\r\n"                       \
	"To: <sip:bob@secret.a.example>\r\nCall-ID: secret-id@secret.a.example\r\n"             \
	"CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"

/* Every header this stack knows by name and many it does not: whatever locates the side carries "secret". */
static const char everything[] =
	"INVITE sip:bob@192.0.2.200 SIP/2.0\r\n" DIALOG
	"Contact: <sip:alice@secret.a.example:5062>\r\n"
	"Route: <sip:secret.a.example;lr>\r\nRecord-Route: <sip:secret.a.example;lr>\r\nPath: <sip:secret.a.example;lr>\r\n"
	"User-Agent: secret-phone\r\nServer: secret-phone\r\nOrganization: secret\r\n"
	"Call-Info: <http://secret.a.example/icon>\r\nError-Info: <sip:secret.a.example>\r\nReply-To: <sip:secret.a.example>\r\n"
	"In-Reply-To: secret-id2@secret.a.example\r\nReplaces: secret-id;to-tag=1;from-tag=2\r\nRefer-To: <sip:secret.a.example>\r\n"
	"Warning: 399 secret.a.example \"text\"\r\nAuthorization: Digest realm=\"secret\"\r\nProxy-Authorization: Digest realm=\"secret\"\r\n"
	"P-Charging-Vector: icid-value=secret\r\nP-Visited-Network-ID: secret\r\nP-Access-Network-Info: secret\r\n"
	"Service-Route: <sip:secret.a.example>\r\nX-Unknown: secret\r\nSession-ID: secret\r\nTimestamp: 54\r\n"
	"Target-Dialog: secret\r\nJoin: secret\r\nHost: secret\r\nP-Preferred-Identity: <sip:alice@secret.a.example>\r\n"
	"P-Asserted-Identity: \"Alice\" <sip:+1555@secret.a.example;user=phone;transport=udp;maddr=secret>, <tel:+1555;phone-context=secret.example>\r\n"
	"Remote-Party-ID: <sip:+1555@secret.a.example>;party=calling;epid=secret\r\n"
	"Diversion: \"Carol\" <sip:+1666@secret.a.example:5070>;reason=user-busy;counter=1\r\n"
	"History-Info: <sip:+1777@secret.a.example?Reason=SIP%3Bcause%3D486&Route=secret>;index=1, <sip:+1778@[2001:db8::secret]>;index=1.1\r\n"
	"History-Info: <sip:+1779@secret.a.example>;index=1.2;gr=secret\r\n"
	"Referred-By: <sip:+1888@secret.a.example>;cid=\"secret\"\r\n"
	"Alert-Info: <sip:ring@secret.a.example>, <urn:alert:source:external>\r\n"
	"Privacy: id\r\nReason: Q.850;cause=16;text=\"x\"\r\nUser-to-User: 56a390f3;encoding=hex\r\n"
	"Geolocation: <https://lis.civic.example/p>\r\nGeolocation-Routing: yes\r\nResource-Priority: ets.0\r\nPriority: urgent\r\n"
	"Identity: eyJhbGciOiJFUzI1NiJ9..sig==;info=<https://cert.civic.example/c.pem>;alg=ES256;ppt=shaken\r\n"
	"Date: Thu, 21 Feb 2002 13:02:03 GMT\r\nSubject: lunch\r\n"
	"Content-Length: 0\r\n\r\n";

static void nothing_that_locates_passes(void **state)
{
	char *out = pass(everything);
	if (strstr(out, "secret"))
		fail_msg("located: %s", out);
	mem_free(out);
}

static void what_it_means_passes(void **state)
{
	static const char *const expected[] = {
		"P-Asserted-Identity: \"Alice\" <sip:+1555@" US ";user=phone>, <tel:+1555;phone-context=" US ">\r\n",
		"Diversion: \"Carol\" <sip:+1666@" US ">;reason=user-busy;counter=1\r\n",
		"History-Info: <sip:+1777@" US "?Reason=SIP%3Bcause%3D486>;index=1",
		"History-Info: <sip:+1779@" US ">;index=1.2\r\n",
		"Alert-Info: <sip:ring@" US ">, <urn:alert:source:external>\r\n",
		"Remote-Party-ID: <sip:+1555@" US ">;party=calling\r\n",
		"Privacy: id\r\n",
		"Reason: Q.850;cause=16;text=\"x\"\r\n",
		"User-to-User: 56a390f3;encoding=hex\r\n",
		"Geolocation: <https://lis.civic.example/p>\r\n",
		"Resource-Priority: ets.0\r\n",
		"Identity: eyJhbGciOiJFUzI1NiJ9..sig==;info=<https://cert.civic.example/c.pem>;alg=ES256;ppt=shaken\r\n",
		"Date: Thu, 21 Feb 2002 13:02:03 GMT\r\n",
		"Subject: lunch\r\n",
	};
	char *out = pass(everything);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!strstr(out, expected[i]))
			fail_msg("missing: %s\nin: %s", expected[i], out);
	mem_free(out);
}

static void responses_have_their_own_column(void **state)
{
	char *out = pass("SIP/2.0 486 Busy Here\r\n" DIALOG
			 "Retry-After: 60\r\nReason: Q.850;cause=17\r\nIdentity: no\r\nWarning: 399 secret \"x\"\r\nServer: secret\r\n"
			 "Contact: <sip:secret>\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(out, "Retry-After: 60\r\nReason: Q.850;cause=17\r\n");
	mem_free(out);
	/* Where a redirection points to, and the rest that tells of the called side's network. */
	out = pass("SIP/2.0 302 Moved" "\r\n" DIALOG
		   "Contact: <sip:bob@secret>\r\nCall-Info: <http://secret/x>\r\nError-Info: <sip:secret>\r\nReply-To: <sip:secret>\r\n"
		   "Organization: secret\r\nUser-Agent: secret\r\nWWW-Authenticate: Digest realm=\"secret\"\r\nAuthentication-Info: x=secret\r\n"
		   "Record-Route: <sip:secret>\r\nP-Charging-Vector: icid-value=secret\r\nX-Unknown: secret\r\nTimestamp: 1 2\r\n"
		   "Diversion: <sip:+1666@secret>;reason=deflection\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(out, "Diversion: <sip:+1666@" US ">;reason=deflection\r\n");
	mem_free(out);
}

#define ASSERTS "P-Asserted-Identity: <sip:+1@secret>\r\nRemote-Party-ID: <sip:+1@secret>;party=calling\r\n"

static void assert_passes(const char *first, const char *more, const char *identity, bool to_user, const char *expected)
{
	char text[1500];
	snprintf(text, sizeof(text), "%s\r\n" DIALOG "%sContent-Length: 0\r\n\r\n", first, more);
	char *out = pass_between(text, identity, to_user);
	assert_string_equal(out, expected);
	mem_free(out);
}

/* RFC 3325 5 and 7: a user is who it has proved to be, and who wants privacy is told to trusted peers only. */
static void identities_are_believed_of_trusted_peers_only(void **state)
{
	static const char own[] = "\"Alice\" <sip:1001", invite[] = "INVITE sip:b@192.0.2.200 SIP/2.0";
	static const char believed[] = "P-Asserted-Identity: <sip:+1@" US ">\r\nRemote-Party-ID: <sip:+1@" US ">;party=calling\r\n";
	static const char proved[] = "P-Asserted-Identity: \"Alice\" <sip:1001@" US ">\r\n";
	assert_passes(invite, ASSERTS, "", false, believed);
	assert_passes(invite, ASSERTS, "", true, believed);
	assert_passes(invite, ASSERTS, own, false, proved);
	assert_passes(invite, ASSERTS, own, true, proved);
	assert_passes(invite, "", own, false, proved);
	assert_passes("SIP/2.0 200 OK", ASSERTS, own, true, proved);
	assert_passes("SIP/2.0 486 Busy Here", ASSERTS, own, true, "");
}

static void privacy_is_kept_from_users(void **state)
{
	static const char invite[] = "INVITE sip:b@192.0.2.200 SIP/2.0";
	assert_passes(invite, "Privacy: header; ID\r\n" ASSERTS, "", true, "Privacy: ID\r\n");
	assert_passes(invite, "Privacy: user;critical;session\r\nSubject: me\r\n" ASSERTS, "", true, ""); /* all done here */
	assert_passes(invite, "Privacy: history;critical;user\r\n", "", false, "Privacy: history;critical\r\n");
	assert_passes(invite, "Privacy: id\r\n" ASSERTS, "<sip:1001", true, "Privacy: id\r\n");
	assert_passes(invite, "Privacy: id\r\n", "<sip:1001", false, "P-Asserted-Identity: <sip:1001@" US ">\r\nPrivacy: id\r\n");
	assert_passes(invite, "Privacy: none\r\n", "<sip:1001", true, "P-Asserted-Identity: <sip:1001@" US ">\r\nPrivacy: none\r\n");
}

static void anonymous_hosts_stay(void **state)
{
	struct buf out = buf_growing();
	assert_true(headers_rewrite_value(&out, SLICE("\"Anonymous\" <sip:anonymous@anonymous.invalid>"), SLICE(US)));
	assert_string_equal(buf_z(&out), "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
	buf_reset(&out);
}

static void what_cannot_be_read_does_not_pass(void **state)
{
	char *out = pass("INVITE sip:bob@192.0.2.200 SIP/2.0\r\n" DIALOG
			 "Diversion: <sip:+1666@secret\r\nP-Asserted-Identity: <sip:+1@secret>, <<>>secret\r\nContent-Length: 0\r\n\r\n");
	assert_null(strstr(out, "secret"));
	mem_free(out);
}

static void body(void *arg)
{
	struct sip_msg *m = arg;
	struct buf out = buf_growing();
	headers_pass(&out, m, &(struct headers_way){.host = SLICE(US)});
	assert_true(out.err == 0 || out.err == -12);
	buf_reset(&out);
}

static void memory_runs_out(void **state)
{
	struct sip_msg *m = parse(everything);
	each_allocation_fails(body, m);
	mem_deref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_locates_passes),     cmocka_unit_test(what_it_means_passes),
		cmocka_unit_test(responses_have_their_own_column),
		cmocka_unit_test(identities_are_believed_of_trusted_peers_only),
		cmocka_unit_test(privacy_is_kept_from_users), cmocka_unit_test(anonymous_hosts_stay),
		cmocka_unit_test(what_cannot_be_read_does_not_pass), cmocka_unit_test(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
