/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest authentication (RFC 7616, RFC 8760): MD5 and SHA-256, qop=auth. Verifying and making challenges for servers, answering
 * them for clients. Nonces are signed with a secret of the process and carry their time: nothing is stored for one
 * until it is used; then a bounded window of nonce counts stops replay. */
#pragma once
#include "sip/msg.h"

enum digest_alg { DIGEST_MD5, DIGEST_SHA256, DIGEST_ALGS };
#define DIGEST_HEX_LEN 65

/* HA1 = H(user:realm:password) in hex. */
int digest_ha1(enum digest_alg alg, struct slice user, struct slice realm, struct slice password, char hex[DIGEST_HEX_LEN]);

struct digest_server; /* reference-counted: secret, nonce life, replay window */
/* `secret` of 16 bytes survives a restart when the caller keeps it; NULL: random. `life_ms`: a nonce older than this is stale. */
int digest_server_new(struct digest_server **ret, const char *realm, const uint8_t secret[16], uint32_t life_ms, unsigned max_nonces);
/* Appends one WWW-Authenticate (or Proxy-Authenticate when `proxy`) line per algorithm of the bit mask (1 << alg), the stronger first, for
 * whoever is at `peer`. */
void digest_challenge(struct digest_server *d, struct buf *headers, const struct addr *peer, bool proxy, bool stale, unsigned algs);

/* The fields of a challenge or of credentials, without quotes; they point into the message. */
struct digest_fields {
	struct slice username, realm, nonce, uri, response, algorithm, cnonce, opaque, qop, nc, stale;
};

enum digest_result { DIGEST_OK, DIGEST_NONE /* no credentials for our realm */, DIGEST_STALE, DIGEST_WRONG, DIGEST_MALFORMED /* 400 */ };
/* Finds credentials for our realm and gives the user name in them (unescaped), before the password is known. */
enum digest_result digest_user(const struct digest_server *d, const struct sip_msg *req, bool proxy, struct digest_fields *found, char *user, size_t size);
/* The realm that the value of a header with credentials is for; absent: it cannot be read. */
struct slice digest_realm(struct slice credentials);
/* Whether the nonce of credentials that were found is a good one of ours and was given to the very address they come from. */
bool digest_is_here(struct digest_server *d, const struct digest_fields *found, const struct addr *src);
/* `ha1` by algorithm (NULL: not allowed for that user: then credentials in another are looked for). */
enum digest_result digest_verify(struct digest_server *d, const struct sip_msg *req, bool proxy, const struct digest_fields *found, const char *ha1[DIGEST_ALGS]);

/* What challenges are answered with. */
struct digest_login {
	struct slice user, password; /* an empty user: nothing */
	struct slice realm;          /* empty: whoever asks; else challenges of other realms are none */
};

/* Client: from a 401/407 response makes the Authorization/Proxy-Authorization line for the next request. -EACCES when no usable challenge, or
 * when the same nonce was refused without stale (`tried` is the nonce tried before, may be absent). */
int digest_respond(struct buf *headers, const struct sip_msg *rsp, struct slice method, struct slice uri, const struct digest_login *login, struct slice tried);
