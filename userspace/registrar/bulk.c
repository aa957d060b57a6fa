// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/bulk.h"
#include <errno.h>

#define BNC "bnc"

bool bulk_is(const struct sip_uri *contact)
{
	return contact->scheme <= SIP_SCHEME_SIPS && slice_is_set(sip_uri_param(contact, SLICE(BNC)));
}

static void put_params(struct buf *out, struct slice params)
{
	while (params.len) {
		struct slice param = slice_cut(&params, ';'), value = param, name = slice_cut(&value, '=');
		if (slice_caseeq(name, SLICE(BNC)))
			continue;
		buf_char(out, ';');
		buf_slice(out, param);
	}
}

int bulk_request_uri(struct slice contact, const char *number, char *dst, size_t size)
{
	struct buf out = buf_fixed(dst, size);
	struct sip_uri uri;
	if (sip_uri_parse(&uri, contact))
		return -EINVAL;
	if (!bulk_is(&uri))
		return slice_copy(sip_uri_request(contact), dst, size);
	buf_slice(&out, uri.scheme_text);
	buf_char(&out, ':');
	sip_uri_escape_user(&out, slice_str(number));
	buf_char(&out, '@');
	buf_slice(&out, slice_of(uri.host.p - uri.host_is_v6, (size_t)(uri.params.p - 1 - uri.host.p) + uri.host_is_v6));
	put_params(&out, uri.params);
	buf_z(&out);
	return out.err;
}
