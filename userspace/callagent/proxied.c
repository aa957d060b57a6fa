// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/proxied.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/random.h"
#include "callagent/agent.h"
#include "callagent/core.h"
#include "callagent/leg_sip_news.h"
#include "callagent/outcome.h"
#include "cdr/cdr.h"
#include <errno.h>

enum { CNT_BEGUN, CNT_ANSWERED, CNT_LIMIT, CNT_EXPIRED, CNT_TOO_LONG, CNT_TAKEN_OVER, CNT_NOW, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_BEGUN] = {"begun", "calls that the proxy was asked to forward, and might"},
	[CNT_ANSWERED] = {"answered", "of these, answered"},
	[CNT_LIMIT] = {"limit", "targets that were not tried because of a limit of a trunk or against fraud"},
	[CNT_EXPIRED] = {"expired", "answered calls not counted any more because their session was not refreshed"},
	[CNT_TOO_LONG] = {"too-long", "answered calls ended because they lasted longer than sip.max-duration, or not counted any more after a day"},
	[CNT_TAKEN_OVER] = {"taken-over", "calls of an earlier process"},
	[CNT_NOW] = {"calls-now", "calls in progress"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("proxied", counter_defs, counts);

enum {
	DIALOGS = 4, /* that one call may have at a time, because several have answered (RFC 3261 13.2.2.4) */
	CAUSE_EXPIRED = 102, /* Q.850: recovery on timer expiry */
	CAUSE_PREEMPTION = 8,
	CAUSE_NORMAL = 16,
	CSEQ_GAP = 1000,
	DAY_MS = 86400000, /* the longest, when there is no limit: its BYE has gone astray */
};

enum proxied_state { PROXIED_RINGING, PROXIED_ANSWERED, PROXIED_OVER };
static const char *const names[] = {[PROXIED_RINGING] = "ringing", [PROXIED_ANSWERED] = "active", [PROXIED_OVER] = "done"};

struct proxied {
	struct agent *agent;
	struct hash_link by_dialog;
	enum proxied_state state;
	bool owned;    /* a request of this process will tell how it ends */
	bool recorded;
	struct line *line[CDR_LEGS]; /* of source and target */
	struct fraud_call fraud;
	struct timer timer;  /* session expiry, or the longest time; while it rings: nobody will say how it ended */
	uint32_t session_s;  /* Session-Expires; 0: there is none */
	uint32_t dialog[DIALOGS]; /* hashes of the called sides' tags */
	unsigned n_dialogs;
	char number[128];    /* that a trunk was sent; empty: none was */
	struct slice call_id, tag;
	struct cdr cdr;
	struct proxy_dialog dialog_held; /* to be ended with; its texts are in `held` */
	char *held;
	char text[];
};

/* --- in the store --------------------------------------------------------------------------------------------------- */

static const struct pack_field fields[] = {
	PACK_FIELD(1, PACK_NUMBER, struct proxied, state),
	PACK_FIELD(2, PACK_NUMBER, struct proxied, session_s),
	PACK_FIELD(3, PACK_BYTES, struct proxied, dialog),
	PACK_FIELD(4, PACK_NUMBER, struct proxied, n_dialogs),
	PACK_FIELD(5, PACK_BOOL, struct proxied, recorded),
	PACK_FIELD(6, PACK_SLICE, struct proxied, call_id),
	PACK_FIELD(7, PACK_SLICE, struct proxied, tag),
	PACK_FIELD(8, PACK_TEXT, struct proxied, number),
	PACK_FIELD(9, PACK_TEXT, struct proxied, cdr.id),
	PACK_FIELD(10, PACK_TEXT, struct proxied, cdr.source),
	PACK_FIELD(11, PACK_TEXT, struct proxied, cdr.target),
	PACK_FIELD(12, PACK_TEXT, struct proxied, cdr.caller),
	PACK_FIELD(13, PACK_TEXT, struct proxied, cdr.called),
	PACK_FIELD(14, PACK_TEXT, struct proxied, cdr.caller_sent),
	PACK_FIELD(15, PACK_TEXT, struct proxied, cdr.called_sent),
	PACK_FIELD(16, PACK_TEXT, struct proxied, cdr.leg[CDR_A].peer),
	PACK_FIELD(17, PACK_TEXT, struct proxied, cdr.leg[CDR_B].peer),
	PACK_FIELD(18, PACK_NUMBER, struct proxied, cdr.setup),
	PACK_FIELD(19, PACK_NUMBER, struct proxied, cdr.progress),
	PACK_FIELD(20, PACK_NUMBER, struct proxied, cdr.answer),
	PACK_FIELD(21, PACK_NUMBER, struct proxied, cdr.status),
	PACK_FIELD(22, PACK_SLICE, struct proxied, dialog_held.from),
	PACK_FIELD(23, PACK_SLICE, struct proxied, dialog_held.to),
	PACK_FIELD(24, PACK_SLICE, struct proxied, dialog_held.contact[PROXY_CALLER]),
	PACK_FIELD(25, PACK_SLICE, struct proxied, dialog_held.contact[PROXY_CALLED]),
	PACK_FIELD(26, PACK_SLICE, struct proxied, dialog_held.routes),
	PACK_FIELD(27, PACK_NUMBER, struct proxied, dialog_held.cseq[PROXY_CALLER]),
	PACK_FIELD(28, PACK_NUMBER, struct proxied, dialog_held.cseq[PROXY_CALLED]),
};
#define N_FIELDS (sizeof fields / sizeof *fields)

static void save(const struct proxied *k)
{
	struct agent *a = k->agent;
	struct buf *record = &a->proxied.record;
	record->len = 0;
	pack_write(record, fields, N_FIELDS, k);
	int err = record->err ? record->err : store_put(a->store, AGENT_STORE_PROXIED, slice_str(k->cdr.id), buf_text(record));
	if (!err)
		return;
	log_warn(NULL, "a proxied call would not be known after a restart: %s", strerror(-err));
	buf_reset(record);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(struct slice call_id, struct slice tag)
{
	return slice_hash(call_id, false) * 31 + slice_hash(tag, false);
}

static void on_fraud(struct fraud_call *fc, const struct leg_news *why);

static void destroy(void *obj)
{
	struct proxied *k = obj;
	mem_free(k->held);
}

static struct slice keep(char **at, struct slice s)
{
	struct slice kept = slice_of(*at, s.len);
	if (s.len)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return kept;
}

/* Without memory for it, it cannot be ended from here. */
static void hold(struct proxied *k, const struct proxy_dialog *d)
{
	char *held = mem_raw(d->from.len + d->to.len + d->contact[PROXY_CALLER].len + d->contact[PROXY_CALLED].len + d->routes.len + 1), *at = held;
	if (!held)
		return;
	const struct proxy_dialog now = {
		.call_id = k->call_id,
		.from = keep(&at, d->from),
		.to = keep(&at, d->to),
		.contact = {keep(&at, d->contact[PROXY_CALLER]), keep(&at, d->contact[PROXY_CALLED])},
		.routes = keep(&at, d->routes),
		.cseq = {d->cseq[PROXY_CALLER], d->cseq[PROXY_CALLED]},
	};
	mem_free(k->held);
	k->held = held;
	k->dialog_held = now;
}

static struct proxied *make(struct agent *a, struct slice call_id, struct slice tag)
{
	struct proxied *k = mem_alloc(sizeof *k + call_id.len + tag.len, destroy);
	if (!k)
		return NULL;
	k->agent = a;
	k->fraud = (struct fraud_call){.setup = &k->cdr.setup, .answered = &k->cdr.answer, .end = on_fraud};
	memcpy(k->text, call_id.p, call_id.len);
	if (tag.len) /* a caller of before RFC 3261 has none */
		memcpy(k->text + call_id.len, tag.p, tag.len);
	k->call_id = slice_of(k->text, call_id.len);
	k->tag = slice_of(k->text + call_id.len, tag.len);
	return k;
}

static void insert(struct proxied *k)
{
	struct agent *a = k->agent;
	hash_insert(&a->proxied.table, &k->by_dialog, hash_of(k->call_id, k->tag));
	counts[CNT_NOW] = a->proxied.table.count;
}

/* Nothing counts it any more. `over` false: it goes on in another process. */
static void let_go(struct proxied *k, bool over)
{
	struct agent *a = k->agent;
	k->state = PROXIED_OVER;
	timer_stop(&k->timer);
	fraud_release(&k->fraud, over);
	line_release(&a->calls.lines, &k->line[CDR_A]);
	line_release(&a->calls.lines, &k->line[CDR_B]);
	hash_remove(&a->proxied.table, &k->by_dialog);
	counts[CNT_NOW] = a->proxied.table.count;
	mem_deref(k);
}

static void end(struct proxied *k, struct slice by, const char *why)
{
	struct agent *a = k->agent;
	k->cdr.end = (int64_t)clock_utc_ms();
	CDR_SET(k->cdr.released_by, by);
	CDR_SET(k->cdr.why, slice_str(why));
	int err = k->recorded ? cdr_end(a->cdr, &k->cdr) : 0;
	if (err)
		log_error(NULL, "the record of a forwarded call was not queued: %s", strerror(-err));
	store_del(a->store, AGENT_STORE_PROXIED, slice_str(k->cdr.id));
	let_go(k, true);
}

static void send_byes(struct proxied *k)
{
	char reason[64];
	struct buf line = buf_fixed(reason, sizeof reason);
	buf_printf(&line, "Reason: Q.850;cause=%u\r\n", (unsigned)k->cdr.cause);
	for (int to_caller = 0; to_caller < 2 && k->dialog_held.to.len; to_caller++) {
		int err = proxy_bye(k->agent->roles.proxy, &k->dialog_held, to_caller, buf_text(&line));
		if (err)
			log_warn(NULL, "no BYE to the %s side of a proxied call: %s", to_caller ? "calling" : "called", strerror(-err));
	}
}

/* It may not last any longer: both sides are told. What only rings goes on ringing, not counted any more, and is ended if it is answered. */
static void hang_up(struct proxied *k, struct slice by, unsigned cause, const char *why)
{
	k->cdr.cause = cause;
	if (k->state == PROXIED_ANSWERED)
		send_byes(k);
	end(k, by, why);
}

static void on_fraud(struct fraud_call *fc, const struct leg_news *why)
{
	hang_up(container_of(fc, struct proxied, fraud), SLICE("tandem"), why->cause, why->words);
}

static void take_line(struct proxied *k, unsigned side, struct slice name)
{
	struct lines *ls = &k->agent->calls.lines;
	line_release(ls, &k->line[side]);
	if (lines_take(&k->line[side], ls, name))
		log_warn(NULL, "a proxied call is not counted: out of memory");
	/* One that calls itself takes one. */
	if (k->line[side] == k->line[!side])
		line_release(ls, &k->line[side]);
}

/* --- its end, if nobody tells --------------------------------------------------------------------------------------- */

static uint64_t longest_left(const struct proxied *k)
{
	uint64_t longest = k->agent->calls.longest_ms ? k->agent->calls.longest_ms : DAY_MS;
	int64_t lasted = (int64_t)clock_utc_ms() - k->cdr.answer;
	return lasted < 0 ? longest : (uint64_t)lasted < longest ? longest - (uint64_t)lasted : 0;
}

static void on_too_long(void *arg)
{
	struct proxied *k = arg;
	counts[CNT_TOO_LONG]++;
	if (k->agent->calls.longest_ms)
		hang_up(k, SLICE("tandem"), CAUSE_EXPIRED, "the longest duration of a call");
	else
		end(k, SLICE("tandem"), "its end was not heard");
}

static void on_expired(void *arg)
{
	counts[CNT_EXPIRED]++;
	end(arg, SLICE("tandem"), "the session was not refreshed");
}

static void on_unheard(void *arg)
{
	end(arg, SLICE("restart"), "the call agent was restarted");
}

static void arm(struct proxied *k)
{
	uint64_t left = longest_left(k), session = k->session_s * UINT64_C(1000);
	if (session && session < left)
		timer_start(&k->timer, session, on_expired, k);
	else
		timer_start(&k->timer, left, on_too_long, k);
}

/* RFC 4028 8.2: what the two have agreed on is in the 2xx; without, there is no session timer any more. */
static void take_session(struct proxied *k, const struct sip_msg *rsp)
{
	struct slice value = sip_msg_value(rsp, SIP_HDR_SESSION_EXPIRES);
	if (slice_u32(slice_trim(slice_cut(&value, ';')), &k->session_s))
		k->session_s = 0;
	arm(k);
}

/* --- its dialogs ---------------------------------------------------------------------------------------------------- */

static int dialog_of(const struct proxied *k, struct slice tag)
{
	uint32_t h = slice_hash(tag, false);
	for (unsigned i = 0; i < k->n_dialogs; i++)
		if (k->dialog[i] == h)
			return (int)i;
	return -1;
}

static bool add_dialog(struct proxied *k, struct slice tag)
{
	if (k->n_dialogs == DIALOGS || dialog_of(k, tag) >= 0)
		return false;
	k->dialog[k->n_dialogs++] = slice_hash(tag, false);
	return true;
}

/* The URI of the only Contact there may be in what makes a dialog (RFC 3261 8.1.1.8, 12.1.1). */
static struct slice contact_of(const struct sip_msg *m)
{
	struct sip_nameaddr n;
	return sip_nameaddr_parse(&n, sip_msg_value(m, SIP_HDR_CONTACT)) || n.star ? SLICE_NONE : n.uri.text;
}

static void put_routes(struct buf *out, const struct sip_msg *rsp)
{
	struct sip_values it = {0};
	struct slice value;
	while (sip_msg_each(rsp, SIP_HDR_RECORD_ROUTE, &it, &value)) {
		if (out->len)
			buf_char(out, ',');
		buf_slice(out, value);
	}
}

static void hold_dialog(struct proxied *k, const struct sip_msg *rsp)
{
	char text[2048];
	struct buf routes = buf_fixed(text, sizeof text);
	put_routes(&routes, rsp);
	const struct proxy_dialog d = {
		.from = sip_msg_value(rsp, SIP_HDR_FROM),
		.to = sip_msg_value(rsp, SIP_HDR_TO),
		.contact = {k->dialog_held.contact[PROXY_CALLER], contact_of(rsp)},
		.routes = buf_text(&routes),
		.cseq = {rsp->cseq.number, 0},
	};
	if (!routes.err)
		hold(k, &d);
}

static void answered(struct proxied *k, const struct sip_msg *rsp)
{
	hold_dialog(k, rsp);
	k->state = PROXIED_ANSWERED;
	k->cdr.answer = (int64_t)clock_utc_ms();
	k->cdr.status = rsp->status;
	counts[CNT_ANSWERED]++;
	add_dialog(k, rsp->to.tag);
	take_session(k, rsp);
	save(k);
}

static void refreshed(struct proxied *k, const struct sip_msg *rsp, bool by_caller)
{
	uint32_t before = k->session_s;
	bool more = by_caller && rsp->cseq.method == SIP_INVITE && add_dialog(k, rsp->to.tag);
	take_session(k, rsp);
	if (more || k->session_s != before)
		save(k);
}

static void hung_up(struct proxied *k, struct slice far_tag, bool by_caller)
{
	int i = dialog_of(k, far_tag);
	if (i < 0)
		return;
	k->dialog[i] = k->dialog[--k->n_dialogs];
	if (k->n_dialogs)
		save(k);
	else
		end(k, by_caller ? SLICE("caller") : SLICE("called"), "forwarded by the proxy");
}

static struct proxied *find(const struct agent *a, struct slice call_id, struct slice tag, struct slice far_tag)
{
	struct proxied *k, *found = NULL;
	uint32_t h = hash_of(call_id, tag);
	hash_foreach_match(k, &a->proxied.table, h, by_dialog)
		if (slice_eq(k->call_id, call_id) && slice_eq(k->tag, tag) && (!found || dialog_of(k, far_tag) >= 0))
			found = k;
	return found;
}

/* --- what the proxy tells ------------------------------------------------------------------------------------------- */

static struct proxied *make_new(struct agent *a, const struct sip_msg *req)
{
	struct proxied *k = make(a, req->call_id, req->from.tag);
	char peer[ADDR_STR_LEN];
	if (!k)
		return NULL;
	if (random_id(k->cdr.id, sizeof k->cdr.id))
		return mem_deref(k);
	CDR_SET(k->cdr.linked, slice_str(k->cdr.id));
	hold(k, &(struct proxy_dialog){.contact = {contact_of(req)}});
	k->owned = true;
	k->recorded = a->roles.recorded;
	k->cdr.setup = (int64_t)clock_utc_ms();
	core_fill_record(&k->cdr, req, &a->roles.from);
	CDR_SET(k->cdr.leg[CDR_A].call_id, req->call_id);
	CDR_SET(k->cdr.leg[CDR_A].peer, slice_str(addr_str(&req->src, peer)));
	return k;
}

static bool begin(void *arg, struct sip_strans *st, const struct sip_msg *req, void **call)
{
	struct agent *a = arg;
	struct proxied *k = find(a, req->call_id, req->from.tag, SLICE_NONE);
	if (k && k->state == PROXIED_RINGING && !k->owned) { /* repeated, after a restart */
		k->owned = true;
		timer_stop(&k->timer);
		*call = mem_ref(k);
		return true;
	}
	if (core_refuses(a, st, req, &a->roles.from))
		return false;
	k = make_new(a, req);
	if (!k) {
		sip_reply_once(st, 500, NULL, SLICE_NONE);
		return false;
	}
	counts[CNT_BEGUN]++;
	insert(k);
	take_line(k, CDR_A, slice_str(k->cdr.source));
	save(k);
	*call = mem_ref(k);
	return true;
}

/* What keeps a call from a trunk: the status for it, or 0. */
static unsigned trunk_refuses(struct proxied *k, struct trunk *t)
{
	struct agent *a = k->agent;
	unsigned cause;
	const char *rule, *why = t ? trunk_refusal(t, &a->calls.lines, &cause) : "";
	if (why)
		return 503;
	if (!fraud_admits(a->fraud, &k->fraud, k->cdr.source, k->number, false, &rule))
		return 403;
	trunk_admit(t);
	return 0;
}

static unsigned try(void *arg, void *call, const struct proxy_target *t)
{
	struct proxied *k = call;
	struct agent *a = arg;
	unsigned status = 0;
	if (k->state == PROXIED_OVER)
		return 487;
	line_release(&a->calls.lines, &k->line[CDR_B]);
	if (t->number.len) {
		CDR_SET(k->number, t->number);
		status = trunk_refuses(k, trunks_find(&a->trunks, t->name));
	}
	if (status) {
		counts[CNT_LIMIT]++;
		outcome_refused(OUTCOME_LIMIT);
		return status;
	}
	CDR_SET(k->cdr.target, t->name);
	take_line(k, CDR_B, t->name);
	return 0;
}

static bool failed(void *arg, void *call, const struct proxy_target *t, unsigned status, const struct sip_msg *rsp)
{
	struct agent *a = arg;
	struct trunk *trunk = t->number.len ? trunks_find(&a->trunks, t->name) : NULL;
	struct leg_news n = {0};
	if (!trunk)
		return true;
	if (rsp)
		sip_news(&n, status, rsp);
	trunk_heard(trunk, &t->hop.peer, rsp != NULL);
	return trunk_fails_over(trunk, status, n.cause);
}

static void take_outcome(struct proxied *k, const struct proxy_outcome *o)
{
	char peer[ADDR_STR_LEN];
	k->cdr.progress = (int64_t)o->rang;
	k->cdr.status = o->status;
	CDR_SET(k->cdr.called_sent, o->to);
	CDR_SET(k->cdr.leg[CDR_B].call_id, o->name.len ? k->call_id : SLICE_NONE);
	if (addr_is_set(&o->peer))
		CDR_SET(k->cdr.leg[CDR_B].peer, slice_str(addr_str(&o->peer, peer)));
	if (o->status >= 300)
		k->cdr.cause = outcome_cause(o->status);
	if (o->name.len && !slice_eq(o->name, slice_str(k->cdr.target))) {
		CDR_SET(k->cdr.target, o->name);
		take_line(k, CDR_B, o->name);
	}
}

static void done(void *arg, void *call, const struct proxy_outcome *o)
{
	struct proxied *k = call;
	struct agent *a = arg;
	if (k && k->state == PROXIED_OVER && o->rsp && a->roles.record_route) {
		hold_dialog(k, o->rsp);
		send_byes(k);
	}
	if (!k || k->state != PROXIED_RINGING)
		return;
	take_outcome(k, o);
	if (o->rsp && a->roles.record_route) {
		answered(k, o->rsp);
		return;
	}
	k->cdr.answer = (int64_t)o->answered;
	end(k, o->cancelled ? SLICE("caller") : o->status >= 300 ? SLICE("called") : SLICE(""), "forwarded by the proxy");
}

static void refused_at_last(struct proxied *k, unsigned status)
{
	k->cdr.status = status;
	k->cdr.cause = outcome_cause(status);
	end(k, status == 487 ? SLICE("caller") : SLICE("called"), "forwarded by the proxy");
}

static void on_ringing(struct proxied *k, const struct sip_msg *m, unsigned status)
{
	if (k->owned || m->cseq.method != SIP_INVITE)
		return;
	if (status < 300)
		answered(k, m);
	else
		refused_at_last(k, status);
}

static void on_answered(struct proxied *k, const struct sip_msg *m, unsigned status, bool by_caller)
{
	bool changes = m->cseq.method == SIP_INVITE || m->cseq.method == SIP_UPDATE;
	uint32_t *last = &k->dialog_held.cseq[by_caller ? PROXY_CALLER : PROXY_CALLED];
	*last = m->cseq.number > *last ? m->cseq.number : *last;
	if (m->cseq.method == SIP_BYE && status != 401 && status != 407)
		hung_up(k, by_caller ? m->to.tag : m->from.tag, by_caller);
	else if (changes && status < 300 && !m->request)
		refreshed(k, m, by_caller);
}

static void within(void *arg, const struct sip_msg *m, unsigned status)
{
	const struct agent *a = arg;
	struct proxied *k = find(a, m->call_id, m->from.tag, m->to.tag);
	bool by_caller = k;
	if (!k)
		k = find(a, m->call_id, m->to.tag, m->from.tag);
	if (k && k->state == PROXIED_RINGING)
		on_ringing(k, m, status);
	else if (k)
		on_answered(k, m, status, by_caller);
}

const struct proxy_calls proxied_told = {.begin = begin, .try = try, .failed = failed, .done = done, .within = within};

/* --- across a restart ----------------------------------------------------------------------------------------------- */

static int read_record(struct agent *a, struct slice record, struct proxied **ret)
{
	struct proxied was = {0};
	if (pack_read(&was, fields, N_FIELDS, record) || was.state >= PROXIED_OVER || was.n_dialogs > DIALOGS || !*was.cdr.id || !was.call_id.len)
		return -EBADMSG;
	struct proxied *k = make(a, was.call_id, was.tag);
	if (!k)
		return -ENOMEM;
	k->state = was.state;
	k->recorded = was.recorded;
	k->session_s = was.session_s;
	k->n_dialogs = was.n_dialogs;
	memcpy(k->dialog, was.dialog, sizeof k->dialog);
	memcpy(k->number, was.number, sizeof k->number);
	/* There may have been more requests since it was written. */
	was.dialog_held.cseq[PROXY_CALLER] += CSEQ_GAP;
	was.dialog_held.cseq[PROXY_CALLED] += CSEQ_GAP;
	hold(k, &was.dialog_held);
	k->cdr = was.cdr;
	CDR_SET(k->cdr.linked, slice_str(k->cdr.id));
	CDR_SET(k->cdr.leg[CDR_A].call_id, k->call_id);
	CDR_SET(k->cdr.leg[CDR_B].call_id, *k->cdr.target ? k->call_id : SLICE_NONE);
	*ret = k;
	return 0;
}

static void go_on(struct proxied *k)
{
	const char *rule;
	insert(k);
	take_line(k, CDR_A, slice_str(k->cdr.source));
	take_line(k, CDR_B, slice_str(k->cdr.target));
	if (*k->number)
		fraud_admits(k->agent->fraud, &k->fraud, k->cdr.source, k->number, true, &rule);
	/* What rings goes on without a transaction: its answer passes here, or none comes. */
	if (k->state == PROXIED_RINGING)
		timer_start(&k->timer, k->agent->calls.ring_ms, on_unheard, k);
	else
		arm(k);
	counts[CNT_TAKEN_OVER]++;
}

static int each(struct slice key, struct slice value, void *arg)
{
	struct agent *a = arg;
	struct proxied *k;
	int err = read_record(a, value, &k);
	if (!err) {
		go_on(k);
		return 0;
	}
	log_error(NULL, "proxied call " SLICE_FMT " is not taken over: %s", SLICE_ARG(key), strerror(-err));
	return store_del(a->store, AGENT_STORE_PROXIED, key);
}

int proxied_init(struct agent *a)
{
	counter_register(&counters);
	return hash_init(&a->proxied.table, 256);
}

int proxied_restore(struct agent *a)
{
	return store_load(a->store, AGENT_STORE_PROXIED, each, a);
}

void proxied_close(struct agent *a)
{
	struct proxied *k;
	hash_foreach(k, &a->proxied.table, by_dialog)
		let_go(k, false);
	hash_free(&a->proxied.table);
	buf_reset(&a->proxied.record);
}

/* --- ended from here ------------------------------------------------------------------------------------------------ */

void proxied_end_all(struct agent *a, const char *why)
{
	struct proxied *k;
	hash_foreach(k, &a->proxied.table, by_dialog)
		hang_up(k, SLICE("tandem"), CAUSE_NORMAL, why);
}

bool proxied_hang_up(struct agent *a, struct slice id)
{
	struct proxied *k;
	hash_foreach(k, &a->proxied.table, by_dialog)
		if (slice_caseeq(slice_str(k->cdr.id), id)) {
			hang_up(k, SLICE("operator"), CAUSE_NORMAL, "ended by the operator");
			return true;
		}
	return false;
}

bool proxied_preempt(struct agent *a, const char *trunk)
{
	struct proxied *k, *newest = NULL;
	hash_foreach(k, &a->proxied.table, by_dialog)
		if (k->state == PROXIED_ANSWERED && (!strcmp(k->cdr.source, trunk) || !strcmp(k->cdr.target, trunk)) && (!newest || k->cdr.setup >= newest->cdr.setup))
			newest = k;
	if (newest)
		hang_up(newest, SLICE("tandem"), CAUSE_PREEMPTION, "released for an emergency call");
	return newest != NULL;
}

/* --- operators ------------------------------------------------------------------------------------------------------ */

static json_t *json_of(const struct proxied *k)
{
	const struct cdr *r = &k->cdr;
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "id", r->id, "state", names[k->state], "from", r->caller, "to",
			 r->called, "source", r->source, "target", r->target, "setup", (json_int_t)r->setup, "answer",
			 r->answer ? json_integer(r->answer) : json_null(), "duration_ms",
			 r->answer ? (json_int_t)clock_utc_ms() - r->answer : 0, "codec", "", "emergency", 0, "a", r->leg[CDR_A].peer, "b", r->leg[CDR_B].peer, "a_call_id",
			 r->leg[CDR_A].call_id, "b_call_id", r->leg[CDR_A].call_id, "a_state", "proxied", "b_state", "proxied");
}

void proxied_list(const struct agent *a, json_t *rows)
{
	const struct proxied *k;
	hash_foreach(k, &a->proxied.table, by_dialog)
		json_array_append_new(rows, json_of(k));
}
