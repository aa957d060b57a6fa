// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/timer.h"
#include "sip/digest.h"
#include "sip/digest_hash.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t secret[16] = "0123456789abcde";
enum { LIFE = 60000 };
#define BOTH (1 << DIGEST_MD5 | 1 << DIGEST_SHA256)
#define HEAD "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:alice@t>;tag=1\r\nTo: <sip:alice@t>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"

static struct sip_msg *message(const char *line, const char *extra)
{
	struct buf b = buf_growing();
	struct sip_msg *m;
	unsigned status;
	const char *why = "";
	buf_printf(&b, "%s\r\n" HEAD "%s\r\n", line, extra);
	int err = sip_msg_parse(&m, b.p, b.len, &status, &why);
	buf_reset(&b);
	if (err)
		fail_msg("%s", why);
	return m;
}

static struct sip_msg *request(const char *authorization)
{
	return message("REGISTER sip:t SIP/2.0", authorization);
}

/* Credentials that a client makes from a fresh challenge. */
static void credentials(struct digest_server *d, unsigned algs, const char *user, const char *password, char *out, size_t size)
{
	struct buf challenge = buf_growing(), answer = buf_fixed(out, size);
	digest_challenge(d, &challenge, &(struct addr){0}, false, false, algs);
	struct sip_msg *rsp = message("SIP/2.0 401 Unauthorized", buf_z(&challenge));
	assert_int_equal(digest_respond(&answer, rsp, SLICE("REGISTER"), SLICE("sip:t"), &(struct digest_login){.user = slice_str(user), .password = slice_str(password)},
					SLICE_NONE), 0);
	buf_z(&answer);
	mem_deref(rsp);
	buf_reset(&challenge);
}

/* As a server does: finds the user, then looks at what it knows of him. */
static enum digest_result check(struct digest_server *d, const struct sip_msg *m, const char *ha1[DIGEST_ALGS])
{
	struct digest_fields found;
	char user[64];
	enum digest_result res = digest_user(d, m, false, &found, user, sizeof user);
	return res == DIGEST_OK ? digest_verify(d, m, false, &found, ha1) : res;
}

static enum digest_result verify(struct digest_server *d, const char *authorization, unsigned algs)
{
	char ha1[DIGEST_ALGS][DIGEST_HEX_LEN];
	const char *p[DIGEST_ALGS];
	for (unsigned i = 0; i < DIGEST_ALGS; i++) {
		assert_int_equal(digest_ha1(i, SLICE("alice"), SLICE("t"), SLICE("pw"), ha1[i]), 0);
		p[i] = algs & 1u << i ? ha1[i] : NULL;
	}
	struct sip_msg *m = request(authorization);
	enum digest_result res = check(d, m, p);
	mem_deref(m);
	return res;
}

static struct digest_server *server(void)
{
	struct digest_server *d;
	assert_int_equal(digest_server_new(&d, "t", secret, LIFE, 4), 0);
	return d;
}

static void vectors(void **state)
{
	char path[512], ha1[DIGEST_HEX_LEN], response[DIGEST_HEX_LEN];
	const char *dir = getenv("TANDEM_CORPORA");
	snprintf(path, sizeof path, "%s/vectors/digest/digest-vectors.json", dir && *dir ? dir : "../shared/corpora");
	json_t *all = json_load_file(path, 0, NULL), *v;
	size_t i;
	unsigned done = 0;
	if (!all) {
		printf("SKIP: no %s\n", path);
		skip();
	}
	json_array_foreach(all, i, v) {
#define FIELD(name) slice_str(json_string_value(json_object_get(v, name)))
		struct slice expected = FIELD("expected");
		const char *id = json_string_value(json_object_get(v, "id"));
		if (strstr(id, "512"))
			continue;
		enum digest_alg alg = expected.len == 64 ? DIGEST_SHA256 : DIGEST_MD5;
		struct digest_input in = {ha1, FIELD("m"), FIELD("uri"), FIELD("n"), FIELD("nc"), FIELD("cn"), FIELD("q")};
		assert_int_equal(digest_ha1(alg, FIELD("u"), FIELD("r"), FIELD("p"), ha1), 0);
		assert_int_equal(digest_response(alg, &in, response), 0);
		if (!slice_eq(expected, slice_str(response)))
			fail_msg("%s: %s", id, response);
		done++;
	}
	json_decref(all);
	assert_true(done >= 3);
}

