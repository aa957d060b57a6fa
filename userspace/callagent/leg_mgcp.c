// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg_mgcp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "callagent/agent.h"
#include "callagent/line_call.h"
#include "callagent/line_caller.h"
#include "callagent/mgcp_line.h"
#include <errno.h>

#define RETRY_MS 2000 /* of a re-offer that crossed another */

static const char *const codecs[] = {"PCMA", "PCMU"};

static struct mgcp_leg *leg_of(const struct leg *l)
{
	return container_of(l, struct mgcp_leg, leg);
}

/* --- what is described ---------------------------------------------------------------------------------------------- */

static int take_theirs(struct mgcp_leg *g, struct slice text)
{
	struct sdp *s;
	const char *why;
	if (slice_empty(text))
		return 0;
	int err = sdp_parse(&s, text, &why);
	if (err)
		return err == -ENOMEM ? err : -EBADMSG;
	mem_deref(g->theirs);
	g->theirs = s;
	return 0;
}

static enum sdp_dir their_dir(const struct mgcp_leg *g)
{
	for (unsigned i = 0; g->theirs && i < g->theirs->n_media; i++)
		if (g->theirs->media[i].port && slice_eq(g->theirs->media[i].type, SLICE("audio")))
			return g->theirs->media[i].dir;
	return SDP_SENDRECV;
}

int leg_mgcp_describe(struct mgcp_leg *g, struct buf *out)
{
	struct mgcp_line *l = g->line;
	const struct line_media *m = l ? mgcp_line_conn(l, g)->media : NULL;
	bool answers = g->wait == MGCP_WAIT_REOFFERED || (g->leg.side == SIDE_B && !g->answered);
	enum sdp_dir dir = g->kept ? SDP_INACTIVE : answers ? sdp_dir_reverse(their_dir(g)) : SDP_SENDRECV;
	return m ? line_media_describe_as(m, g->theirs, dir, &g->leg.origin, out) : -ENOTCONN;
}

/* --- ends ----------------------------------------------------------------------------------------------------------- */

void leg_mgcp_over(struct mgcp_leg *g, unsigned status, unsigned cause)
{
	mem_ref(g);
	timer_stop(&g->soon);
	g->line = NULL;
	g->wait = MGCP_WAIT_NOTHING;
	call_on_closed(&g->leg, &(struct leg_news){.status = status, .cause = cause});
	mem_deref(g);
}

void leg_mgcp_end(struct mgcp_leg *g, unsigned status, unsigned cause)
{
	struct mgcp_line *l = g->line;
	mem_ref(g);
	leg_mgcp_over(g, status, cause);
	if (l)
		l->kind->ended(l, g, status, cause);
	mem_deref(g);
}

/* The transferor has left at once; the other leg stays until that is done. */
bool leg_mgcp_join(struct mgcp_leg *from, struct mgcp_leg *to)
{
	if (call_may_transfer(&from->leg))
		return false;
	mem_ref(from);
	from->joined = mem_ref(to);
	from->line = to->line = NULL;
	call_on_transfer(&from->leg, &(struct leg_transfer){.theirs = &to->leg});
	leg_mgcp_over(from, 0, 16);
	mem_deref(from);
	return true;
}

/* --- hold ----------------------------------------------------------------------------------------------------------- */

static void tell_kept(void *arg)
{
	struct mgcp_leg *g = mem_ref(arg);
	struct buf sdp = buf_growing();
	if (g->line && g->answered && g->leg.state == LEG_ACTIVE && !g->asking && g->kept != g->told_kept) {
		g->asking = !leg_mgcp_describe(g, &sdp);
		if (g->asking)
			call_on_reoffer(&g->leg, &(struct leg_news){.sdp = buf_text(&sdp), .from = &g->leg});
	}
	buf_reset(&sdp);
	mem_deref(g);
}

void leg_mgcp_keep(struct mgcp_leg *g, bool kept)
{
	g->kept = kept;
	tell_kept(g);
	call_on_changed(&g->leg);
}

