// SPDX-License-Identifier: GPL-3.0-or-later
/* URIs: two, one a line; what parses equals itself, equality has no direction, and a user part survives being written. */
#include "sip/msg.h"
#include <stdlib.h>

static void rewrite_user(const struct sip_uri *u)
{
	char user[4096], text[16384], again[4096];
	struct buf out = buf_fixed(text, sizeof text);
	struct sip_uri v;
	if (u->scheme > SIP_SCHEME_SIPS || !u->user.len || sip_uri_user(u, user, sizeof user))
		return;
	buf_str(&out, "sip:");
	sip_uri_escape_user(&out, slice_str(user));
	buf_str(&out, "@h");
	if (out.err || sip_uri_parse(&v, buf_text(&out)) || sip_uri_user(&v, again, sizeof again) || strcmp(user, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size), first = slice_line(&rest), second = slice_line(&rest);
	struct sip_uri a, b;
	struct addr addr;
	if (sip_uri_parse(&a, first))
		return 0;
	sip_uri_addr(&a, &addr);
	rewrite_user(&a);
	if (!sip_uri_parse(&b, second) && sip_uri_eq(&a, &b) != sip_uri_eq(&b, &a))
		abort();
	return 0;
}
