// SPDX-License-Identifier: GPL-3.0-or-later
/* BYE in the name of a dialog's other side. RFC 3261 knows none from a proxy; who limits how long calls may last has no other way to end one. It takes the way that the side's own
 * BYE would take from here on. */
#include "proxy/private.h"
#include "base/log.h"
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

/* It may have to wait for DNS. */
struct bye {
	struct proxy *p;
	struct sip_msg *msg;
};

static void bye_destroy(void *obj)
{
	struct bye *b = obj;
	mem_deref(b->msg);
	mem_deref(b->p);
}

static int bye_new(struct bye **ret, struct proxy *p, struct slice text)
{
	unsigned status;
	const char *why;
	struct bye *b = mem_alloc(sizeof *b, bye_destroy);
	if (!b)
		return -ENOMEM;
	b->p = mem_ref(p);
	int err = sip_msg_parse(&b->msg, text.p, text.len, &status, &why);
	if (err)
		mem_deref(b);
	else
		*ret = b;
	return err;
}

static void on_located(void *arg, int err, struct sip_servers *servers);

/* `servers` NULL: where its way begins is not looked up yet. */
static int send_bye(struct bye *b, const struct sip_servers *servers)
{
	struct proxy *p = b->p;
	struct way w;
	struct sip_rewrite how;
	struct sip_ctrans *ct = NULL;
	char branch[SIP_FORWARD_BRANCH];
	if (route_of(p, b->msg, &w))
		return -EBADMSG;
	struct forward f = {.req = b->msg, .way = &w, .uri = w.uri.text, .hop = w.flow, .breadth = 1, .loop = token_loop(b->msg)};
	if (servers && !locate_use(p, &f, &servers->server[0]))
		return -ENETUNREACH;
	int err = forward_find_hop(p, &f);
	if (err == -EHOSTUNREACH)
		err = locate_hop_once(p, &f, on_located, b);
	err = err ? err : forward_rewrite(p, &f, &how, branch);
	err = err ? err : sip_forward_request(&ct, &f.hop, &how, b->msg, on_answer, NULL, p);
	mem_deref(ct);
	return err;
}

static void on_located(void *arg, int err, struct sip_servers *servers)
{
	struct bye *b = arg;
	err = err ? err : send_bye(b, servers);
	if (err)
		log_warn("proxy", "a BYE of ours to " SLICE_FMT " is not sent: %s", SLICE_ARG(b->msg->ruri_text), strerror(-err));
	mem_deref(b);
}

int proxy_bye(struct proxy *p, const struct proxy_dialog *d, bool to_caller, struct slice headers)
{
	struct buf text = buf_growing();
	struct bye *b = NULL;
	put_bye(p, &text, d, to_caller, headers);
	int err = text.err ? text.err : bye_new(&b, p, buf_text(&text));
	err = err ? err : send_bye(b, NULL);
	buf_reset(&text);
	if (err == -EINPROGRESS)
		return 0;
	mem_deref(b);
	return err;
}