/* A hold may have been wished before it could be told. */
static void confirmed(struct mgcp_leg *g)
{
	mem_ref(g);
	call_on_confirmed(&g->leg, &(struct leg_news){.from = &g->leg});
	tell_kept(g);
	mem_deref(g);
}

/* --- the connection ------------------------------------------------------------------------------------------------- */

static void on_end(void *arg)
{
	struct mgcp_leg *g = arg;
	if (g->wait == MGCP_WAIT_CONFIRM)
		confirmed(g);
	else
		leg_mgcp_end(g, g->status, g->cause);
}

static void end_soon(struct mgcp_leg *g, unsigned status, unsigned cause)
{
	g->status = status;
	g->cause = cause;
	timer_start(&g->soon, 0, on_end, g);
}

static void begin_call(struct mgcp_leg *g)
{
	struct mgcp_line *l = g->line;
	struct buf sdp = buf_growing();
	struct shown caller = {.presentation = g->hidden ? PRESENT_RESTRICTED : PRESENT_AS_SENT};
	g->leg.hidden = g->hidden;
	CDR_SET(caller.number, slice_str(l->caller));
	CDR_SET(caller.display, slice_str(l->caller_name));
	const struct line_call how = {.line = l->tel, .called = g->called, .caller = &caller};
	struct call *c;
	int err = leg_mgcp_describe(g, &sdp);
	if (!err) {
		mem_ref(g);
		err = line_call_new(&c, l->agent, &g->leg, &how);
		if (err)
			mem_deref(g);
	}
	if (!err) {
		line_call_start(c, l->agent, &how, buf_text(&sdp));
	} else {
		log_warn(l->object, "no call to %s: %s", g->called, strerror(-err));
		end_soon(g, err == -ENOMEM ? 500 : 503, 38);
	}
	buf_reset(&sdp);
}

static void answer_call(struct mgcp_leg *g)
{
	struct buf sdp = buf_growing();
	int err = leg_mgcp_describe(g, &sdp);
	if (err) {
		end_soon(g, 503, 47);
	} else {
		g->answered = true;
		call_on_answered(&g->leg, &(struct leg_news){.status = 200, .sdp = buf_text(&sdp), .from = &g->leg});
		call_on_changed(&g->leg);
	}
	buf_reset(&sdp);
}

static void answer_reoffer(struct mgcp_leg *g)
{
	struct buf sdp = buf_growing();
	g->wait = MGCP_WAIT_REOFFERED;
	int err = leg_mgcp_describe(g, &sdp);
	g->wait = MGCP_WAIT_NOTHING;
	call_on_reoffer_done(&g->leg, &(struct leg_news){.status = err ? 500 : 200, .sdp = buf_text(&sdp), .from = &g->leg});
	buf_reset(&sdp);
}

void leg_mgcp_go_on(struct mgcp_leg *g, int err)
{
	enum mgcp_wait wait = g->wait;
	struct mgcp_line *l = g->line;
	g->wait = MGCP_WAIT_NOTHING;
	if (!l || wait == MGCP_WAIT_NOTHING)
		return;
	mem_ref(g);
	if (wait == MGCP_WAIT_JOIN && err)
		l->kind->apart(l);
	else if (wait == MGCP_WAIT_JOIN)
		leg_mgcp_keep(g, false);
	else if (err && wait == MGCP_WAIT_REOFFERED)
		call_on_reoffer_done(&g->leg, &(struct leg_news){.status = 488, .from = &g->leg});
	else if (err)
		end_soon(g, 503, err == -EBUSY ? 34 : 38);
	else if (wait == MGCP_WAIT_CALL)
		begin_call(g);
	else if (wait == MGCP_WAIT_RING)
		l->kind->ready(l, g);
	else if (wait == MGCP_WAIT_ANSWER)
		answer_call(g);
	else if (wait == MGCP_WAIT_REOFFERED)
		answer_reoffer(g);
	else
		confirmed(g);
	mem_deref(g);
}

