// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/digest.h"
#include "base/mem.h"
#include "sip/digest_hash.h"
#include "sip/nonce.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

struct digest_server {
	char *realm;
	struct nonces nonces;
};

static void digest_server_destroy(void *obj)
{
	struct digest_server *d = obj;
	nonces_free(&d->nonces);
	mem_free(d->realm);
}

int digest_server_new(struct digest_server **ret, const char *realm, const uint8_t secret[16], uint32_t life_ms, unsigned max_nonces)
{
	uint8_t random[NONCE_SECRET];
	int err = -ENOMEM;
	if (!secret && RAND_bytes(random, sizeof random) != 1)
		return -EIO;
	struct digest_server *d = mem_alloc(sizeof *d, digest_server_destroy);
	if (!d)
		return -ENOMEM;
	d->realm = mem_strdup(realm);
	if (d->realm)
		err = nonces_init(&d->nonces, secret ? secret : random, life_ms, max_nonces);
	OPENSSL_cleanse(random, sizeof random);
	if (err)
		mem_deref(d);
	else
		*ret = d;
	return err;
}

void digest_challenge(struct digest_server *d, struct buf *headers, const struct addr *peer, bool proxy, bool stale, unsigned algs)
{
	char nonce[NONCE_LEN + 1];
	if (nonce_make(&d->nonces, peer, nonce)) {
		headers->err = headers->err ? headers->err : -EIO;
		return;
	}
	for (unsigned alg = DIGEST_ALGS; alg-- > 0;) {
		if (!(algs & 1u << alg))
			continue;
		buf_str(headers, sip_hdr_name(proxy ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE));
		buf_str(headers, ": Digest realm=");
		sip_write_quoted(headers, slice_str(d->realm));
		buf_printf(headers, ", nonce=\"%s\", %salgorithm=%s, qop=\"auth\"\r\n", nonce, stale ? "stale=true, " : "",
			   digest_alg_name(alg));
	}
}

/* The first credentials for our realm in an algorithm of the bit mask. */
static enum digest_result find_credentials(const struct digest_server *d, const struct sip_msg *req, bool proxy,
					   unsigned algs, struct digest_fields *f)
{
	enum sip_hdr_id id = proxy ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION;
	for (const struct sip_hdr *h = sip_msg_hdr(req, id); h; h = sip_msg_next(req, h)) {
		int err = digest_parse(f, h->value);
		if (err == -ENOENT)
			continue;
		if (err)
			return DIGEST_MALFORMED;
		if (!slice_eq(f->realm, slice_str(d->realm)) || !(algs & 1u << digest_alg_of(f->algorithm)))
			continue;
		if (!f->username.len || !f->uri.len || !f->response.len || !slice_is_set(f->nonce))
			return DIGEST_MALFORMED;
		return DIGEST_OK;
	}
	return DIGEST_NONE;
}

enum { ALL_ALGS = (1 << DIGEST_ALGS) - 1 };

enum digest_result digest_user(const struct digest_server *d, const struct sip_msg *req, bool proxy, struct digest_fields *found, char *user, size_t size)
{
	size_t n = 0;
	enum digest_result res = find_credentials(d, req, proxy, ALL_ALGS, found);
	if (res != DIGEST_OK)
		return res;
	struct slice name = found->username;
	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] == '\\' && i + 1 < name.len)
			i++;
		if (n + 1 >= size || !name.p[i])
			return DIGEST_MALFORMED;
		user[n++] = name.p[i];
	}
	user[n] = '\0';
	return DIGEST_OK;
}

struct slice digest_realm(struct slice credentials)
{
	struct digest_fields f;
	return digest_parse(&f, credentials) ? SLICE_NONE : f.realm;
}

bool digest_is_here(struct digest_server *d, const struct digest_fields *found, const struct addr *src)
{
	struct nonce_id id;
	return nonce_check(&d->nonces, found->nonce, &id) && nonce_is_for(&d->nonces, found->nonce, src);
}

/* qop=auth with its count, or neither (RFC 2069, which RFC 3261 22.4 wants accepted): then a nonce is good for one request. */
static enum digest_result count_of(const struct digest_fields *f, uint32_t *nc)
{
	if (!slice_is_set(f->qop)) {
		*nc = 1;
		return DIGEST_OK;
	}
	if (!slice_caseeq(f->qop, SLICE("auth")) || !f->cnonce.len || f->nc.len != 8 || slice_hex32(f->nc, nc) || !*nc)
		return DIGEST_MALFORMED;
	return DIGEST_OK;
}