static void challenge_text(void **state)
{
	struct digest_server *d = server();
	struct buf b = buf_growing();
	digest_challenge(d, &b, &(struct addr){0}, true, true, BOTH);
	const char *text = buf_z(&b), *md5 = strstr(text, "algorithm=MD5"), *sha = strstr(text, "algorithm=SHA-256");
	assert_ptr_equal(strstr(text, "Proxy-Authenticate: Digest realm=\"t\", nonce=\""), text);
	assert_non_null(strstr(text, "stale=true"));
	assert_non_null(strstr(text, "qop=\"auth\""));
	assert_true(sha && md5 && sha < md5);
	buf_reset(&b);
	mem_deref(d);
}

static void both_algorithms(void **state)
{
	struct digest_server *d = server();
	char auth[1024], user[16];
	struct digest_fields found;
	static const unsigned algs[] = {BOTH, 1 << DIGEST_MD5, 1 << DIGEST_SHA256};
	for (unsigned i = 0; i < 3; i++) {
		credentials(d, algs[i], "alice", "pw", auth, sizeof auth);
		struct sip_msg *m = request(auth);
		assert_int_equal(digest_user(d, m, false, &found, user, sizeof user), DIGEST_OK);
		assert_string_equal(user, "alice");
		assert_int_equal(digest_user(d, m, true, &found, user, sizeof user), DIGEST_NONE);
		mem_deref(m);
		assert_int_equal(verify(d, auth, algs[i]), DIGEST_OK);
	}
	/* Asked for SHA-256 and MD5, a client takes the first. */
	credentials(d, BOTH, "alice", "pw", auth, sizeof auth);
	assert_non_null(strstr(auth, "algorithm=SHA-256"));
	assert_int_equal(verify(d, auth, 1 << DIGEST_MD5), DIGEST_NONE);
	mem_deref(d);
}

/* A nonce shows where its user is only when it was given to that address. */
static void whose_place(void **state)
{
	struct digest_server *d = server();
	struct digest_fields found;
	char auth[1024], user[16];
	credentials(d, BOTH, "alice", "pw", auth, sizeof auth); /* given to nobody in particular */
	struct sip_msg *m = request(auth);
	m->src = (struct addr){0};
	assert_int_equal(digest_user(d, m, false, &found, user, sizeof user), DIGEST_OK);
	assert_true(digest_is_here(d, &found, &m->src));
	assert_int_equal(addr_parse(&m->src, SLICE("192.0.2.7:5060"), 0), 0);
	assert_false(digest_is_here(d, &found, &m->src));
	mem_deref(m);
	mem_deref(d);
}

