// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg_sip.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "callagent/abilities.h"
#include "callagent/call.h"
#include "routing/headers.h"
#include "callagent/leg_sip_dress.h"
#include "callagent/leg_sip_news.h"
#include "callagent/leg_sip_transfer.h"
#include "sip/check.h"
#include "sip/replaces.h"
#include <errno.h>

/* Our own timer gives up first and says why; the session's is the safety net. */
#define RING_MARGIN_MS 5000

struct sip_leg {
	struct leg leg;
	struct sip_session *ss;
	char own_host[ADDR_STR_LEN]; /* ours, as this peer sees it */
	char address[64];            /* name of the local address: leg.party points here */
	bool is_user;
	bool untold, disbelieved;    /* of a trunk that is not trusted (RFC 3325): to be told; in what it tells */
	char identity[256];          /* a user's, as headers_way wants it */
	/* outgoing */
	struct sip_stack *stack;
	const struct sip_listener *listener;
	struct target target;
	char *display, *number, *headers;
	bool called; /* we offered it the call */
	struct sip_refer refer;
	struct sip_subscription *refer_dialog; /* of a REFER outside of the call's dialog; NULL */
	uint32_t max_forwards;
	uint64_t ring_ms;
	struct trunk *trunk;        /* this end's; NULL: a user */
	struct header_table *table; /* of the route taken; NULL */
	struct diversions *diversions; /* NULL: nobody has passed the call on */
	enum presentation presentation;
	bool restyled;              /* the number is not as the caller sent it */
};

static struct sip_leg *sip_leg_of(const struct leg *l)
{
	return container_of(l, struct sip_leg, leg);
}

/* --- what the session reports --------------------------------------------------------------------------------------- */

typedef void (*report_fn)(struct leg *l, const struct leg_news *n);

static void report(void *arg, unsigned status, const struct sip_msg *msg, report_fn fn)
{
	struct sip_leg *s = mem_ref(arg);
	struct leg_news n;
	sip_news(&n, status, msg);
	n.from = &s->leg;
	fn(&s->leg, &n);
	mem_deref(s);
}

static void on_trying(void *arg)
{
	struct sip_leg *s = arg;
	call_on_heard(&s->leg);
}

static void on_progress(void *arg, const struct sip_msg *rsp)
{
	struct sip_leg *s = mem_ref(arg);
	struct leg_news n;
	sip_news(&n, rsp->status, rsp);
	n.from = &s->leg;
	n.offers = sip_session_offered(s->ss, rsp);
	call_on_progress(&s->leg, &n);
	mem_deref(s);
}

static void on_answered(void *arg, const struct sip_msg *rsp)
{
	struct sip_leg *s = arg;
	s->leg.hidden = headers_want_privacy(rsp);
	report(arg, rsp->status, rsp, call_on_answered);
}

/* A phone that has changed networks speaks from there: its media may come from there too, once an offer and answer are complete. */
static void heard_from(struct sip_leg *s, const struct sip_msg *msg)
{
	if (msg && msg->src.family == s->leg.party.signalling.family)
		s->leg.party.signalling = msg->src;
}

static void on_offer(void *arg, const struct sip_msg *req)
{
	heard_from(arg, req);
	report(arg, 0, req, call_on_reoffer);
}

static void on_offer_given_up(void *arg)
{
	struct sip_leg *s = mem_ref(arg);
	call_on_reoffer_given_up(&s->leg);
	mem_deref(s);
}

static void on_offer_done(void *arg, unsigned status, const struct sip_msg *msg)
{
	heard_from(arg, msg);
	report(arg, status, msg, call_on_reoffer_done);
}

static void on_refresh(void *arg)
{
	struct sip_leg *s = mem_ref(arg);
	call_on_refresh(&s->leg);
	mem_deref(s);
}

static void on_agreed(void *arg, const struct sip_msg *prack)
{
	report(arg, 0, prack, call_on_agreed);
}

static void on_acked(void *arg, const struct sip_msg *ack)
{
	report(arg, 0, ack, call_on_confirmed);
}

