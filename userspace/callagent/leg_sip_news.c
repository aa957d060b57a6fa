// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg_sip_news.h"
#include "base/mem.h"
#include "callagent/outcome.h"
#include "sip/mime.h"
#include <errno.h>

/* Q.850 cause of a Reason header (RFC 3326), 0 when none tells it. */
static unsigned cause_told(const struct sip_msg *m)
{
	struct sip_values it = {0};
	struct slice value;
	uint32_t cause;
	while (sip_msg_each(m, SIP_HDR_REASON, &it, &value)) {
		struct slice params = value;
		if (slice_caseeq(slice_trim(slice_cut(&params, ';')), SLICE("Q.850")) && slice_is_set(params) &&
		    !slice_u32(sip_param(params, SLICE("cause")), &cause) && cause < 128)
			return cause;
	}
	return 0;
}

struct slice sip_news_sdp(struct slice type, struct slice body)
{
	return sip_body_find(type, body, SLICE("application/sdp"));
}

static bool is_sdp(struct slice type)
{
	return slice_caseeq(slice_trim(slice_cut(&type, ';')), SLICE("application/sdp"));
}

int sip_news_body(struct buf *out, struct slice *type, const struct sip_msg *from, struct slice sdp)
{
	struct slice theirs = from ? sip_msg_value(from, SIP_HDR_CONTENT_TYPE) : SLICE_NONE;
	if (slice_empty(theirs) || slice_empty(from->body))
		return 0;
	if (slice_empty(sdp) && slice_empty(sip_news_sdp(theirs, from->body))) {
		*type = theirs;
		buf_slice(out, from->body);
		return out->err;
	}
	if (slice_empty(sdp) || is_sdp(theirs))
		return 0;
	if (slice_empty(sip_news_sdp(theirs, from->body)))
		return sip_body_join(out, type, SLICE("application/sdp"), sdp, theirs, from->body);
	*type = theirs;
	return sip_body_exchange(out, theirs, from->body, SLICE("application/sdp"), sdp);
}

int sip_news_failed(struct buf *out, const struct sip_msg *from, const struct sdp_origin *o)
{
	struct sdp *sdp;
	const char *why;
	struct slice text = from ? sip_news_sdp(sip_msg_value(from, SIP_HDR_CONTENT_TYPE), from->body) : SLICE_NONE;
	if (slice_empty(text) || sdp_parse(&sdp, text, &why))
		return 0;
	int err = sdp_write_failed(out, sdp, o);
	mem_deref(sdp);
	return err;
}

void sip_news(struct leg_news *n, unsigned status, const struct sip_msg *msg)
{
	*n = (struct leg_news){.status = status};
	if (!msg) {
		n->words = status == 408 ? "nothing came from the peer" : status == 481 ? "the peer has lost the call" : status ? "the peer cannot be reached" : NULL;
		return;
	}
	n->native = msg;
	n->dialog = msg->to.tag;
	n->cause = cause_told(msg);
	n->sdp = sip_news_sdp(sip_msg_value(msg, SIP_HDR_CONTENT_TYPE), msg->body);
	if (msg->request && msg->method == SIP_CANCEL)
		n->words = "given up by the caller";
	else if (msg->request && msg->method == SIP_BYE)
		n->words = "hung up";
	else if (!msg->request && msg->status >= 300)
		n->words = sip_reason(msg->status);
}

void sip_news_reason(struct buf *out, const struct leg_news *n)
{
	const struct sip_msg *m = n->native;
	if (m && sip_msg_hdr(m, SIP_HDR_REASON))
		return;
	if (n->status == 200)
		buf_str(out, "Reason: SIP;cause=200");
	else if (n->cause)
		buf_printf(out, "Reason: Q.850;cause=%u", n->cause);
	else
		return;
	if (n->words) {
		buf_str(out, ";text=");
		sip_write_quoted(out, slice_str(n->words));
	}
	buf_str(out, "\r\n");
}

