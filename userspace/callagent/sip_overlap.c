// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/sip_overlap.h"
#include "base/log.h"
#include "callagent/call.h"
#include "callagent/dial.h"
#include "callagent/leg_sip.h"
#include "callagent/leg_sip_news.h"
#include "callagent/line_call.h"
#include "callagent/outcome.h"
#include "routing/overlap.h"
#include <errno.h>

#define CAUSE_INCOMPLETE 28 /* Q.850: invalid number format */

/* What the routing is asked of an INVITE, as for its call (dial.c). */
struct asked {
	char called[128];
	struct shown caller;
	struct query q;
};

static int read_asked(struct asked *ret, const struct sip_msg *req, const struct source *from)
{
	dial_caller(from, req, &ret->caller);
	ret->q = (struct query){.from = from, .called = ret->called, .caller = ret->caller.number, .utc = (int64_t)(clock_utc_ms() / 1000), .req = req};
	return dial_called(from, req, &req->ruri, ret->called, sizeof(ret->called));
}

bool sip_overlap_begins(struct agent *a, const struct sip_msg *req, const struct source *from)
{
	struct asked asked;
	return from->overlap && !read_asked(&asked, req, from) && line_call_goes_on(a, &asked.q);
}

static bool is_short(struct agent *a, const struct sip_msg *req, const struct source *from)
{
	struct asked asked;
	return auth_is_our_host(registrar_auth(a->registrar), req, &req->ruri) && !read_asked(&asked, req, from) &&
	       overlap_is_short(a->routing, registrar_auth(a->registrar), &asked.q);
}

/* What the INVITE has of the number behind what the earlier one had, both as they stand there; NULL: that is no beginning of it. */
static const char *further(const struct sip_msg *earlier, const struct sip_msg *req, char *number, size_t size)
{
	char had[128];
	if (number_of_uri(&earlier->ruri, had, sizeof(had)) || number_of_uri(&req->ruri, number, size))
		return NULL;
	size_t n = strlen(had);
	return strlen(number) > n && !memcmp(number, had, n) ? number + n : NULL;
}

/* The same as the routing has numbers, which may be written in another way when they are longer. */
static bool grows(const struct source *from, const struct sip_msg *earlier, const struct sip_msg *req, const char *digits)
{
	char had[128], has[128];
	if (dial_called(from, earlier, &earlier->ruri, had, sizeof(had)) || dial_called(from, req, &req->ruri, has, sizeof(has)))
		return false;
	size_t n = strlen(had);
	return !strncmp(had, has, n) && !strcmp(has + n, digits);
}

static void end(struct call *c)
{
	call_end(c, CALL_BY_CALLER, &(struct leg_news){.status = 484, .cause = CAUSE_INCOMPLETE, .words = "called again with more of the number"});
}

/* RFC 3578 3.5: more digits for who is called, or, where numbers are one piece, another call. */
static bool go_on(struct leg *l, struct sip_strans *st, const struct sip_msg *req, const struct source *from)
{
	const struct sip_msg *earlier = l->call->offer_native;
	struct leg_news n;
	char number[128];
	const char *digits = further(earlier, req, number, sizeof(number));
	if (!digits) {
		sip_reply_once(st, 485, NULL, SLICE_NONE);
		return true;
	}
	sip_news(&n, 0, req);
	if (!call_may_go_on(l->call, n.sdp) || !grows(from, earlier, req, digits)) {
		end(l->call);
		return false;
	}
	int err = leg_sip_go_on(l, st);
	if (!err)
		call_on_further(l, &n, digits);
	else if (err != -EALREADY && err != -EBADMSG)
		sip_reply_once(st, 500, NULL, SLICE_NONE);
	return true;
}

/* The caller's leg of the call that began with an earlier INVITE of the same; NULL: there is none. */
static struct leg *earlier_of(const struct sip_strans *st, const struct source *from)
{
	struct leg *l = from->overlap ? leg_sip_earlier(st) : NULL;
	struct call *c = l ? l->call : NULL;
	return c && l == c->a && c->offer_native && c->state < CALL_ENDING && !strcmp(c->cdr.source, from->name) ? l : NULL;
}

void sip_overlap_gives_way(const struct sip_strans *st, const struct sip_msg *req, const struct source *from)
{
	struct leg *l = earlier_of(st, from);
	char number[128];
	if (l && further(l->call->offer_native, req, number, sizeof(number)))
		end(l->call);
}

bool sip_overlap_takes(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from)
{
	/* Who is to take somebody's place dials nothing (RFC 3891). */
	if (!from->overlap || sip_msg_hdr(req, SIP_HDR_REPLACES))
		return false;
	struct leg *l = earlier_of(st, from);
	if (l && go_on(l, st, req, from))
		return true;
	if (!is_short(a, req, from))
		return false;
	outcome_refused(OUTCOME_INCOMPLETE);
	sip_reply_once(st, 484, NULL, SLICE_NONE);
	return true;
}
