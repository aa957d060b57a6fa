// SPDX-License-Identifier: GPL-3.0-or-later
/* Session timers (RFC 4028): both sides agree how long the session lives without a sign of life and who gives it; the refresher sends UPDATE,
 * or a re-INVITE to a peer without it, at half that time; the other one hangs up when none came (sections 7 to 10). */
#include "sip/malformed.h"
#include "sip/session_priv.h"
#include "base/mem.h"
#include <errno.h>

/* Proxies on the way may each want more than the one before. */
#define MAX_422 4

static const struct slice expired = SLICE("Reason: SIP;cause=408;text=\"Session expired\"\r\n");

/* Session-Expires: seconds, and who refreshes: "uac", "uas" or absent. */
static bool read_expires(const struct sip_msg *m, uint32_t *seconds, struct slice *refresher)
{
	struct slice params = sip_msg_value(m, SIP_HDR_SESSION_EXPIRES);
	struct slice number = slice_trim(slice_cut(&params, ';'));
	*refresher = slice_is_set(params) ? sip_param(params, SLICE("refresher")) : SLICE_NONE;
	return number.len && !slice_u32(number, seconds) && *seconds > 0;
}

/* Min-SE: seconds, which may have parameters. */
static bool read_least(const struct sip_msg *m, uint32_t *seconds)
{
	struct slice params = sip_msg_value(m, SIP_HDR_MIN_SE);
	return !slice_u32(slice_trim(slice_cut(&params, ';')), seconds);
}

/* What cannot be read is as if it were not there. */
static void count_malformed(const struct sip_msg *m)
{
	struct slice refresher;
	uint32_t seconds;
	if (sip_msg_hdr(m, SIP_HDR_SESSION_EXPIRES) && !read_expires(m, &seconds, &refresher))
		sip_malformed(SIP_PART_SESSION_EXPIRES);
	if (sip_msg_hdr(m, SIP_HDR_MIN_SE) && !read_least(m, &seconds))
		sip_malformed(SIP_PART_MIN_SE);
}

static uint32_t least(const struct sip_session *ss)
{
	return ss->stack->params.min_se_s;
}

/* --- the two timers ------------------------------------------------------------------------------------------------------ */

static void on_expired(void *arg)
{
	struct sip_session *ss = mem_ref(arg);
	sip_counts[SIP_CNT_SESSION_EXPIRED]++;
	if (ss->state == SESSION_UP)
		session_bye_keep(ss, expired, SLICE_NONE);
	session_lost(ss, 408);
	mem_deref(ss);
}

static void on_refresh(void *arg);

/* 10: the one who waits hangs up a little before the end, a third of it but at most 32 s; a refresher that fails as well. */
static void run(struct sip_session *ss, uint64_t since_ms)
{
	uint64_t all = ss->expires_s * 1000ull, early = all / 3 < 32000 ? all / 3 : 32000;
	uint64_t end = all - early > since_ms ? all - early - since_ms : 0;
	timer_start(&ss->expiry, end, on_expired, ss);
	timer_stop(&ss->refresh);
	if (ss->refresher)
		timer_start(&ss->refresh, all / 2 > since_ms ? all / 2 - since_ms : 0, on_refresh, ss);
}

static void agree(struct sip_session *ss, uint32_t seconds, bool refresher)
{
	ss->expires_s = seconds;
	ss->refresher = refresher;
	ss->refreshed = (int64_t)clock_utc_ms();
	if (seconds) {
		run(ss, 0);
	} else {
		timer_stop(&ss->expiry);
		timer_stop(&ss->refresh);
	}
	session_changed(ss);
}

void session_timer_resume(struct sip_session *ss)
{
	int64_t gone = (int64_t)clock_utc_ms() - ss->refreshed;
	if (ss->expires_s)
		run(ss, gone > 0 ? (uint64_t)gone : 0);
}

void session_timer_stop(struct sip_session *ss)
{
	timer_stop(&ss->expiry);
	timer_stop(&ss->refresh);
	session_drop_ctrans(&ss->refreshing);
}

/* --- asking -------------------------------------------------------------------------------------------------------------- */

static void put_expires(struct buf *out, uint32_t seconds, const char *refresher)
{
	buf_printf(out, "Session-Expires: %u%s%s\r\n", seconds, refresher ? ";refresher=" : "", refresher ? refresher : "");
}

/* The first time nobody is named, so that the peer may choose (7.1); later the roles stay (7.4). */
void session_timer_ask(struct buf *out, const struct sip_session *ss)
{
	uint32_t want = ss->expires_s ? ss->expires_s : ss->stack->params.session_expires_s;
	if (!want || (!ss->expires_s && ss->state > SESSION_RINGING))
		return;
	if (want < ss->least_s)
		want = ss->least_s;
	if (ss->least_s)
		buf_printf(out, "Min-SE: %u\r\n", ss->least_s);
	put_expires(out, want, ss->expires_s ? (ss->refresher ? "uac" : "uas") : NULL);
}