static bool response_is(struct slice given, const char *expected)
{
	char low[DIGEST_HEX_LEN];
	size_t len = strlen(expected);
	if (given.len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		low[i] = given.p[i] >= 'A' && given.p[i] <= 'F' ? (char)(given.p[i] + 32) : given.p[i];
	return !CRYPTO_memcmp(low, expected, len);
}

enum digest_result digest_verify(struct digest_server *d, const struct sip_msg *req, bool proxy, const struct digest_fields *found, const char *ha1[DIGEST_ALGS])
{
	struct digest_fields f = *found;
	struct nonce_id id;
	char expected[DIGEST_HEX_LEN];
	uint32_t nc;
	unsigned algs = 0;
	for (unsigned alg = 0; alg < DIGEST_ALGS; alg++)
		algs |= ha1[alg] ? 1u << alg : 0;
	enum digest_result res = DIGEST_OK;
	if (!(algs & 1u << digest_alg_of(f.algorithm)))
		res = find_credentials(d, req, proxy, algs, &f);
	if (res == DIGEST_OK)
		res = count_of(&f, &nc);
	if (res != DIGEST_OK)
		return res;
	bool fresh = nonce_check(&d->nonces, f.nonce, &id);
	enum digest_alg alg = digest_alg_of(f.algorithm);
	struct digest_input in = {ha1[alg], req->method_text, f.uri, f.nonce, f.nc, f.cnonce, f.qop};
	if (digest_response(alg, &in, expected) || !response_is(f.response, expected))
		/* RFC 7616 3.3: stale=true tells a client that a new nonce would do, so it is said of a nonce that is no
		 * good whatever came with it: a client of before our restart must not ask its user. */
		return fresh ? DIGEST_WRONG : DIGEST_STALE;
	return fresh && nonce_use(&d->nonces, &id, nc) ? DIGEST_OK : DIGEST_STALE;
}

/* The challenge to answer: the topmost that we can (RFC 8760 2.4). */
static int find_challenge(const struct sip_msg *rsp, enum sip_hdr_id id, struct slice realm, struct slice tried, struct digest_fields *f)
{
	for (const struct sip_hdr *h = sip_msg_hdr(rsp, id); h; h = sip_msg_next(rsp, h)) {
		struct slice options;
		bool auth;
		if (digest_parse(f, h->value) || digest_alg_of(f->algorithm) == DIGEST_ALGS || !slice_is_set(f->realm) ||
		    !f->nonce.len || (realm.len && !slice_eq(f->realm, realm)))
			continue;
		options = f->qop;
		auth = !slice_is_set(options);
		while (slice_is_set(options))
			auth |= slice_caseeq(slice_trim(slice_cut(&options, ',')), SLICE("auth"));
		if (!auth)
			continue;
		/* Refused with this very nonce and not for its age: the password is wrong. */
		if (slice_is_set(tried) && slice_eq(tried, f->nonce) && !slice_caseeq(f->stale, SLICE("true")))
			return -EACCES;
		return 0;
	}
	return -EACCES;
}

int digest_respond(struct buf *headers, const struct sip_msg *rsp, struct slice method, struct slice uri, const struct digest_login *login,
		   struct slice tried)
{
	bool proxy = rsp->status == 407;
	struct digest_fields f;
	char ha1[DIGEST_HEX_LEN], response[DIGEST_HEX_LEN], cnonce[17];
	uint8_t random[8];
	int err = find_challenge(rsp, proxy ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE, login->realm, tried, &f);
	if (err)
		return err;
	if (RAND_bytes(random, sizeof random) != 1)
		return -EIO;
	for (unsigned i = 0; i < sizeof random; i++) {
		cnonce[2 * i] = "0123456789abcdef"[random[i] >> 4];
		cnonce[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
	}
	cnonce[16] = '\0';
	enum digest_alg alg = digest_alg_of(f.algorithm);
	bool qop = slice_is_set(f.qop);
	struct digest_input in = {.ha1 = ha1, .method = method, .uri = uri, .nonce = f.nonce, .nc = SLICE("00000001"),
				  .cnonce = slice_str(cnonce), .qop = qop ? SLICE("auth") : SLICE_NONE};
	err = digest_ha1(alg, login->user, f.realm, login->password, ha1);
	if (!err)
		err = digest_response(alg, &in, response);
	if (err)
		return err;
	buf_str(headers, sip_hdr_name(proxy ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION));
	buf_str(headers, ": Digest username=");
	sip_write_quoted(headers, login->user);
	buf_printf(headers, ", realm=\"" SLICE_FMT "\", nonce=\"" SLICE_FMT "\", uri=\"" SLICE_FMT "\", response=\"%s\", algorithm=%s",
		   SLICE_ARG(f.realm), SLICE_ARG(f.nonce), SLICE_ARG(uri), response, digest_alg_name(alg));
	if (qop)
		buf_printf(headers, ", qop=auth, nc=00000001, cnonce=\"%s\"", cnonce);
	if (slice_is_set(f.opaque))
		buf_printf(headers, ", opaque=\"" SLICE_FMT "\"", SLICE_ARG(f.opaque));
	buf_str(headers, "\r\n");
	return headers->err;
}
