// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg_sip_news.h"
#include "base/mem.h"
#include "callagent/outcome.h"
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

static bool type_is(struct slice type, struct slice what)
{
	return slice_caseeq(slice_trim(slice_cut(&type, ';')), what);
}

/* The body of one part when its type is a description; a part without headers is none. */
static struct slice part_sdp(struct slice part)
{
	struct slice type = SLICE_NONE;
	for (struct slice line; !slice_empty(part);) {
		line = slice_line(&part);
		if (slice_empty(line))
			return type_is(type, SLICE("application/sdp")) ? part : SLICE_NONE;
		struct slice name = slice_trim(slice_cut(&line, ':'));
		if (slice_caseeq(name, SLICE("Content-Type")) || slice_caseeq(name, SLICE("c")))
			type = slice_trim(line);
	}
	return SLICE_NONE;
}

/* RFC 2046 5.1: parts stand between lines of "--boundary". */
static struct slice multipart_sdp(struct slice body, struct slice boundary)
{
	char text[80]; /* RFC 2046 limits boundaries to 70 characters */
	struct buf b = buf_fixed(text, sizeof(text));
	buf_str(&b, "--");
	buf_slice(&b, boundary);
	if (b.err || slice_empty(boundary))
		return SLICE_NONE;
	struct slice part = SLICE_NONE;
	for (ptrdiff_t at; (at = slice_search(body, buf_text(&b))) >= 0;) {
		if (slice_is_set(part)) {
			struct slice sdp = part_sdp(slice_of(part.p, (size_t)(body.p + at - part.p)));
			if (slice_is_set(sdp))
				return sdp;
		}
		body = slice_from(body, (size_t)at + b.len);
		slice_line(&body);
		part = body;
	}
	return SLICE_NONE;
}

struct slice sip_news_sdp(struct slice type, struct slice body)
{
	if (slice_empty(body) || type_is(type, SLICE("application/sdp")))
		return body;
	struct slice params = type;
	struct slice main_type = slice_cut(&params, '/');
	if (!slice_caseeq(slice_trim(main_type), SLICE("multipart")) || !slice_is_set(params))
		return SLICE_NONE;
	slice_cut(&params, ';');
	return slice_is_set(params) ? multipart_sdp(body, sip_param(params, SLICE("boundary"))) : SLICE_NONE;
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

static void info_done(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_info *i = arg;
	if (rsp && rsp->status < 200)
		return;
	unsigned status = rsp ? rsp->status : err == -ETIMEDOUT ? 408 : 503;
	sip_reply(i->st, info_outcome(status), NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	mem_deref(i);
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