/* RFC 3312 11, RFC 3261 21.4.15: it is called again without preconditions, if that can be. */
static bool called_again(struct sip_leg *s, const struct sip_msg *msg)
{
	struct sip_session *before = s->ss;
	if (!msg || msg->request || msg->status != 420 || !s->leg.origin.conditions || !sip_msg_has_token(msg, SIP_HDR_UNSUPPORTED, SLICE("precondition")))
		return false;
	mem_ref(s);
	s->ss = NULL;
	bool again = call_on_unconditional(&s->leg);
	if (again) {
		sip_session_detach(before);
		mem_deref(before);
	} else {
		s->ss = before;
	}
	mem_deref(s);
	return again;
}

/* A BYE ends normally, a CANCEL is the caller's 487, a response is what it says. */
static void on_closed(void *arg, unsigned status, const struct sip_msg *msg)
{
	if (called_again(arg, msg))
		return;
	if (msg && msg->request)
		status = msg->method == SIP_CANCEL ? 487 : 0;
	else if (msg)
		status = msg->status;
	report(arg, status, msg, call_on_closed);
}

static void on_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_leg *s = mem_ref(arg);
	struct sip_info *info = NULL;
	struct leg_news n;
	switch (req->method) {
	case SIP_INFO:
	case SIP_MESSAGE:
		/* End to end: its outcome is the other side's. */
		sip_news(&n, 0, req);
		info = sip_info_new(st);
		n.reply = info;
		if (!info || !call_on_info(&s->leg, &n))
			sip_reply(st, info ? 480 : 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		mem_deref(info);
		break;
	case SIP_REFER:
		sip_refer_take(&s->refer, &s->leg, (struct sip_refer_way){.ss = s->ss}, st, req);
		break;
	default:
		sip_refuse_method(st);
	}
	mem_deref(s);
}

static void on_changed(void *arg)
{
	struct sip_leg *s = arg;
	call_on_changed(&s->leg);
}

static const struct sip_session_handlers handlers = {
	.trying = on_trying,
	.progress = on_progress,
	.answered = on_answered,
	.offer = on_offer,
	.offer_given_up = on_offer_given_up,
	.offer_done = on_offer_done,
	.refresh = on_refresh,
	.agreed = on_agreed,
	.acked = on_acked,
	.request = on_request,
	.closed = on_closed,
	.changed = on_changed,
};

/* --- verbs ---------------------------------------------------------------------------------------------------------- */

static const struct leg_kind kind_sip;

/* Who speaks to this one. */
static const struct sip_leg *sender(const struct sip_leg *s, const struct leg_news *n)
{
	const struct call *c = s->leg.call;
	const struct leg *l = n->from;
	if (!l && c)
		l = &s->leg != c->a ? c->a : c->winner;
	return l && l->kind == &kind_sip ? sip_leg_of(l) : NULL;
}

/* Header lines for this peer of what the other side's message means. */
static int passed(struct buf *out, const struct sip_leg *s, const struct leg_news *n, const struct dress *dress)
{
	const struct sip_leg *from = sender(s, n);
	struct headers_way way = {
		.host = slice_str(s->own_host),
		.identity = slice_str(from ? from->identity : ""),
		.to_user = s->is_user || s->untold,
		.disbelieved = from && from->disbelieved,
		.table = {s->trunk ? s->trunk->table : NULL, s->table},
	};
	if (dress)
		dress_way(&way, dress);
	if (n->native)
		headers_pass(out, n->native, &way);
	else if (n->who)
		dress_answer(out, n->who, s->trunk, s->own_host, !way.to_user);
	if (n->status == 420)
		buf_str(out, "Unsupported: precondition\r\n");
	return out->err;
}

/* RFC 3312 11: of who is offered mandatory ones. */
static void require_conditions(struct buf *out, struct slice offer)
{
	while (!slice_empty(offer)) {
		struct slice line = slice_line(&offer);
		if (slice_starts(line, SLICE("a=des:")) && slice_search(line, SLICE(" mandatory ")) >= 0) {
			buf_str(out, "Require: precondition\r\n");
			return;
		}
	}
}

/* Several cannot each agree with the caller before the answer (RFC 3262 5). */
static bool rings_alone(const struct leg *l)
{
	const struct leg *o;
	if (l->call)
		list_foreach(o, &l->call->legs, link)
			if (o != l && o->round == l->round)
				return false;
	return true;
}

