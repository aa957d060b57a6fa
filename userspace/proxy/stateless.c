// SPDX-License-Identifier: GPL-3.0-or-later
/* What passes without a transaction (RFC 3261 16.11): all of a stateless role; ACKs to 2xx; and what belongs to transactions that an
 * earlier process had. The branch is a function of what came, so that a repetition and a CANCEL get the same one. */
#include "proxy/private.h"
#include "base/mem.h"
#include <errno.h>

/* Only answers to what was forwarded: their branch was made by us for the Via below it. */
static bool pass_response(struct proxy *p, const struct sip_listener *l, const struct sip_msg *rsp)
{
	struct sip_via below;
	if (rsp->status == 100 || sip_via_below(&below, rsp) || !token_is_branch(p, rsp->via.branch, &below, rsp->call_id) ||
	    sip_forward_response_once(l, rsp))
		return false;
	proxy_counts[PROXY_CNT_RESPONSE]++;
	proxy_counts[PROXY_CNT_STATELESS]++;
	if (rsp->status >= 200 && p->params.calls.within)
		p->params.calls.within(p->params.arg, rsp, rsp->status);
	return true;
}

static bool send_to(struct proxy *p, const struct sip_listener *l, const struct sip_msg *req, const struct way *w, const struct branch *b,
		 uint32_t loop)
{
	struct forward f = {.from = l, .req = req, .way = w, .uri = b->uri, .path = b->path, .hop = b->hop, .number = b->number,
			    .breadth = breadth_of(req), .loop = loop};
	struct sip_rewrite how;
	char branch[SIP_FORWARD_BRANCH];
	int err = forward_find_hop(p, &f);
	if (err == -EHOSTUNREACH)
		err = locate_hop_once(p, &f, NULL, NULL);
	if (err == -EINPROGRESS)
		return true;
	if (err || forward_rewrite(p, &f, &how, branch) || sip_forward_request_once(&f.hop, &how, req)) {
		proxy_counts[PROXY_CNT_NO_HOP]++;
		return false;
	}
	proxy_counts[PROXY_CNT_STATELESS]++;
	return true;
}

/* One target only, the same each time; a CANCEL goes wherever its INVITE may have gone. */
static unsigned send_to_targets(struct proxy *p, const struct sip_listener *l, const struct sip_msg *req, const struct way *w, uint32_t loop)
{
	struct proxy_context *c;
	struct branch *b;
	unsigned status, sent = 0;
	if (context_new(&c, p, NULL, req))
		return 500;
	c->way = *w;
	status = targets_find(c);
	list_foreach(b, &c->branches, link)
		if (!status && (!sent || req->method == SIP_CANCEL) && send_to(p, l, req, w, b, loop))
			sent++;
	mem_deref(c);
	return status ? status : sent ? 0 : 500;
}

static bool pass_request(struct proxy *p, const struct sip_listener *l, const struct sip_msg *req)
{
	struct way w;
	struct buf extra = buf_growing();
	uint32_t loop = token_loop(req);
	unsigned status = validate(p, req, loop, &extra);
	if (!status)
		status = route_of(p, req, &w);
	bool admitted = !status && p->params.admit_once(p->params.arg, l, req, w.dialog);
	if (admitted)
		status = send_to_targets(p, l, req, &w, loop);
	if (status)
		sip_refuse_once(l, req, status, extra.err ? SLICE_NONE : buf_text(&extra));
	buf_reset(&extra);
	return admitted && !status;
}

bool proxy_once(struct proxy *p, const struct sip_listener *l, const struct sip_msg *m)
{
	return m->request ? pass_request(p, l, m) : pass_response(p, l, m);
}