static void wait_for(struct mgcp_leg *g, enum mgcp_wait wait)
{
	g->wait = wait;
	mgcp_line_sync(g->line);
}

/* --- verbs ---------------------------------------------------------------------------------------------------------- */

/* "Bellcore-dr2" in Alert-Info, as PBXs have it: the second of the distinctive rings of package L. */
static void take_ring(struct mgcp_leg *g, const struct sip_msg *invite)
{
	const struct sip_hdr *h = invite ? sip_msg_hdr(invite, SIP_HDR_ALERT_INFO) : NULL;
	long at = h ? slice_search(h->value, SLICE("Bellcore-dr")) : -1;
	struct slice digit = at < 0 ? SLICE_NONE : slice_from(h->value, (size_t)at + strlen("Bellcore-dr"));
	if (digit.len && digit.p[0] >= '0' && digit.p[0] <= '7')
		snprintf(g->ring, sizeof(g->ring), "r%c", digit.p[0]);
}

static void take_caller(struct mgcp_leg *g, const struct sip_msg *invite)
{
	const struct line_numbers *n = &g->line->tel->numbers;
	struct line_caller caller;
	line_caller_read(&caller, g->line->agent, &g->leg, &g->shown, invite);
	if (number_write(&n->plan, n->out, slice_str(caller.number), g->number, sizeof(g->number)))
		g->number[0] = '\0';
	/* Who has no number is shown by its name, whatever that is. */
	CDR_SET(g->display, slice_str(*caller.name || *caller.number ? caller.name : g->shown.number));
	g->hidden = caller.hidden;
}

static int verb_offer(struct leg *leg, const struct leg_news *n)
{
	struct mgcp_leg *g = leg_of(leg);
	int err = g->line ? take_theirs(g, n->sdp) : -ENOTCONN;
	if (err)
		return err;
	take_caller(g, n->native);
	take_ring(g, n->native);
	unsigned status = g->line->kind->called(g->line, g);
	if (status) {
		g->line = NULL;
		end_soon(g, status, status == 486 ? 17 : status == 503 ? 34 : 0);
	} else {
		call_on_heard(leg);
		wait_for(g, MGCP_WAIT_RING);
	}
	return 0;
}

static int verb_progress(struct leg *leg, const struct leg_news *n)
{
	struct mgcp_leg *g = leg_of(leg);
	int err = g->line ? take_theirs(g, n->sdp) : -ENOTCONN;
	if (err)
		return err;
	if (!slice_empty(n->sdp))
		mgcp_line_sync(g->line);
	g->line->kind->progress(g->line, g, n);
	return 0;
}

static int verb_answer(struct leg *leg, const struct leg_news *n)
{
	struct mgcp_leg *g = leg_of(leg);
	int err = take_theirs(g, n->sdp);
	if (err)
		return err;
	g->answered = true;
	if (g->line) {
		wait_for(g, MGCP_WAIT_CONFIRM);
		g->line->kind->taken(g->line, g);
	} else {
		/* Its user has gone, and somebody is to come in its place. */
		g->wait = MGCP_WAIT_CONFIRM;
		timer_start(&g->soon, 0, on_end, g);
	}
	return 0;
}

static int verb_confirm(struct leg *leg, struct slice sdp)
{
	struct mgcp_leg *g = leg_of(leg);
	int err = g->line ? take_theirs(g, sdp) : -ENOTCONN;
	if (!err)
		mgcp_line_sync(g->line);
	return err;
}

static int verb_reoffer(struct leg *leg, const struct leg_news *n)
{
	struct mgcp_leg *g = leg_of(leg);
	if (g->asking || g->wait != MGCP_WAIT_NOTHING)
		return -EINPROGRESS;
	int err = g->line ? take_theirs(g, n->sdp) : -ENOTCONN;
	if (!err)
		wait_for(g, MGCP_WAIT_REOFFERED);
	return err;
}