static bool is_anonymous(const struct sip_msg *invite)
{
	return slice_caseeq(invite->from.uri.host, SLICE("anonymous.invalid")) || slice_caseeq(invite->from.uri.user, SLICE("anonymous"));
}

static int verb_offer(struct leg *l, const struct leg_news *n)
{
	struct sip_leg *s = sip_leg_of(l);
	struct buf headers = buf_growing(), from = buf_growing(), to = buf_growing(), contact = buf_growing();
	struct buf body = buf_growing();
	struct slice display, type = SLICE_NONE;
	const struct sip_leg *caller = sender(s, n);
	bool line = l->call && l->call->a && l->call->a->kind != &kind_sip;
	const struct sip_msg *native = n->native; /* an INVITE, or the REFER that makes us call */
	const struct dress dress = {
		.target = &s->target, .own_host = s->own_host, .number = s->number, .display = s->display, .presentation = s->presentation,
		.restyled = s->restyled, .line = line, .diversions = s->diversions, .invite = native && native->method == SIP_INVITE ? native : NULL,
	};
	abilities_supported(&headers, dress.invite && rings_alone(l) ? dress.invite : NULL, n->sdp.len > 0, l->origin.conditions);
	require_conditions(&headers, n->sdp);
	if (*s->target.path)
		sip_write_hdr(&headers, SIP_HDR_ROUTE, slice_str(s->target.path));
	dress_before(&headers, &dress, line || (caller && !caller->disbelieved));
	passed(&headers, s, n, &dress);
	dress_behind(&headers, &dress);
	buf_slice(&headers, slice_str(s->headers));
	dress_from(&from, &display, &dress);
	dress_to(&to, &dress);
	dress_contact(&contact, &dress);
	int err = headers.err ? headers.err : from.err ? from.err : to.err ? to.err : contact.err;
	if (!err)
		err = sip_news_body(&body, &type, dress.invite, n->sdp);
	struct sip_session_params p = {
		.ruri = slice_str(s->target.uri),
		.dst = s->target.dst,
		.flow = s->target.flow,
		.listener = s->listener,
		.from_display = display,
		.from_uri = buf_text(&from),
		.to_uri = buf_text(&to),
		.contact_user = buf_text(&contact),
		.headers = buf_text(&headers),
		.sdp = type.len ? buf_text(&body) : n->sdp,
		.body_type = type,
		.forwarded = true,
		.max_forwards = s->max_forwards,
		.ring_ms = (uint32_t)(s->ring_ms + RING_MARGIN_MS),
		.login = target_login(&s->target),
	};
	if (!err)
		err = sip_session_connect(&s->ss, s->stack, &p, &handlers, s);
	buf_reset(&headers);
	buf_reset(&from);
	buf_reset(&to);
	buf_reset(&contact);
	buf_reset(&body);
	return err;
}

/* The headers that pass, and the body: our description, with what else the message has (RFC 5621). */
static int passed_whole(struct buf *headers, struct buf *body, const struct sip_leg *s, const struct leg_news *n)
{
	struct slice type = SLICE_NONE;
	int err = s->ss ? passed(headers, s, n, NULL) : -ENOTCONN;
	if (!err)
		err = sip_news_body(body, &type, n->native, n->sdp);
	if (!err && slice_is_set(type))
		sip_write_hdr(headers, SIP_HDR_CONTENT_TYPE, type);
	else if (!err && n->status == 580 && s->leg.origin.conditions)
		err = sip_news_failed(body, n->native, &s->leg.origin);
	else if (!err)
		buf_slice(body, n->sdp);
	return err ? err : headers->err ? headers->err : body->err;
}

/* Runs `call` with them. */
#define WITH_MESSAGE(l, n, call)                                \
	struct sip_leg *s = sip_leg_of(l);                      \
	struct buf headers = buf_growing(), body = buf_growing(); \
	int err = passed_whole(&headers, &body, s, n);          \
	if (!err)                                               \
		err = (call);                                   \
	buf_reset(&headers);                                    \
	buf_reset(&body);                                       \
	return err

static int verb_progress(struct leg *l, const struct leg_news *n)
{
	WITH_MESSAGE(l, n, (require_conditions(&headers, n->offers ? n->sdp : SLICE_NONE),
			    sip_session_progress(s->ss, n->status, sip_reason(n->status), buf_text(&headers), buf_text(&body))));
}

