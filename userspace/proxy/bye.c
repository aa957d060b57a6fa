// SPDX-License-Identifier: GPL-3.0-or-later
/* BYE in the name of a dialog's other side. RFC 3261 knows none from a proxy; who limits how long calls may last has no other way to end one. It takes the way that the side's own
 * BYE would take from here on. */
#include "proxy/private.h"
#include "base/mem.h"
#include <errno.h>

enum { ROUTES = 32 };

static bool is_our_route(struct proxy *p, struct slice value, struct slice call_id)
{
	struct sip_nameaddr n;
	struct addr peer;
	return !sip_nameaddr_parse(&n, value) && token_read(p, n.uri.user, call_id, &peer) == 'r';
}

/* From ours on; what is before has been passed by then. The caller's route set is the reverse of the called side's (12.1). */
static void put_route_set(struct proxy *p, struct buf *out, const struct proxy_dialog *d, bool to_caller)
{
	struct slice value[ROUTES], list = d->routes;
	unsigned n = 0;
	bool ours = false;
	while (list.len && n < ROUTES)
		value[n++] = sip_values_cut(&list);
	for (unsigned i = 0; i < n; i++) {
		struct slice v = value[to_caller ? i : n - 1 - i];
		ours = ours || is_our_route(p, v, d->call_id);
		if (ours)
			sip_write_hdr(out, SIP_HDR_ROUTE, v);
	}
}

static void put_bye(struct proxy *p, struct buf *out, const struct proxy_dialog *d, bool to_caller, struct slice headers)
{
	buf_str(out, "BYE ");
	buf_slice(out, d->contact[to_caller ? PROXY_CALLER : PROXY_CALLED]);
	buf_printf(out, " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%08x%u\r\nMax-Forwards: 70\r\n", slice_hash(d->call_id, false), to_caller);
	put_route_set(p, out, d, to_caller);
	sip_write_hdr(out, SIP_HDR_FROM, to_caller ? d->to : d->from);
	sip_write_hdr(out, SIP_HDR_TO, to_caller ? d->from : d->to);
	sip_write_hdr(out, SIP_HDR_CALL_ID, d->call_id);
	buf_printf(out, "CSeq: %u BYE\r\n", d->cseq[to_caller ? PROXY_CALLED : PROXY_CALLER] + 1);
	buf_slice(out, headers);
	buf_str(out, "Content-Length: 0\r\n\r\n");
}

static void on_answer(void *arg, int err, const struct sip_msg *rsp)
{
}

static int send_bye(struct proxy *p, const struct sip_msg *bye)
{
	struct way w;
	struct sip_rewrite how;
	struct sip_ctrans *ct = NULL;
	char branch[SIP_FORWARD_BRANCH];
	if (route_of(p, bye, &w))
		return -EBADMSG;
	struct forward f = {.req = bye, .way = &w, .uri = w.uri.text, .hop = w.flow, .breadth = 1, .loop = token_loop(bye)};
	int err = forward_find_hop(p, &f);
	if (err == -EHOSTUNREACH)
		err = locate_hop_once(p, &f);
	err = err ? err : forward_rewrite(p, &f, &how, branch);
	err = err ? err : sip_forward_request(&ct, &f.hop, &how, bye, on_answer, NULL, p);
	mem_deref(ct);
	return err;
}

int proxy_bye(struct proxy *p, const struct proxy_dialog *d, bool to_caller, struct slice headers)
{
	struct buf text = buf_growing();
	struct sip_msg *bye = NULL;
	unsigned status;
	const char *why;
	put_bye(p, &text, d, to_caller, headers);
	int err = text.err ? text.err : sip_msg_parse(&bye, text.p, text.len, &status, &why);
	err = err ? err : send_bye(p, bye);
	mem_deref(bye);
	buf_reset(&text);
	return err;
}