static int verb_reoffer_reply(struct leg *leg, const struct leg_news *n)
{
	struct mgcp_leg *g = leg_of(leg);
	bool taken = n->status >= 200 && n->status < 300;
	g->asking = false;
	if (!g->line)
		return 0;
	if (taken) {
		/* As it was told: what has been wished since is told now. */
		g->told_kept = !g->told_kept;
		if (!take_theirs(g, n->sdp))
			mgcp_line_sync(g->line);
	}
	if (g->kept != g->told_kept)
		timer_start(&g->soon, taken ? 0 : RETRY_MS, tell_kept, g);
	call_on_changed(leg);
	return 0;
}

/* Nothing of a SIP message reaches a telephone; its own digits travel as events. */
static int verb_info(struct leg *leg, const struct leg_news *n)
{
	return -EOPNOTSUPP;
}

static void verb_transferred(struct leg *leg, const struct leg_news *n)
{
	struct mgcp_leg *g = mem_ref(leg_of(leg)), *to = g->joined;
	if (n->status >= 200) {
		g->joined = NULL;
		if (n->status >= 300 && to)
			leg_mgcp_over(to, 0, 16);
		mem_deref(to);
	}
	mem_deref(g);
}

static void verb_release(struct leg *leg, const struct leg_news *n)
{
	leg_mgcp_end(leg_of(leg), n->status, n->cause);
}

static void verb_describe(const struct leg *leg, struct cdr_leg *out)
{
	const struct mgcp_leg *g = leg_of(leg);
	if (g->line && g->line->ep)
		CDR_SET(out->peer, slice_str(mgcp_ep_name(g->line->ep)));
	CDR_SET(out->number, slice_str(leg->side == SIDE_B ? g->called : g->line ? g->line->caller : ""));
}

/* --- in a store ----------------------------------------------------------------------------------------------------- */

struct kept {
	struct slice number, display, called, theirs, media;
	bool answered, kept, told_kept, is_held, added, confers;
};

enum { TAG_MEDIA = 5 };

