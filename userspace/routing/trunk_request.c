// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/trunk_request.h"
#include <errno.h>

static void put_contact(struct buf *out, const struct sip_listener *l, const struct addr *peer, struct slice contact)
{
	char text[ADDR_STR_LEN];
	struct slice params = contact, user = slice_cut(&params, '@');
	buf_str(out, "Contact: <sip:");
	if (user.len) {
		sip_uri_escape_user(out, user);
		buf_char(out, '@');
	}
	buf_str(out, addr_str(sip_listener_seen(l, peer), text));
	buf_str(out, sip_transports[l->transport].param);
	buf_slice(out, params);
	buf_str(out, ">\r\n");
}

int trunk_request(struct sip_ctrans **ret, struct sip_stack *stack, const struct trunk *t, const struct trunk_request *r, sip_response_fn fn, void *arg)
{
	const char *address = conf_string(t->conf, "address");
	const struct sip_listener *l = sip_stack_listener(stack, *address ? address : NULL, r->transport, &r->peer);
	struct buf lines = buf_growing();
	if (!l)
		return -ENETUNREACH;
	buf_printf(&lines, "From: <" SLICE_FMT ">;tag=%s\r\nTo: <" SLICE_FMT ">\r\nCall-ID: %s\r\nCSeq: %u %s\r\n", SLICE_ARG(r->aor), r->tag,
		   SLICE_ARG(r->aor), r->call_id, r->cseq, sip_method_name(r->method));
	if (slice_is_set(r->contact))
		put_contact(&lines, l, &r->peer, r->contact);
	buf_slice(&lines, r->headers);
	const struct sip_request_params p = {
		.method = r->method, .ruri = r->ruri, .dst = r->peer, .listener = l, .headers = buf_text(&lines),
	};
	int err = lines.err ? lines.err : sip_request(ret, stack, &p, fn, arg);
	buf_reset(&lines);
	return err;
}