static void wrong_and_malformed(void **state)
{
	struct digest_server *d = server(), *other;
	char auth[1024];
	credentials(d, BOTH, "alice", "no", auth, sizeof auth);
	assert_int_equal(verify(d, auth, BOTH), DIGEST_WRONG);
	assert_int_equal(verify(d, "", BOTH), DIGEST_NONE);
	assert_int_equal(verify(d, "Authorization: Basic xyz\r\n", BOTH), DIGEST_NONE);
	assert_int_equal(verify(d, "Authorization: Digest realm=\"other\", username=\"a\"\r\n", BOTH), DIGEST_NONE);
	assert_int_equal(verify(d, "Authorization: Digest realm=\"t\", username=\"a\"\r\n", BOTH), DIGEST_MALFORMED);
	assert_int_equal(verify(d, "Authorization: Digest realm=\"t\", realm=\"t\"\r\n", BOTH), DIGEST_MALFORMED);
	assert_int_equal(verify(d, "Authorization: Digest realm=\"t\", =x\r\n", BOTH), DIGEST_MALFORMED);
	assert_int_equal(verify(d, "Authorization: Digest realm=\"t\", username=\"a\", nonce=\"n\", uri=\"u\", response=\"r\", qop=auth, "
				   "cnonce=\"c\", nc=1\r\n", BOTH), DIGEST_MALFORMED);
	assert_int_equal(verify(d, "Authorization: Digest realm=\"t\", username=\"a\", nonce=\"n\", uri=\"u\", response=\"r\", "
				   "qop=auth-int, cnonce=\"c\", nc=00000001\r\n", BOTH), DIGEST_MALFORMED);
	/* A nonce of somebody else's, whatever the password. */
	assert_int_equal(digest_server_new(&other, "t", NULL, LIFE, 4), 0);
	credentials(other, BOTH, "alice", "pw", auth, sizeof auth);
	assert_int_equal(verify(d, auth, BOTH), DIGEST_STALE);
	mem_deref(other);
	/* The same secret, as after a restart. */
	other = server();
	credentials(other, BOTH, "alice", "pw", auth, sizeof auth);
	assert_int_equal(verify(d, auth, BOTH), DIGEST_OK);
	mem_deref(other);
	mem_deref(d);
}

static void old_nonce_is_stale(void **state)
{
	struct digest_server *d = server();
	char auth[1024];
	credentials(d, BOTH, "alice", "pw", auth, sizeof auth);
	clock_test_advance(LIFE + 1);
	assert_int_equal(verify(d, auth, BOTH), DIGEST_STALE);
	mem_deref(d);
}

/* Credentials for a given count, with the nonce of `auth`. */
static void with_count(const char *auth, unsigned nc, char *out, size_t size)
{
	char ha1[DIGEST_HEX_LEN], response[DIGEST_HEX_LEN], count[9];
	struct digest_fields f;
	snprintf(count, sizeof count, "%08x", nc);
	struct slice value = slice_trim(slice_str(strchr(auth, ':') + 1));
	assert_int_equal(digest_parse(&f, value), 0);
	assert_int_equal(digest_ha1(DIGEST_MD5, SLICE("alice"), SLICE("t"), SLICE("pw"), ha1), 0);
	struct digest_input in = {ha1, SLICE("REGISTER"), SLICE("sip:t"), f.nonce, slice_str(count), SLICE("c"), SLICE("auth")};
	assert_int_equal(digest_response(DIGEST_MD5, &in, response), 0);
	snprintf(out, size, "Authorization: Digest username=\"alice\", realm=\"t\", nonce=\"" SLICE_FMT "\", uri=\"sip:t\", "
		 "response=\"%s\", cnonce=\"c\", qop=auth, nc=%s\r\n", SLICE_ARG(f.nonce), response, count);
}

static void replay(void **state)
{
	static const struct {
		unsigned nc;
		enum digest_result result;
	} rows[] = {{1, DIGEST_OK}, {1, DIGEST_STALE}, {3, DIGEST_OK}, {2, DIGEST_OK}, {2, DIGEST_STALE}, {100, DIGEST_OK},
		    {36, DIGEST_STALE}, {37, DIGEST_OK}, {37, DIGEST_STALE}, {0, DIGEST_MALFORMED}, {0xffffffff, DIGEST_OK}};
	struct digest_server *d = server();
	char auth[1024], counted[1024];
	credentials(d, 1 << DIGEST_MD5, "alice", "pw", auth, sizeof auth);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		with_count(auth, rows[i].nc, counted, sizeof counted);
		assert_int_equal(verify(d, counted, BOTH), rows[i].result);
	}
	mem_deref(d);
}

/* The window is bounded: what had to be forgotten counts as used. */
static void forgotten_nonces_stay_used(void **state)
{
	struct digest_server *d = server();
	char first[1024], auth[1024];
	credentials(d, BOTH, "alice", "pw", first, sizeof first);
	assert_int_equal(verify(d, first, BOTH), DIGEST_OK);
	for (unsigned i = 0; i < 10; i++) {
		clock_test_advance(10);
		credentials(d, BOTH, "alice", "pw", auth, sizeof auth);
		assert_int_equal(verify(d, auth, BOTH), DIGEST_OK);
	}
	assert_int_equal(verify(d, first, BOTH), DIGEST_STALE);
	mem_deref(d);
}