#define FIELD(tag, type, member) PACK_FIELD(tag, type, struct kept, member)
static const struct pack_field fields[] = {
	FIELD(1, PACK_SLICE, number), FIELD(2, PACK_SLICE, display), FIELD(3, PACK_SLICE, called), FIELD(4, PACK_SLICE, theirs),
	FIELD(TAG_MEDIA, PACK_SLICE, media), FIELD(6, PACK_BOOL, answered), FIELD(7, PACK_BOOL, kept), FIELD(8, PACK_BOOL, told_kept),
	FIELD(9, PACK_BOOL, is_held),
	FIELD(10, PACK_BOOL, added),   FIELD(11, PACK_BOOL, confers),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void verb_save(const struct leg *leg, struct buf *out)
{
	const struct mgcp_leg *g = leg_of(leg);
	struct mgcp_line *l = g->line;
	if (!l || !line_media_is_open(l->talk->media))
		return;
	/* While its own connection is not there yet, it is on hold as it was. */
	const bool is_held = l->held == g, confers = is_held && line_media_is_open(mgcp_line_conn(l, g)->media) && l->confers;
	struct kept k = {
		.number = slice_str(g->number), .display = slice_str(g->display), .called = slice_str(g->called),
		.theirs = g->theirs ? g->theirs->text : SLICE_NONE, .answered = g->answered, .kept = g->kept, .told_kept = g->told_kept,
		.is_held = is_held, .added = l->added == g, .confers = confers,
	};
	pack_write(out, fields, FIELDS, &k);
	size_t at = pack_begin(out, TAG_MEDIA);
	line_media_save(confers ? mgcp_line_conn(l, g)->media : l->talk->media, out);
	pack_end(out, at);
}

static const struct leg_kind kind_mgcp = {
	.name = "mgcp",
	.offer = verb_offer,
	.progress = verb_progress,
	.answer = verb_answer,
	.confirm = verb_confirm,
	.reoffer = verb_reoffer,
	.reoffer_reply = verb_reoffer_reply,
	.info = verb_info,
	.transferred = verb_transferred,
	.release = verb_release,
	.describe = verb_describe,
	.save = verb_save,
};

/* --- making --------------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct mgcp_leg *g = obj;
	timer_stop(&g->soon);
	mem_deref(g->joined);
	mem_deref(g->theirs);
	leg_fini(&g->leg);
}

static struct mgcp_leg *make(enum side side)
{
	struct mgcp_leg *g = mem_alloc(sizeof(*g), destroy);
	if (!g)
		return NULL;
	leg_init(&g->leg, &kind_mgcp, side);
	g->leg.codecs = codecs;
	g->leg.n_codecs = sizeof(codecs) / sizeof(codecs[0]);
	g->leg.party.address = g->address;
	return g;
}

static void join(struct mgcp_leg *g, struct mgcp_line *l)
{
	CDR_SET(g->address, slice_str(l->address));
	g->leg.party = mgcp_line_party(l);
	g->leg.party.address = g->address;
	g->line = l;
}

struct mgcp_leg *leg_mgcp_new(struct mgcp_line *l, enum side side)
{
	struct mgcp_leg *g = make(side);
	if (!g)
		return NULL;
	join(g, l);
	CDR_SET(g->leg.target, slice_str(l->tel->name));
	return g;
}

int leg_mgcp_outgoing(struct leg **ret, struct agent *a, const struct leg_call *how)
{
	const struct target *t = how->target;
	struct mgcp_line *l = mgcp_lines_find(&a->mgcp_lines, slice_str(t->name));
	if (!l || !l->ep)
		return -EHOSTUNREACH;
	struct mgcp_leg *g = leg_mgcp_new(l, SIDE_B);
	if (!g)
		return -ENOMEM;
	g->shown = *how->caller;
	CDR_SET(g->called, slice_str(t->number));
	*ret = &g->leg;
	return 0;
}

static int take_kept(struct mgcp_leg *g, const struct kept *k, struct mgcp_line *l)
{
	CDR_SET(g->number, k->number);
	CDR_SET(g->display, k->display);
	CDR_SET(g->called, k->called);
	g->answered = k->answered;
	g->kept = k->kept && !k->confers;
	g->told_kept = k->told_kept;
	return take_theirs(g, k->theirs) ?: mgcp_line_restore_media(l, g, k->media);
}

int leg_mgcp_restore(struct leg **ret, enum side side, const char *target, struct slice record, void *arg)
{
	struct mgcp_line *l = mgcp_lines_find(arg, slice_str(target));
	struct kept k = {0};
	if (pack_read(&k, fields, FIELDS, record))
		return -EBADMSG;
	/* Its line is not there any more, or has somebody else. */
	struct mgcp_leg **place = !l || !l->ep || !record.len ? NULL : k.is_held ? &l->held : &l->leg;
	if (record.len && (!place || *place))
		return -EADDRNOTAVAIL;
	struct mgcp_leg *g = make(side);
	if (!g)
		return -ENOMEM;
	CDR_SET(g->leg.target, slice_str(target));
	if (place) {
		*place = mem_ref(g);
		l->confers |= k.confers;
	}
	int err = place ? take_kept(g, &k, l) : 0;
	if (err) {
		if (place)
			mgcp_line_forget(l, g);
		if (place && l->leg)
			l->kind->restored(l, l->leg); /* of a three-way call, who is left */
		mem_deref(g);
		return err;
	}
	if (place) {
		join(g, l);
		l->added = k.added ? g : l->added;
		l->kind->restored(l, g);
		if (g->kept != g->told_kept)
			timer_start(&g->soon, 0, tell_kept, g);
	}
	*ret = &g->leg;
	return 0;
}
