// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg_sip_transfer.h"
#include "base/log.h"
#include "callagent/call.h"
#include "sip/malformed.h"
#include "sip/replaces.h"
#include <errno.h>

/* Longer than any call rings. */
#define EXPIRES_S 300
#define SIPFRAG SLICE("message/sipfrag;version=2.0")

/* --- NOTIFY --------------------------------------------------------------------------------------------------------- */

static int notify(const struct sip_refer *r, struct sip_refer_way way, unsigned status, const char *why)
{
	struct buf lines = buf_growing(), body = buf_growing();
	buf_str(&lines, "Event: refer");
	if (r->again)
		buf_printf(&lines, ";id=%u", r->cseq); /* RFC 3515 2.4.6 */
	if (r->active)
		buf_printf(&lines, "\r\nSubscription-State: active;expires=%u\r\n", EXPIRES_S);
	else
		buf_printf(&lines, "\r\nSubscription-State: terminated;reason=%s\r\n", why);
	buf_printf(&body, "SIP/2.0 %u %s\r\n", status, sip_reason(status));
	int err = lines.err ? lines.err : body.err;
	if (!err && way.own)
		err = sip_subscription_request(way.own, SIP_NOTIFY, buf_text(&lines), SIPFRAG, buf_text(&body), NULL, NULL);
	else if (!err)
		err = sip_session_request(way.ss, SIP_NOTIFY, buf_text(&lines), SIPFRAG, buf_text(&body), NULL, NULL);
	buf_reset(&lines);
	buf_reset(&body);
	return err;
}

void sip_refer_tell(struct sip_refer *r, struct sip_refer_way way, unsigned status)
{
	if (!r->active || status == r->told)
		return;
	r->told = status;
	r->active = status < 200;
	if (r->silent || (!way.own && !way.ss))
		return;
	int err = notify(r, way, status, "noresource");
	if (err)
		log_debug(NULL, "outcome of a transfer not told: %s", strerror(-err));
}

void sip_refer_refresh(struct sip_refer *r, struct sip_subscription *own, struct sip_strans *st, const struct sip_msg *req)
{
	uint32_t seconds = EXPIRES_S;
	char line[32];
	struct buf b = buf_fixed(line, sizeof(line));
	slice_u32(slice_trim(sip_msg_value(req, SIP_HDR_EXPIRES)), &seconds);
	if (!r->active || r->silent) {
		sip_subscription_reply(own, st, 481, SLICE_NONE);
		return;
	}
	r->silent = !seconds;
	buf_printf(&b, "Expires: %u\r\n", seconds ? EXPIRES_S : 0);
	sip_subscription_reply(own, st, 200, buf_text(&b));
	/* RFC 6665 4.2.1.2: each SUBSCRIBE is followed by what is known now. */
	struct sip_refer now = *r;
	now.active = seconds > 0;
	int err = notify(&now, (struct sip_refer_way){.own = own}, r->told, "timeout");
	if (err)
		log_debug(NULL, "state of a transfer not told: %s", strerror(-err));
}

/* --- REFER ---------------------------------------------------------------------------------------------------------- */

unsigned sip_refer_target(struct sip_nameaddr *to, const struct sip_msg *req)
{
	const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_REFER_TO);
	if (h && !sip_msg_next(req, h) && !sip_nameaddr_parse(to, h->value) && !to->star)
		return 0;
	sip_malformed(SIP_PART_REFER_TO);
	return 400;
}

bool sip_refer_is_silent(const struct sip_msg *req)
{
	const struct sip_hdr *h = sip_msg_named(req, SLICE("Refer-Sub"));
	struct slice value = h ? h->value : SLICE_NONE;
	return slice_caseeq(slice_trim(slice_cut(&value, ';')), SLICE("false"));
}

static unsigned read_target(struct sip_nameaddr *to, const struct sip_msg *req)
{
	unsigned status = sip_refer_target(to, req);
	if (status)
		return status;
	if (to->uri.scheme == SIP_SCHEME_OTHER)
		return 416;
	struct slice method = sip_uri_param(&to->uri, SLICE("method"));
	return slice_empty(method) || slice_eq(method, SLICE("INVITE")) ? 0 : 501;
}

static void grant(struct sip_refer *r, struct sip_refer_way way, struct sip_strans *st, const struct sip_msg *req)
{
	*r = (struct sip_refer){.active = true, .again = !way.own && r->cseq != 0, .cseq = req->cseq.number, .silent = sip_refer_is_silent(req)};
	struct slice lines = r->silent ? SLICE("Refer-Sub: false\r\n") : SLICE_NONE;
	if (way.own)
		sip_subscription_reply(way.own, st, 202, lines);
	else
		sip_reply(st, 202, NULL, lines, SLICE_NONE, SLICE_NONE);
	sip_refer_tell(r, way, 100);
}

void sip_refer_take(struct sip_refer *r, struct leg *l, struct sip_refer_way way, struct sip_strans *st, const struct sip_msg *req)
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
		grant(r, way, st, req);
		call_on_transfer(l, &t);
	}
	buf_reset(&replaces);
}