bool session_timer_too_short(struct sip_session *ss, const struct sip_msg *rsp)
{
	uint32_t min;
	if (rsp->status != 422 || !read_least(rsp, &min) || min <= ss->least_s || ss->n_422 == MAX_422)
		return false;
	ss->n_422++;
	ss->least_s = min;
	return true;
}

void session_timer_granted(struct sip_session *ss, const struct sip_msg *rsp)
{
	uint32_t seconds;
	struct slice refresher;
	count_malformed(rsp);
	if (!read_expires(rsp, &seconds, &refresher))
		agree(ss, 0, false);
	else
		agree(ss, seconds, !slice_caseeq(refresher, SLICE("uas")));
}

/* --- being asked ---------------------------------------------------------------------------------------------------------- */

bool session_timer_refuse(const struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req)
{
	uint32_t seconds;
	struct slice refresher;
	count_malformed(req);
	if (!read_expires(req, &seconds, &refresher) || seconds >= least(ss) || !sip_msg_has_token(req, SIP_HDR_SUPPORTED, SLICE("timer")))
		return false;
	sip_replyf(st, 422, NULL, "Min-SE: %u\r\n", least(ss));
	return true;
}

/* Table 2 of section 9. Who asks for it shall do it, unless it wants us to; a caller that knows nothing of it is left alone
 * unless a proxy on its way wants it. */
void session_timer_grant(struct buf *out, struct sip_session *ss, const struct sip_msg *req)
{
	bool knows = sip_msg_has_token(req, SIP_HDR_SUPPORTED, SLICE("timer"));
	uint32_t ours = ss->stack->params.session_expires_s, seconds = 0, min = 0;
	struct slice refresher = SLICE_NONE;
	bool asked = read_expires(req, &seconds, &refresher);
	read_least(req, &min);
	if (!asked && !(knows && ours)) {
		agree(ss, 0, false);
		return;
	}
	if (!asked)
		seconds = ours > min ? ours : min;
	else if (ours && seconds > ours && ours >= min)
		seconds = ours;
	if (seconds < least(ss))
		seconds = least(ss);
	bool us = !knows || slice_caseeq(refresher, SLICE("uas"));
	put_expires(out, seconds, us ? "uas" : "uac");
	if (knows)
		buf_str(out, "Require: timer\r\n");
	agree(ss, seconds, us);
}

/* --- refreshing ------------------------------------------------------------------------------------------------------------- */

static void send_refresh(struct sip_session *ss);

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_session *ss = mem_ref(arg);
	unsigned status = rsp ? rsp->status : 408;
	if (status < 200)
		goto out;
	session_drop_ctrans(&ss->refreshing);
	if (status < 300) {
		sip_dialog_refresh(ss->dialog, rsp);
		session_timer_granted(ss, rsp);
	} else if (status == 408 || status == 481) {
		session_lost(ss, status);
	} else if (session_timer_too_short(ss, rsp)) {
		ss->expires_s = ss->least_s;
		send_refresh(ss);
	} else if (session_authorize(ss, &ss->auth, rsp, SIP_UPDATE, slice_str(ss->dialog->target))) {
		send_refresh(ss);
	} else {
		/* Another try before the end. */
		timer_start(&ss->refresh, ss->expires_s * 1000ull / 10, on_refresh, ss);
	}
out:
	mem_deref(ss);
}

static int send_update(struct sip_session *ss)
{
	struct buf lines = buf_growing();
	session_put_common(&lines, ss, &ss->dialog->hop, SLICE_NONE);
	session_timer_ask(&lines, ss);
	buf_slice(&lines, buf_text(&ss->auth.lines));
	int err = lines.err;
	if (!err)
		err = sip_dialog_send(ss->dialog, &(struct sip_dialog_request){.method = SIP_UPDATE, .headers = buf_text(&lines)},
				      &ss->refreshing, on_response, ss);
	buf_reset(&lines);
	return err;
}

/* What cannot be sent now may be a little later; an offer of either side that is under way refreshes as well. */
static void send_refresh(struct sip_session *ss)
{
	timer_start(&ss->refresh, ss->expires_s * 1000ull / 10, on_refresh, ss);
	if (ss->allows_update)
		send_update(ss);
	else if (ss->h && ss->h->refresh)
		ss->h->refresh(ss->arg);
}

static void on_refresh(void *arg)
{
	struct sip_session *ss = mem_ref(arg);
	if (ss->state == SESSION_UP && !ss->refreshing && !ss->offering) {
		session_auth_reset(&ss->auth);
		send_refresh(ss);
	}
	mem_deref(ss);
}
