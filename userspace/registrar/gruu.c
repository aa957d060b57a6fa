// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/gruu.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <ctype.h>

#define PREFIX "tgruu."
enum { BLOCK = 16 };

/* "<urn:uuid:...>" without its brackets. */
static struct slice bare(struct slice instance)
{
	return instance.len > 2 && instance.p[0] == '<' && instance.p[instance.len - 1] == '>' ? slice_of(instance.p + 1, instance.len - 2) : instance;
}

bool gruu_can_name(struct slice instance)
{
	struct slice s = bare(instance);
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr(":-._", s.p[i]))
			return false;
	return s.len != 0;
}

static void put_host(struct buf *out, const struct sip_uri *aor)
{
	buf_str(out, aor->host_is_v6 ? "@[" : "@");
	buf_slice(out, aor->host);
	if (aor->host_is_v6)
		buf_char(out, ']');
	if (aor->port)
		buf_printf(out, ":%u", aor->port);
}

void gruu_put_public(struct buf *out, const struct sip_uri *aor, struct slice instance)
{
	buf_printf(out, ";pub-gruu=\"" SLICE_FMT ":" SLICE_FMT, SLICE_ARG(aor->scheme_text), SLICE_ARG(aor->user));
	put_host(out, aor);
	buf_str(out, ";gr=");
	buf_slice(out, bare(instance));
	buf_char(out, '"');
}

/* One block, no padding. */
static int crypt(const uint8_t key[GRUU_KEY_LEN], int encrypt, const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool good = ctx && EVP_CipherInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL, encrypt) == 1 && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		    EVP_CipherUpdate(ctx, out, &n, in, BLOCK) == 1 && n == BLOCK;
	EVP_CIPHER_CTX_free(ctx);
	return good ? 0 : -EIO;
}

void gruu_put_temporary(struct buf *out, const struct sip_uri *aor, uint64_t number, const uint8_t key[GRUU_KEY_LEN])
{
	uint8_t plain[BLOCK], coded[BLOCK];
	memcpy(plain, &number, sizeof number);
	if (RAND_bytes(plain + sizeof number, BLOCK - (int)sizeof number) != 1 || crypt(key, 1, plain, coded))
		return;
	buf_printf(out, ";temp-gruu=\"" SLICE_FMT ":" PREFIX, SLICE_ARG(aor->scheme_text));
	for (unsigned i = 0; i < BLOCK; i++)
		buf_printf(out, "%02x", coded[i]);
	put_host(out, aor);
	buf_str(out, ";gr\"");
}

struct slice gruu_of(const struct sip_uri *uri)
{
	return uri->scheme > SIP_SCHEME_SIPS ? SLICE_NONE : sip_uri_param(uri, SLICE("gr"));
}

bool gruu_is_instance(struct slice gr, struct slice instance)
{
	return gr.len && slice_eq(gr, bare(instance));
}

int gruu_number(const struct sip_uri *uri, const uint8_t key[GRUU_KEY_LEN], uint64_t *ret)
{
	uint8_t plain[BLOCK], coded[BLOCK];
	struct slice text = uri->user;
	if (!slice_starts(text, SLICE(PREFIX)) || text.len != sizeof PREFIX - 1 + 2 * BLOCK)
		return -EBADMSG;
	text = slice_from(text, sizeof PREFIX - 1);
	for (unsigned i = 0; i < BLOCK; i++) {
		uint32_t v;
		if (slice_hex32(slice_of(text.p + 2 * i, 2), &v))
			return -EBADMSG;
		coded[i] = (uint8_t)v;
	}
	if (crypt(key, 0, coded, plain))
		return -EBADMSG;
	memcpy(ret, plain, sizeof *ret);
	return 0;
}
