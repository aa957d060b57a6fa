// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/digest_hash.h"
#include "sip/parse.h"
#include <errno.h>
#include <openssl/evp.h>

static const struct {
	const char *name;
	const char *openssl;
} algs[DIGEST_ALGS] = {
	[DIGEST_MD5] = {"MD5", "MD5"},
	[DIGEST_SHA256] = {"SHA-256", "SHA2-256"},
};

const char *digest_alg_name(enum digest_alg alg)
{
	return algs[alg].name;
}

enum digest_alg digest_alg_of(struct slice name)
{
	enum digest_alg alg = 0;
	if (!slice_is_set(name))
		return DIGEST_MD5;
	while (alg < DIGEST_ALGS && !slice_caseeq(name, slice_str(algs[alg].name)))
		alg++;
	return alg;
}

/* The library's implementations, looked up once a process: a look-up costs more than hashing a line. */
static EVP_MD_CTX *hasher(enum digest_alg alg)
{
	static EVP_MD *md[DIGEST_ALGS];
	static EVP_MD_CTX *ctx;
	if (!ctx)
		ctx = EVP_MD_CTX_new();
	if (!md[alg])
		md[alg] = EVP_MD_fetch(NULL, algs[alg].openssl, NULL);
	return ctx && md[alg] && EVP_DigestInit_ex2(ctx, md[alg], NULL) ? ctx : NULL;
}

int digest_hash(enum digest_alg alg, const struct slice *parts, unsigned n, char hex[DIGEST_HEX_LEN])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned len;
	EVP_MD_CTX *ctx = hasher(alg);
	if (!ctx)
		return -EIO;
	for (unsigned i = 0; i < n; i++)
		if ((i && !EVP_DigestUpdate(ctx, ":", 1)) || !EVP_DigestUpdate(ctx, parts[i].p, parts[i].len))
			return -EIO;
	if (!EVP_DigestFinal_ex(ctx, raw, &len) || 2 * len >= DIGEST_HEX_LEN)
		return -EIO;
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = digits[raw[i] >> 4];
		hex[2 * i + 1] = digits[raw[i] & 15];
	}
	hex[2 * len] = '\0';
	return 0;
}

int digest_ha1(enum digest_alg alg, struct slice user, struct slice realm, struct slice password, char hex[DIGEST_HEX_LEN])
{
	return digest_hash(alg, (struct slice[]){user, realm, password}, 3, hex);
}

int digest_response(enum digest_alg alg, const struct digest_input *in, char hex[DIGEST_HEX_LEN])
{
	char ha2[DIGEST_HEX_LEN];
	int err = digest_hash(alg, (struct slice[]){in->method, in->uri}, 2, ha2);
	if (err)
		return err;
	if (!slice_is_set(in->qop))
		return digest_hash(alg, (struct slice[]){slice_str(in->ha1), in->nonce, slice_str(ha2)}, 3, hex);
	return digest_hash(alg,
			   (struct slice[]){slice_str(in->ha1), in->nonce, in->nc, in->cnonce, in->qop, slice_str(ha2)},
			   6, hex);
}

static const struct {
	struct slice name;
	size_t offset;
} fields[] = {
	{SLICE("username"), offsetof(struct digest_fields, username)},
	{SLICE("realm"), offsetof(struct digest_fields, realm)},
	{SLICE("nonce"), offsetof(struct digest_fields, nonce)},
	{SLICE("uri"), offsetof(struct digest_fields, uri)},
	{SLICE("response"), offsetof(struct digest_fields, response)},
	{SLICE("algorithm"), offsetof(struct digest_fields, algorithm)},
	{SLICE("cnonce"), offsetof(struct digest_fields, cnonce)},
	{SLICE("opaque"), offsetof(struct digest_fields, opaque)},
	{SLICE("qop"), offsetof(struct digest_fields, qop)},
	{SLICE("nc"), offsetof(struct digest_fields, nc)},
	{SLICE("stale"), offsetof(struct digest_fields, stale)},
};

static struct slice *field_of(struct digest_fields *f, struct slice name)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (slice_caseeq(fields[i].name, name))
			return (struct slice *)(void *)((char *)f + fields[i].offset);
	return NULL;
}

int digest_parse(struct digest_fields *ret, struct slice value)
{
	struct digest_fields f = {0};
	struct slice rest = slice_trim(value);
	if (!slice_caseeq(slice_cut(&rest, ' '), SLICE("Digest")))
		return -ENOENT;
	while (slice_is_set(rest)) {
		struct slice v = sip_cut(&rest, ',');
		if (!v.len)
			continue;
		struct slice name = slice_trim(slice_cut(&v, '='));
		if (!slice_is_set(v) || !sip_all(name, SIP_C_TOKEN))
			return -EBADMSG;
		v = slice_trim(v);
		if (v.len && v.p[0] == '"') {
			if (sip_quoted_len(v) != v.len)
				return -EBADMSG;
			v = slice_of(v.p + 1, v.len - 2);
		}
		struct slice *at = field_of(&f, name);
		if (!at)
			continue;
		if (slice_is_set(*at))
			return -EBADMSG;
		*at = v;
	}
	*ret = f;
	return 0;
}
