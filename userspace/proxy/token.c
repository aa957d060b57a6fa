// SPDX-License-Identifier: GPL-3.0-or-later
/* Texts that others carry for us and that only we can have made: the user part of our Record-Route and Path URIs, with the flow to
 * leave on (RFC 5626 5.2), and branches (RFC 3261 16.6 step 8). Each ends with a MAC, so that a Route cannot be made up to use
 * this proxy as a relay, and nothing has to be remembered to know them again after a restart. */
#include "proxy/private.h"
#include <ctype.h>
#include <errno.h>

enum { FLOW_MAX = 19 }; /* family, port, 16 bytes */

static const char hex[] = "0123456789abcdef";

struct mac {
	EVP_MAC_CTX *ctx;
	bool bad;
};

static struct mac mac_begin(struct proxy *p, char purpose)
{
	struct mac m = {.ctx = p->mac};
	m.bad = EVP_MAC_init(m.ctx, p->params.key, sizeof p->params.key, NULL) != 1 ||
		EVP_MAC_update(m.ctx, (const unsigned char *)&purpose, 1) != 1;
	return m;
}

/* With its length, so that two texts cannot be cut differently. */
static void mac_add(struct mac *m, struct slice s)
{
	uint16_t len = (uint16_t)s.len;
	m->bad = m->bad || EVP_MAC_update(m->ctx, (const unsigned char *)&len, sizeof len) != 1 ||
		 (s.len && EVP_MAC_update(m->ctx, (const unsigned char *)s.p, s.len) != 1);
}

/* False when the library fails: then nothing is signed and nothing is believed. */
static bool mac_end(struct mac *m, char out[MAC_LEN])
{
	unsigned char sum[8];
	size_t len = 0;
	if (m->bad || EVP_MAC_final(m->ctx, sum, &len, sizeof sum) != 1 || len != sizeof sum)
		return false;
	for (unsigned i = 0; i < sizeof sum; i++) {
		out[2 * i] = hex[sum[i] >> 4];
		out[2 * i + 1] = hex[sum[i] & 15];
	}
	return true;
}

/* --- routes ------------------------------------------------------------------------------------------------------- */

static size_t flow_write(const struct addr *peer, uint8_t out[FLOW_MAX])
{
	size_t n = peer->family == AF_INET6 ? 16 : 4;
	out[0] = peer->family == AF_INET6 ? 6 : 4;
	out[1] = (uint8_t)(peer->port >> 8);
	out[2] = (uint8_t)peer->port;
	memcpy(out + 3, peer->bytes, n);
	return n + 3;
}

static int flow_read(struct addr *ret, const uint8_t *in, size_t len)
{
	struct addr a = {.family = in[0] == 6 ? AF_INET6 : AF_INET, .port = (uint16_t)(in[1] << 8 | in[2])};
	if (len != (in[0] == 6 ? 19u : 7u) || (in[0] != 4 && in[0] != 6) || !a.port)
		return -EBADMSG;
	memcpy(a.bytes, in + 3, len - 3);
	*ret = a;
	return 0;
}

struct slice token_make(struct proxy *p, char kind, const struct addr *peer, struct slice call_id, char out[64])
{
	uint8_t flow[FLOW_MAX];
	size_t len = peer ? flow_write(peer, flow) : 0, n = 0;
	struct mac m = mac_begin(p, kind);
	out[n++] = kind;
	for (size_t i = 0; i < len; i++) {
		out[n++] = hex[flow[i] >> 4];
		out[n++] = hex[flow[i] & 15];
	}
	mac_add(&m, slice_of((const char *)flow, len));
	mac_add(&m, call_id);
	return mac_end(&m, out + n) ? slice_of(out, n + MAC_LEN) : SLICE_NONE;
}

static int from_hex(struct slice text, uint8_t *out)
{
	for (size_t i = 0; i < text.len; i++) {
		const char *at = memchr(hex, text.p[i], 16);
		if (!at)
			return -EBADMSG;
		out[i / 2] = (uint8_t)(i & 1 ? out[i / 2] | (at - hex) : (at - hex) << 4);
	}
	return 0;
}

char token_read(struct proxy *p, struct slice text, struct slice call_id, struct addr *peer)
{
	uint8_t flow[FLOW_MAX];
	char sum[MAC_LEN];
	if (text.len < 1 + MAC_LEN || text.len > 1 + 2 * FLOW_MAX + MAC_LEN || !(text.len & 1) || (text.p[0] != 'r' && text.p[0] != 'p'))
		return 0;
	struct slice hexed = slice_of(text.p + 1, text.len - 1 - MAC_LEN);
	struct mac m = mac_begin(p, text.p[0]);
	if (from_hex(hexed, flow))
		return 0;
	mac_add(&m, slice_of((const char *)flow, hexed.len / 2));
	mac_add(&m, text.p[0] == 'p' ? SLICE_NONE : call_id);
	if (!mac_end(&m, sum) || CRYPTO_memcmp(sum, slice_end(hexed), MAC_LEN) || (hexed.len && flow_read(peer, flow, hexed.len / 2)))
		return 0;
	return text.p[0];
}

/* --- branches ----------------------------------------------------------------------------------------------------- */

static bool branch_mac(struct proxy *p, const struct sip_via *via, struct slice call_id, struct slice number, char out[MAC_LEN])
{
	struct mac m = mac_begin(p, 'b');
	uint16_t port = via->port;
	mac_add(&m, via->branch);
	mac_add(&m, via->host);
	mac_add(&m, slice_of((const char *)&port, sizeof port));
	mac_add(&m, call_id);
	mac_add(&m, number);
	return mac_end(&m, out);
}

struct slice token_branch(struct proxy *p, const struct sip_via *via, struct slice call_id, unsigned number, uint32_t loop, char out[SIP_FORWARD_BRANCH])
{
	char *at = out + 7;
	memcpy(out, "z9hG4bK", 7);
	at[0] = hex[number >> 4 & 15];
	at[1] = hex[number & 15];
	for (unsigned i = 0; i < LOOP_LEN; i++)
		at[2 + i] = hex[loop >> 4 * i & 15];
	at += 2 + LOOP_LEN;
	if (!branch_mac(p, via, call_id, slice_of(out + 7, 2 + LOOP_LEN), at))
		return SLICE_NONE;
	return slice_of(out, (size_t)(at + MAC_LEN - out));
}

bool token_is_branch(struct proxy *p, struct slice branch, const struct sip_via *below, struct slice call_id)
{
	char sum[MAC_LEN];
	return branch.len == 7 + 2 + LOOP_LEN + MAC_LEN && branch_mac(p, below, call_id, slice_of(branch.p + 7, 2 + LOOP_LEN), sum) &&
	       !CRYPTO_memcmp(sum, branch.p + 7 + 2 + LOOP_LEN, MAC_LEN);
}

/* What decides where a request goes and stays the same in its CANCEL and in the ACK of a refusal. */
uint32_t token_loop(const struct sip_msg *req)
{
	uint32_t h = slice_hash(req->ruri_text, false);
	h = h * 16777619u ^ slice_hash(req->from.tag, false);
	h = h * 16777619u ^ slice_hash(req->call_id, false);
	h = h * 16777619u ^ req->cseq.number;
	for (const struct sip_hdr *r = sip_msg_hdr(req, SIP_HDR_ROUTE); r; r = sip_msg_next(req, r))
		h = h * 16777619u ^ slice_hash(r->value, false);
	return h;
}
