/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Globally routable URIs of one instance of a user (RFC 5627). A public one is the address of record with the instance as "gr"; a temporary one
 * is a number, encrypted with a random one, so that no two of them show whether they belong together. */
#pragma once
#include "base/buf.h"
#include "sip/uri.h"

#define GRUU_KEY_LEN 16

/* Whether the instance can stand in a URI as it is. */
bool gruu_can_name(struct slice instance);
/* Append ;pub-gruu="..." and ;temp-gruu="..." for the address of record `aor`. */
void gruu_put_public(struct buf *out, const struct sip_uri *aor, struct slice instance);
void gruu_put_temporary(struct buf *out, const struct sip_uri *aor, uint64_t number, const uint8_t key[GRUU_KEY_LEN]);
/* The "gr" of a URI: p == NULL when it is no GRUU; empty for a temporary one. */
struct slice gruu_of(const struct sip_uri *uri);
bool gruu_is_instance(struct slice gr, struct slice instance);
/* The number of a temporary GRUU: 0 or -EBADMSG. */
int gruu_number(const struct sip_uri *uri, const uint8_t key[GRUU_KEY_LEN], uint64_t *ret);