static int verb_answer(struct leg *l, const struct leg_news *n)
{
	WITH_MESSAGE(l, n, sip_session_answer(s->ss, buf_text(&headers), buf_text(&body)));
}

static int verb_reoffer(struct leg *l, const struct leg_news *n)
{
	WITH_MESSAGE(l, n, (require_conditions(&headers, n->sdp), sip_session_offer(s->ss, buf_text(&headers), buf_text(&body))));
}

static int verb_reoffer_reply(struct leg *l, const struct leg_news *n)
{
	WITH_MESSAGE(l, n, sip_session_reply_offer(s->ss, n->status, sip_reason(n->status), buf_text(&headers), buf_text(&body)));
}

static bool verb_withdraw(struct leg *l)
{
	struct sip_leg *s = sip_leg_of(l);
	return s->ss && sip_session_withdraw(s->ss);
}

static int verb_confirm(struct leg *l, struct slice sdp)
{
	struct sip_leg *s = sip_leg_of(l);
	return s->ss ? sip_session_ack(s->ss, sdp) : -ENOTCONN;
}

static int verb_info(struct leg *l, const struct leg_news *n)
{
	struct sip_leg *s = sip_leg_of(l);
	struct buf headers = buf_growing();
	int err = s->ss ? passed(&headers, s, n, NULL) : -ENOTCONN;
	if (!err)
		err = n->digit ? sip_info_digit(s->ss, n->digit, buf_text(&headers)) : sip_info_send(s->ss, n, buf_text(&headers));
	buf_reset(&headers);
	return err;
}

static void verb_transferred(struct leg *l, const struct leg_news *n)
{
	struct sip_leg *s = sip_leg_of(l);
	/* Within its dialog a BYE says it as well. */
	if (s->refer_dialog || l->call->state < CALL_ENDING)
		sip_refer_tell(&s->refer, (struct sip_refer_way){.ss = s->ss, .own = s->refer_dialog}, n->status);
}

static void verb_release(struct leg *l, const struct leg_news *n)
{
	struct sip_leg *s = sip_leg_of(l);
	struct buf headers = buf_growing(), body = buf_growing();
	if (!s->ss) {
		call_on_closed(l, &(struct leg_news){.status = n->status});
		return;
	}
	/* What does not fit into memory is left out: the end must be told. */
	bool whole = !passed_whole(&headers, &body, s, n);
	sip_news_reason(&headers, n);
	whole = whole && !headers.err;
	sip_session_bye(s->ss, n->status >= 300 ? n->status : 0, whole ? buf_text(&headers) : SLICE_NONE, whole ? buf_text(&body) : SLICE_NONE);
	buf_reset(&headers);
	buf_reset(&body);
}

static void verb_describe(const struct leg *l, struct cdr_leg *out)
{
	const struct sip_leg *s = sip_leg_of(l);
	char peer[ADDR_STR_LEN];
	if (s->ss) {
		CDR_SET(out->call_id, sip_session_call_id(s->ss));
		CDR_SET(out->peer, slice_str(addr_str(sip_session_peer(s->ss), peer)));
	} else if (s->stack) {
		CDR_SET(out->peer, slice_str(addr_str(&s->target.dst, peer)));
	}
	if (s->number)
		CDR_SET(out->number, slice_str(s->called ? s->target.number : s->number));
}

/* --- in a store ---------------------------------------------------------------------------------------------------- */

struct kept {
	bool is_user, latch, called_leg, untold, disbelieved, stranger, conditions;
	struct slice own_host, address, identity, number, called;
	struct addr signalling, dst;
	struct sip_refer refer;
	struct slice refer_dialog, session;
};

enum { TAG_REFER_DIALOG = 29, TAG_SESSION = 30 };

