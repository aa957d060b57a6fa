/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966), zero-copy: slices of the text parsed. */
#pragma once
#include "base/buf.h"
#include "net/addr.h"

enum sip_scheme { SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL, SIP_SCHEME_OTHER };

struct sip_uri {
	enum sip_scheme scheme;
	struct slice scheme_text;
	struct slice user;     /* escaped form; absent without '@' */
	struct slice password;
	struct slice host;     /* IPv6 without its brackets */
	struct slice params;   /* after the first ';', without it */
	struct slice headers;  /* after '?', without it */
	uint16_t port;         /* 0: none given */
	bool host_is_v6;
	struct slice text;     /* the whole URI */
};

/* 0 or -EINVAL. Unknown schemes parse as SIP_SCHEME_OTHER with only scheme_text and text set. */
int sip_uri_parse(struct sip_uri *ret, struct slice text);
/* Value of a URI parameter; present without a value gives an empty slice; absent gives p == NULL. */
struct slice sip_uri_param(const struct sip_uri *u, struct slice name);
/* RFC 3261 19.1.4. */
bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b);
/* The part of a URI that may be a Request-URI: header fields have no place there (RFC 3261 19.1.1). */
struct slice sip_uri_request(struct slice uri);
/* The host and port as an address when the host is an IP literal (port 5060 by default): 0 or -EINVAL. */
int sip_uri_addr(const struct sip_uri *u, struct addr *ret);
/* Unescaped user part into dst as a C string; -ENOSPC; %00 is refused with -EINVAL. */
int sip_uri_user(const struct sip_uri *u, char *dst, size_t size);
/* Appends `text` with what RFC 3261 does not allow in a user part escaped. */
void sip_uri_escape_user(struct buf *out, struct slice text);