/* --- INFO ----------------------------------------------------------------------------------------------------------- */

struct sip_info {
	struct sip_strans *st;
};

static void info_destroy(void *obj)
{
	struct sip_info *i = obj;
	mem_deref(i->st);
}

struct sip_info *sip_info_new(struct sip_strans *st)
{
	struct sip_info *i = mem_alloc(sizeof(*i), info_destroy);
	if (i)
		i->st = mem_ref(st);
	return i;
}

/* To the asker 408 and 481 would mean that its own dialog is lost (RFC 3261 12.2.1.2), 401 and 407 that it is asked for a password. */
static unsigned info_outcome(unsigned status)
{
	return status < 300 ? status : status == 408 ? 504 : outcome_for_caller(status, 0);
}

void sip_info_answer(struct sip_info *i, unsigned status)
{
	sip_reply(i->st, status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

char sip_news_digit(const struct sip_msg *info)
{
	struct slice type = sip_msg_value(info, SIP_HDR_CONTENT_TYPE), rest = info->body, digit = SLICE_NONE;
	type = slice_trim(slice_cut(&type, ';'));
	if (slice_caseeq(type, SLICE("application/dtmf")))
		digit = slice_trim(rest);
	while (slice_caseeq(type, SLICE("application/dtmf-relay")) && !slice_empty(rest)) {
		struct slice value = slice_line(&rest), name = slice_trim(slice_cut(&value, '='));
		if (slice_caseeq(name, SLICE("Signal")))
			digit = slice_trim(value);
	}
	return digit.len == 1 && memchr("0123456789*#ABCDabcd", digit.p[0], 20) ? digit.p[0] : 0;
}

bool sip_news_wants_bearer(const struct sip_msg *rsp)
{
	struct sip_values it = {0};
	struct slice value;
	while (sip_msg_each(rsp, SIP_HDR_WARNING, &it, &value)) {
		struct slice code = slice_cut(&value, ' ');
		if (slice_eq(code, SLICE("304")) || slice_eq(code, SLICE("305"))) /* media type not available, incompatible media format */
			return true;
	}
	return false;
}

static void info_done(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_info *i = arg;
	if (rsp && rsp->status < 200)
		return;
	unsigned status = rsp ? rsp->status : err == -ETIMEDOUT ? 408 : 503;
	sip_reply(i->st, info_outcome(status), NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	mem_deref(i);
}

static void digit_done(void *arg, int err, const struct sip_msg *rsp)
{
}

int sip_info_digit(struct sip_session *to, char digit, struct slice headers)
{
	char body[40];
	struct buf b = buf_fixed(body, sizeof(body));
	buf_printf(&b, "Signal=%c\r\nDuration=160\r\n", digit);
	return sip_session_request(to, SIP_INFO, headers, SLICE("application/dtmf-relay"), buf_text(&b), digit_done, NULL);
}

int sip_info_send(struct sip_session *to, const struct leg_news *n, struct slice headers)
{
	const struct sip_msg *m = n->native;
	if (!m)
		return -EINVAL;
	struct buf all = buf_growing();
	buf_slice(&all, headers);
	/* RFC 6086: what package the body belongs to. */
	const struct sip_hdr *package = sip_msg_named(m, SLICE("Info-Package"));
	if (package)
		sip_write_hdrf(&all, "Info-Package", SLICE_FMT, SLICE_ARG(package->value));
	if (sip_msg_hdr(m, SIP_HDR_CONTENT_DISPOSITION))
		sip_write_hdr(&all, SIP_HDR_CONTENT_DISPOSITION, sip_msg_value(m, SIP_HDR_CONTENT_DISPOSITION));
	int err = all.err;
	if (!err)
		err = sip_session_request(to, m->method, buf_text(&all), sip_msg_value(m, SIP_HDR_CONTENT_TYPE), m->body, info_done,
					  mem_ref(n->reply));
	if (err)
		mem_deref(n->reply);
	buf_reset(&all);
	return err;
}
