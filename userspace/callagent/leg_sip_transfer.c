// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg_sip_transfer.h"
#include "base/log.h"
#include "callagent/call.h"
#include "sip/replaces.h"
#include <errno.h>

/* Longer than any call rings. */
#define EXPIRES_S 300

/* --- NOTIFY --------------------------------------------------------------------------------------------------------- */

void sip_refer_tell(struct sip_refer *r, struct sip_session *ss, unsigned status)
{
	struct buf lines = buf_growing(), body = buf_growing();
	if (!r->active || status == r->told)
		return;
	r->told = status;
	r->active = status < 200;
	if (r->silent)
		return;
	buf_str(&lines, "Event: refer");
	if (r->again)
		buf_printf(&lines, ";id=%u", r->cseq); /* RFC 3515 2.4.6 */
	if (r->active)
		buf_printf(&lines, "\r\nSubscription-State: active;expires=%u\r\n", EXPIRES_S);
	else
		buf_str(&lines, "\r\nSubscription-State: terminated;reason=noresource\r\n");
	buf_printf(&body, "SIP/2.0 %u %s\r\n", status, sip_reason(status));
	int err = lines.err ? lines.err : body.err;
	if (!err)
		err = sip_session_request(ss, SIP_NOTIFY, buf_text(&lines), SLICE("message/sipfrag;version=2.0"), buf_text(&body), NULL, NULL);
	if (err)
		log_debug(NULL, "outcome of a transfer not told: %s", strerror(-err));
	buf_reset(&lines);
	buf_reset(&body);
}

/* --- REFER ---------------------------------------------------------------------------------------------------------- */

static unsigned read_target(struct sip_nameaddr *to, const struct sip_msg *req)
{
	const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_REFER_TO);
	if (!h || sip_msg_next(req, h) || sip_nameaddr_parse(to, h->value) || to->star)
		return 400;
	if (to->uri.scheme == SIP_SCHEME_OTHER)
		return 416;
	struct slice method = sip_uri_param(&to->uri, SLICE("method"));
	return slice_empty(method) || slice_eq(method, SLICE("INVITE")) ? 0 : 501;
}

static void grant(struct sip_refer *r, struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req)
{
	const struct sip_hdr *sub = sip_msg_named(req, SLICE("Refer-Sub"));
	*r = (struct sip_refer){.active = true, .again = r->cseq != 0, .cseq = req->cseq.number,
				.silent = sub && slice_caseeq(sub->value, SLICE("false"))};
	sip_reply(st, 202, NULL, r->silent ? SLICE("Refer-Sub: false\r\n") : SLICE_NONE, SLICE_NONE, SLICE_NONE);
	sip_refer_tell(r, ss, 100);
}

void sip_refer_take(struct sip_refer *r, struct leg *l, struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req)
{
	struct leg_transfer t = {.native = req};
	struct sip_nameaddr to;
	struct buf replaces = buf_growing();
	unsigned status = read_target(&to, req);
	if (!status) {
		int err = sip_uri_header(&replaces, &to.uri, SLICE("Replaces"));
		status = !err || err == -ENOENT ? 0 : err == -ENOMEM ? 500 : 400;
	}
	if (!status)
		status = r->active ? 491 : call_may_transfer(l);
	if (status) {
		sip_reply(st, status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else {
		t.to = &to.uri;
		t.replaces = buf_text(&replaces);
		grant(r, ss, st, req);
		call_on_transfer(l, &t);
	}
	buf_reset(&replaces);
}