static void client(void **state)
{
	char text[1024];
	struct buf out = buf_fixed(text, sizeof text);
	struct sip_msg *m = message("SIP/2.0 407 Proxy", "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-512-256, qop=\"auth\"\r\n"
				    "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n2\", opaque=\"o\", qop=\"auth-int,auth\"\r\n");
	assert_int_equal(digest_respond(&out, m, SLICE("REGISTER"), SLICE("sip:t"), &(struct digest_login){.user = SLICE("a\"b"), .password = SLICE("p")}, SLICE_NONE), 0);
	assert_ptr_equal(strstr(buf_z(&out), "Proxy-Authorization: Digest username=\"a\\\"b\", realm=\"r\", nonce=\"n2\""), text);
	assert_non_null(strstr(text, "opaque=\"o\""));
	assert_non_null(strstr(text, "qop=auth, nc=00000001"));
	buf_reset(&out);
	assert_int_equal(digest_respond(&out, m, SLICE("REGISTER"), SLICE("sip:t"), &(struct digest_login){.user = SLICE("a"), .password = SLICE("p")}, SLICE("n2")), -EACCES);
	assert_int_equal(digest_respond(&out, m, SLICE("REGISTER"), SLICE("sip:t"), &(struct digest_login){SLICE("a"), SLICE("p"), SLICE("not this one")}, SLICE_NONE), -EACCES);
	mem_deref(m);
	m = message("SIP/2.0 401 No", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", stale=true, qop=\"auth\"\r\n");
	assert_int_equal(digest_respond(&out, m, SLICE("REGISTER"), SLICE("sip:t"), &(struct digest_login){.user = SLICE("a"), .password = SLICE("p")}, SLICE("n2")), 0);
	mem_deref(m);
	m = message("SIP/2.0 401 No", "WWW-Authenticate: Basic realm=\"r\"\r\n");
	assert_int_equal(digest_respond(&out, m, SLICE("REGISTER"), SLICE("sip:t"), &(struct digest_login){.user = SLICE("a"), .password = SLICE("p")}, SLICE_NONE), -EACCES);
	mem_deref(m);
}

struct fixture {
	struct sip_msg *m;
	const char *ha1[DIGEST_ALGS];
};

static void server_once(void *arg)
{
	struct fixture *f = arg;
	struct digest_server *d = NULL;
	int err = digest_server_new(&d, "t", secret, LIFE, 4);
	assert_true(err == 0 || err == -ENOMEM);
	if (!err) {
		struct buf b = buf_growing();
		digest_challenge(d, &b, &(struct addr){0}, false, false, BOTH);
		assert_true(b.err == 0 || b.err == -ENOMEM);
		buf_reset(&b);
		/* Without memory to remember a count, the count cannot be taken. */
		enum digest_result res = check(d, f->m, f->ha1);
		assert_true(res == DIGEST_OK || (res == DIGEST_STALE && mem_failed()));
	}
	mem_deref(d);
}

static void without_memory(void **state)
{
	char auth[1024], ha1[DIGEST_HEX_LEN];
	struct digest_server *d = server();
	credentials(d, 1 << DIGEST_MD5, "alice", "pw", auth, sizeof auth);
	mem_deref(d);
	assert_int_equal(digest_ha1(DIGEST_MD5, SLICE("alice"), SLICE("t"), SLICE("pw"), ha1), 0);
	struct fixture f = {request(auth), {[DIGEST_MD5] = ha1}};
	each_allocation_fails(server_once, &f);
	mem_deref(f.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(challenge_text),
		cmocka_unit_test(both_algorithms),
		cmocka_unit_test(whose_place), cmocka_unit_test(wrong_and_malformed),
		cmocka_unit_test(old_nonce_is_stale),
		cmocka_unit_test(replay),
		cmocka_unit_test(forgotten_nonces_stay_used),
		cmocka_unit_test(client),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