#define FIELD(tag, type, member) PACK_FIELD(tag, type, struct kept, member)
static const struct pack_field fields[] = {
	FIELD(1, PACK_BOOL, is_user),      FIELD(2, PACK_BOOL, latch),      FIELD(3, PACK_SLICE, own_host),
	FIELD(4, PACK_SLICE, address),     FIELD(5, PACK_SLICE, identity),  FIELD(6, PACK_SLICE, number),
	FIELD(7, PACK_SLICE, called),      FIELD(8, PACK_BYTES, signalling), FIELD(9, PACK_BYTES, dst),
	FIELD(10, PACK_BOOL, called_leg),  FIELD(11, PACK_BOOL, untold),    FIELD(12, PACK_BOOL, disbelieved),
	FIELD(13, PACK_BYTES, refer),      FIELD(14, PACK_BOOL, stranger),
	FIELD(15, PACK_BOOL, conditions),  FIELD(TAG_REFER_DIALOG, PACK_SLICE, refer_dialog),
	FIELD(TAG_SESSION, PACK_SLICE, session),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void verb_save(const struct leg *l, struct buf *out)
{
	const struct sip_leg *s = sip_leg_of(l);
	struct kept k = {
		.is_user = s->is_user, .called_leg = s->called, .untold = s->untold, .disbelieved = s->disbelieved, .stranger = s->target.stranger,
		.conditions = l->origin.conditions, .latch = l->party.latch, .own_host = slice_str(s->own_host),
		.address = slice_str(s->address), .identity = slice_str(s->identity), .number = slice_str(s->number),
		.called = slice_str(s->target.number), .signalling = l->party.signalling, .dst = s->target.dst,
		.refer = s->refer,
	};
	size_t before = out->len;
	size_t at = pack_begin(out, TAG_SESSION);
	if (s->ss)
		sip_session_save(s->ss, out);
	if (out->len == at)
		out->len = before;
	else
		pack_end(out, at);
	if (s->refer_dialog && s->refer.active) {
		at = pack_begin(out, TAG_REFER_DIALOG);
		sip_subscription_save(s->refer_dialog, out);
		pack_end(out, at);
	}
	if (out->len != before)
		pack_write(out, fields, FIELDS, &k);
}

static const struct leg_kind kind_sip = {
	.name = "sip",
	.conditions = true,
	.offer = verb_offer,
	.progress = verb_progress,
	.answer = verb_answer,
	.confirm = verb_confirm,
	.reoffer = verb_reoffer,
	.withdraw = verb_withdraw,
	.reoffer_reply = verb_reoffer_reply,
	.info = verb_info,
	.transferred = verb_transferred,
	.release = verb_release,
	.describe = verb_describe,
	.save = verb_save,
};

int leg_sip_named(struct leg **ret, const struct sip_stack *stack, const struct sip_replaces *name, bool *early)
{
	void *s;
	int err = sip_session_named(&s, stack, name, &handlers, early);
	if (!err)
		*ret = &((struct sip_leg *)s)->leg;
	return err;
}

/* --- REFER outside of the call's dialog (RFC 5589 4) ------------------------------------------------------------------ */

static void on_refer_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_leg *s = arg;
	if (req->method == SIP_SUBSCRIBE)
		sip_refer_refresh(&s->refer, s->refer_dialog, st, req);
	else
		sip_subscription_reply(s->refer_dialog, st, 405, SLICE("Allow: SUBSCRIBE\r\n"));
}

static const struct sip_subscription_handlers refer_handlers = {.request = on_refer_request};

static void drop_refer_dialog(struct sip_leg *s)
{
	if (s->refer_dialog)
		sip_subscription_detach(s->refer_dialog);
	s->refer_dialog = mem_deref(s->refer_dialog);
}

