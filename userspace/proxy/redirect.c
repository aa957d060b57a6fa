// SPDX-License-Identifier: GPL-3.0-or-later
/* A redirect server (RFC 3261 8.3): says where to ask, and has no part in it. */
#include "proxy/private.h"
#include "base/mem.h"

static void put_contacts(struct buf *out, const struct proxy_context *c)
{
	const struct branch *b;
	list_foreach(b, &c->branches, link) {
		buf_str(out, "Contact: <");
		buf_slice(out, b->uri);
		buf_str(out, ">");
		if (b->q < 1000)
			buf_printf(out, ";q=0.%03u", b->q);
		buf_str(out, "\r\n");
	}
}

static void answer(struct proxy_context *c)
{
	struct buf contacts = buf_growing();
	unsigned status = targets_find(c);
	if (!status) {
		put_contacts(&contacts, c);
		status = contacts.err ? 500 : 302;
	}
	proxy_counts[PROXY_CNT_REDIRECTED] += status == 302;
	response_reply(c->st, status, status == 302 ? buf_text(&contacts) : SLICE_NONE);
	buf_reset(&contacts);
}

/* What is not ours cannot be said anything of: 404. */
void proxy_redirect(struct proxy *p, struct sip_strans *st, const struct sip_msg *req)
{
	struct proxy_context *c;
	struct buf extra = buf_growing();
	unsigned status = validate(p, req, token_loop(req), &extra);
	if (status)
		sip_reply_once(st, status, NULL, extra.err ? SLICE_NONE : buf_text(&extra));
	buf_reset(&extra);
	if (status || !p->params.admit(p->params.arg, st, req, false))
		return;
	if (req->ruri.scheme != SIP_SCHEME_TEL && !p->params.is_ours(p->params.arg, req, &req->ruri)) {
		proxy_counts[PROXY_CNT_NO_TARGET]++;
		response_reply(st, 404, SLICE_NONE);
		return;
	}
	if (context_new(&c, p, st, req)) {
		response_reply(st, 500, SLICE_NONE);
		return;
	}
	c->way.uri = req->ruri;
	answer(c);
	mem_deref(c);
}