void leg_sip_refer(struct leg *l, struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_leg *s = mem_ref(sip_leg_of(l));
	struct sip_subscription *own;
	int err = s->refer.active ? -EBUSY : sip_subscription_accept(&own, st, req->ruri.user, &refer_handlers, s);
	if (err) {
		sip_reply(st, err == -EBUSY ? 491 : err == -EBADMSG ? 400 : 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else {
		drop_refer_dialog(s);
		s->refer_dialog = own;
		sip_refer_take(&s->refer, l, (struct sip_refer_way){.own = own}, st, req);
		if (!s->refer.active || s->refer.silent)
			drop_refer_dialog(s);
		call_on_changed(l);
	}
	mem_deref(s);
}

/* --- making --------------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct sip_leg *s = obj;
	if (s->ss)
		sip_session_detach(s->ss);
	mem_deref(s->ss);
	drop_refer_dialog(s);
	mem_deref(s->stack);
	mem_deref(s->trunk);
	mem_deref(s->table);
	mem_free(s->diversions);
	mem_free(s->display);
	mem_free(s->number);
	mem_free(s->headers);
	leg_fini(&s->leg);
}

static int set_address(struct sip_leg *s, const struct sip_listener *l, const struct addr *peer, bool latch)
{
	addr_host_str(sip_listener_seen(l, peer), s->own_host);
	if (slice_copy(slice_str(l->name), s->address, sizeof(s->address)))
		return -ENOSPC;
	s->leg.party = (struct media_party){.address = s->address, .signalling = *peer, .latch = latch};
	return 0;
}

/* What a user may assert is who it has proved to be; `number` is one of its own. */
static int set_identity(struct sip_leg *s, const char *display, const char *number)
{
	struct buf b = buf_fixed(s->identity, sizeof(s->identity));
	s->is_user = true;
	sip_write_display(&b, slice_str(display));
	buf_str(&b, "<sip:");
	sip_uri_escape_user(&b, slice_str(number));
	buf_z(&b);
	return b.err;
}

static int set_caller_identity(struct sip_leg *s, const struct source *from, const struct sip_msg *req)
{
	char number[128];
	if (is_anonymous(req) || sip_uri_user(&req->from.uri, number, sizeof(number)) || !*number)
		return set_identity(s, from->display, *from->user ? from->user : from->name);
	return set_identity(s, from->display, number);
}

static void set_trunk(struct sip_leg *s, struct trunk *t)
{
	if (!t)
		return;
	s->trunk = mem_ref(t);
	s->untold = !t->told;
	s->disbelieved = !t->believed;
	s->leg.codecs = t->codec;
	s->leg.n_codecs = t->n_codecs;
}

int leg_sip_incoming(struct leg **ret, struct sip_strans *st, const struct source *from)
{
	const struct sip_msg *req = sip_strans_request(st);
	struct sip_leg *s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	leg_init(&s->leg, &kind_sip, SIDE_A);
	CDR_SET(s->leg.target, slice_str(from->name));
	s->number = slice_dup(req->from.uri.user);
	s->leg.origin.conditions = abilities_of(req, "precondition");
	s->leg.hidden = is_anonymous(req) || headers_want_privacy(req);
	set_trunk(s, from->trunk);
	int err = set_address(s, sip_strans_listener(st), &req->src, from->latch);
	if (!err && slice_is_set(req->from.uri.user) && !s->number)
		err = -ENOMEM;
	s->disbelieved |= from->unproven;
	if (!err && from->kind == TARGET_USER && !from->unproven)
		err = set_caller_identity(s, from, req);
	if (!err)
		err = sip_session_accept(&s->ss, st, req->ruri.user, &handlers, s);
	if (!err && s->trunk)
		err = sip_session_login(s->ss, &s->trunk->login);
	if (err)
		mem_deref(s);
	else
		*ret = &s->leg;
	return err;
}

struct leg *leg_sip_earlier(const struct sip_strans *st)
{
	struct sip_leg *s = sip_session_earlier(st, &handlers);
	return s ? &s->leg : NULL;
}

int leg_sip_go_on(struct leg *l, struct sip_strans *st)
{
	struct sip_leg *s = sip_leg_of(l);
	struct sip_session *ss, *before = s->ss;
	int err = sip_session_accept(&ss, st, sip_strans_request(st)->ruri.user, &handlers, s);
	if (err)
		return err;
	err = s->trunk ? sip_session_login(ss, &s->trunk->login) : 0;
	if (err) {
		sip_session_detach(ss);
		mem_deref(ss);
		return err;
	}
	s->ss = ss;
	sip_session_detach(before);
	sip_session_bye(before, 484, SLICE_NONE, SLICE_NONE);
	mem_deref(before);
	return 0;
}

/* The caller's number as the called side writes numbers; whether it is another than the caller sent. */
static int set_caller(struct sip_leg *s, const struct leg_call *call)
{
	const struct trunk_numbers *n = s->trunk ? &s->trunk->numbers : NULL;
	char written[sizeof(call->caller->number)];
	int err = n ? number_write(&n->plan, n->out, slice_str(call->caller->number), written, sizeof(written))
		    : slice_copy(slice_str(call->caller->number), written, sizeof(written));
	if (err)
		return err;
	s->presentation = call->caller->presentation;
	s->restyled = s->trunk && (n->caller_out != OUT_FROM || strcmp(written, call->sent ? call->sent : call->caller->number));
	s->display = mem_strdup(call->caller->display);
	s->number = mem_strdup(written);
	if (call->diversions->n) {
		s->diversions = mem_raw(sizeof(*s->diversions));
		if (!s->diversions)
			return -ENOMEM;
		*s->diversions = *call->diversions;
	}
	return s->display && s->number ? 0 : -ENOMEM;
}

int leg_sip_outgoing(struct leg **ret, struct sip_stack *stack, const struct leg_call *call)
{
	const struct target *target = call->target;
	const struct sip_listener *listener = sip_stack_listener(stack, target->address[0] ? target->address : NULL, target->transport, &target->dst);
	if (!listener)
		return -EADDRNOTAVAIL;
	struct sip_leg *s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	leg_init(&s->leg, &kind_sip, SIDE_B);
	CDR_SET(s->leg.target, slice_str(target->name));
	s->stack = mem_ref(stack);
	s->listener = listener;
	s->target = *target;
	set_trunk(s, target->trunk);
	if (target->stranger)
		s->untold = s->disbelieved = true;
	s->table = mem_ref(call->table);
	s->max_forwards = call->max_forwards;
	s->ring_ms = call->ring_ms;
	s->called = true;
	s->headers = slice_dup(call->headers);
	int err = s->headers ? set_caller(s, call) ?: set_address(s, listener, &target->dst, target->latch) : -ENOMEM;
	if (!err && target->kind == TARGET_USER)
		err = set_identity(s, "", target->number);
	if (err)
		mem_deref(s);
	else
		*ret = &s->leg;
	return err;
}

static int take_kept(struct sip_leg *s, const struct kept *k)
{
	s->is_user = k->is_user;
	s->untold = k->untold;
	s->disbelieved = k->disbelieved;
	s->target.stranger = k->stranger;
	s->leg.origin.conditions = k->conditions;
	s->leg.party = (struct media_party){.address = s->address, .signalling = k->signalling, .latch = k->latch};
	s->target.dst = k->dst;
	if (slice_copy(k->own_host, s->own_host, sizeof(s->own_host)) || slice_copy(k->address, s->address, sizeof(s->address)) ||
	    slice_copy(k->identity, s->identity, sizeof(s->identity)) || slice_copy(k->called, s->target.number, sizeof(s->target.number)))
		return -EBADMSG;
	s->number = k->number.len ? slice_dup(k->number) : NULL;
	return k->number.len && !s->number ? -ENOMEM : 0;
}

int leg_sip_restore(struct leg **ret, enum side side, const char *target, struct slice record, void *arg)
{
	static const struct digest_login nobody;
	const struct leg_sip_home *home = arg;
	struct kept k = {0};
	if (pack_read(&k, fields, FIELDS, record))
		return -EBADMSG;
	struct sip_leg *s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	leg_init(&s->leg, &kind_sip, side);
	s->called = k.called_leg || side == SIDE_B;
	if (s->called)
		s->stack = mem_ref(home->stack);
	if (!k.is_user && !k.stranger)
		set_trunk(s, home->trunk(home->arg, target));
	int err = take_kept(s, &k);
	if (!err && k.session.len)
		err = sip_session_restore(&s->ss, home->stack, k.session, s->trunk ? &s->trunk->login : &nobody, &handlers, s);
	/* What it asked for ended with the process that had begun it. */
	s->refer = k.refer;
	if (!err && k.refer_dialog.len && sip_subscription_restore(&s->refer_dialog, home->stack, k.refer_dialog, &refer_handlers, s))
		log_warn(NULL, "who asked %s for a transfer will not be told of it", target);
	if (!err)
		sip_refer_tell(&s->refer, (struct sip_refer_way){.ss = s->ss, .own = s->refer_dialog}, 503);
	if (err)
		mem_deref(s);
	else
		*ret = &s->leg;
	return err;
}
