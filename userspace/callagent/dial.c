// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/dial.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/emergency_call.h"
#include "callagent/leg_isdn.h"
#include "callagent/outcome.h"
#include <errno.h>
#include <sys/random.h>

struct dial {
	struct agent *agent;
	struct plan *plan;
	char by[65];   /* a transfer: who asks for it; empty: a call */
	uint32_t hops; /* Max-Forwards of what is sent */
	bool exempt;   /* an emergency call: no fraud limit */
	bool secure;   /* called by a sips: URI (RFC 3261 26.2.2): nowhere but over TLS */
	char sent[128]; /* the caller's number in From */
	char words[128]; /* of the fraud limit that was met */
	struct buf headers; /* further lines: the place of an emergency call whose caller tells none; whom a transfer replaces */
	struct call *call; /* its; NULL until it has begun */
	/* Of the last attempt: */
	char trunk[65]; /* its name, for a reload makes others; "": none */
	struct addr peer;
	const struct shown *caller;
	const struct diversions *diversions;
	const struct rule *rule;
	struct target *spare; /* further flows of its phones */
	unsigned n_spare;
};

static void destroy(void *obj)
{
	struct dial *d = obj;
	mem_free(d->spare);
	mem_deref(d->plan);
	buf_reset(&d->headers);
}

static uint32_t random_below(uint32_t below)
{
	uint32_t n = 0;
	return below && getrandom(&n, sizeof(n), 0) == sizeof(n) ? n % below : 0;
}

struct plan_params dial_plan_params(struct agent *a, bool dry)
{
	return (struct plan_params){
		.routing = a->routing,
		.trunks = &a->trunks,
		.tel_lines = &a->tel_lines,
		.registrar = a->registrar,
		.lines = &a->calls.lines,
		.calls = &a->calls,
		.random = random_below,
		.dns = a->locator ? sip_locator_dns(a->locator) : NULL,
		.locator = a->locator,
		.stack = a->sip,
		.first_ms = (uint32_t)conf_int(conf_section(a->conf, "sip"), "first-response"),
		.dry = dry,
	};
}

/* --- legs ----------------------------------------------------------------------------------------------------------- */

static int make_sip(struct leg **ret, struct agent *a, const struct leg_call *how)
{
	return leg_sip_outgoing(ret, a->sip, how);
}

/* By what carries the line's calls. */
static const leg_make_fn line_makers[TEL_KINDS] = {[TEL_ISDN] = leg_isdn_outgoing, [TEL_LINE] = leg_mgcp_outgoing};

static int make_line(struct leg **ret, struct agent *a, const struct leg_call *how)
{
	leg_make_fn make = line_makers[how->target->line->kind];
	return make ? make(ret, a, how) : -EOPNOTSUPP;
}

static const leg_make_fn makers[TARGET_KINDS] = {[TARGET_USER] = make_sip, [TARGET_TRUNK] = make_sip, [TARGET_LINE] = make_line};

static int add_leg(struct dial *d, struct call *c, const struct target *target, const struct leg *like)
{
	const struct leg_call how = {
		.target = target,
		.caller = d->caller,
		.sent = *d->by ? NULL : d->sent,
		.diversions = d->diversions,
		.table = d->rule ? d->rule->table : NULL,
		.max_forwards = d->hops,
		.ring_ms = d->agent->calls.ring_ms,
		.headers = buf_text(&d->headers),
	};
	struct leg *l;
	if (d->secure && !sip_transports[target->transport].secure)
		return -EPROTONOSUPPORT;
	int err = makers[target->kind](&l, d->agent, &how);
	if (err)
		return err;
	l->first_ms = like->first_ms;
	l->answer_ms = like->answer_ms;
	l->one_of_many = like->one_of_many;
	l->phone = target->phone;
	err = *d->by ? call_transfer_join(c, l) : call_add_leg(c, l);
	if (err)
		mem_deref(l);
	return err;
}

static int add_legs(struct dial *d, struct call *c, const struct attempt *t)
{
	const struct leg like = {.first_ms = t->first_ms, .answer_ms = t->answer_ms, .one_of_many = t->one_of_many};
	int err = -EADDRNOTAVAIL;
	unsigned added = 0;
	for (unsigned i = 0; i < t->n; i++) {
		int failed = add_leg(d, c, &t->target[i], &like);
		added += !failed;
		err = failed ? failed : err;
	}
	return added ? 0 : err;
}

static struct slice counted(const struct rule *r, char line[RULE_LINE])
{
	return r && r->max_calls ? slice_str(rule_line(r, line)) : SLICE_NONE;
}

/* Its legs; the call is to them from now on. A transfer changes nothing of the call before somebody has come. */
static int add_attempt(struct dial *d, struct call *c, const struct attempt *t)
{
	char route[RULE_LINE];
	int err = 0;
	if (!*d->by) {
		CDR_SET(c->cdr.called_sent, slice_str(t->target[0].number));
		err = call_set_party(c, SIDE_B, slice_str(t->target[0].name)) ?: call_set_route(c, counted(t->rule, route));
	}
	return err ? err : add_legs(d, c, t);
}

/* Without memory for them there are no further flows. */
static void remember(struct dial *d, const struct attempt *t)
{
	CDR_SET(d->trunk, slice_str(t->target[0].trunk ? t->target[0].trunk->name : ""));
	d->peer = t->target[0].dst;
	d->caller = t->caller;
	d->diversions = t->diversions;
	d->rule = t->rule;
	mem_free(d->spare);
	d->spare = t->n_spare ? mem_raw(t->n_spare * sizeof(*d->spare)) : NULL;
	d->n_spare = d->spare ? t->n_spare : 0;
	if (d->spare)
		memcpy(d->spare, t->spare, t->n_spare * sizeof(*d->spare));
}

static bool instead(void *plan, struct call *c, const struct leg *failed)
{
	struct dial *d = plan;
	for (unsigned i = 0; i < d->n_spare; i++) {
		struct target *t = &d->spare[i];
		if (t->phone != failed->phone)
			continue;
		int err = add_leg(d, c, t, failed);
		t->phone = 0;
		if (!err)
			return true;
		log_warn(c->object, "a flow of %s cannot be called: %s", t->name, strerror(-err));
	}
	return false;
}

static void note_outcome(struct dial *d, const struct leg_news *how)
{
	struct trunk *t = trunks_find(&d->agent->trunks, slice_str(d->trunk));
	if (t && how->from && how->from->asked)
		trunk_heard(t, &d->peer, how->from->heard || how->native);
	plan_failed(d->plan, how->status, how->cause);
}

/* Where a phone of ours rings costs nothing. Who asks for a transfer pays for it. */
static bool is_fraud(struct dial *d, struct call *c, const struct attempt *t, struct leg_news *end)
{
	const char *rule, *by = *d->by ? d->by : c->cdr.source;
	for (unsigned i = 0; i < t->n && !d->exempt; i++) {
		if (t->target[i].kind == TARGET_USER || fraud_admits(d->agent->fraud, &c->fraud, by, t->target[i].number, false, &rule))
			continue;
		struct buf words = buf_fixed(d->words, sizeof(d->words));
		buf_printf(&words, "fraud limit %s", rule ? rule : "not to be told: out of memory");
		*end = (struct leg_news){.status = 403, .cause = 21, .words = buf_z(&words)};
		outcome_refused(OUTCOME_LIMIT);
		return true;
	}
	return false;
}

/* Nothing could be sent to any of an attempt's targets. */
static struct leg_news unreachable(int err)
{
	if (err == -EPROTONOSUPPORT)
		return (struct leg_news){.status = 480, .cause = 18, .words = "no secure way to whom was called"};
	return (struct leg_news){.status = err == -ENOMEM ? 500 : 503, .cause = 38, .words = "no address reaches the target"};
}

static int try_next(struct dial *d, struct call *c, struct leg_news *end)
{
	struct leg_news why = {0};
	struct attempt t;
	for (;;) {
		int err = plan_next(d->plan, &t);
		if (t.forwarded)
			call_tell_forwarded(c);
		if (err == -EINPROGRESS)
			return err;
		if (err) {
			end->status = plan_outcome(d->plan, &end->cause, &end->words);
			if (!end->status)
				*end = why;
			if (end->status == 503)
				outcome_refused(OUTCOME_LIMIT);
			return err;
		}
		if (is_fraud(d, c, &t, end))
			return -EACCES;
		remember(d, &t);
		err = add_attempt(d, c, &t);
		if (!err)
			return 0;
		log_warn(c->object, "%s cannot be called: %s", t.target[0].name, strerror(-err));
		plan_failed(d->plan, 503, 0);
		why = unreachable(err);
	}
}

/* DNS has answered: the search goes on where it stood. */
static void on_resume(void *arg)
{
	struct dial *d = mem_ref(arg);
	struct leg_news end = {0};
	if (d->call && d->call->state < CALL_ENDING) {
		struct call *c = mem_ref(d->call);
		int err = try_next(d, c, &end);
		if (err != -EINPROGRESS)
			call_hunted(c, err, &end);
		mem_deref(c);
	}
	mem_deref(d);
}

static int next(void *plan, struct call *c, const struct leg_news *how, struct leg_news *end)
{
	struct dial *d = plan;
	if (how)
		note_outcome(d, how);
	return try_next(d, c, end);
}

/* --- beginning ------------------------------------------------------------------------------------------------------ */

void dial_caller(const struct source *from, const struct sip_msg *req, struct shown *caller)
{
	*caller = (struct shown){0};
	if (from->trunk)
		trunk_caller(&from->trunk->numbers, req, caller->number, sizeof(caller->number));
	else if (sip_uri_user(&req->from.uri, caller->number, sizeof(caller->number)))
		caller->number[0] = '\0';
	CDR_SET(caller->display, slice_str(from->display));
}

int dial_called(const struct source *from, const struct sip_msg *req, const struct sip_uri *uri, char *out, size_t size)
{
	return from->trunk && uri == &req->ruri ? trunk_called(&from->trunk->numbers, req, out, size) : number_of_uri(uri, out, size);
}

/* What the routing says of a request to `uri`, in `req`; `shown`: the caller whom its targets see, NULL: the sender; `d` NULL: it is only looked at. */
static int make_plan(struct plan **ret, struct agent *a, const struct sip_msg *req, const struct sip_uri *uri, const struct source *from,
		     const struct shown *shown, struct dial *d)
{
	char called[128];
	struct shown caller;
	/* RFC 3261 16.5: a number of another domain is none of our users', but may be a route's. */
	bool ours = uri->scheme == SIP_SCHEME_TEL || auth_is_our_host(registrar_auth(a->registrar), req, uri);
	int err = dial_called(from, req, uri, called, sizeof(called));
	if (err)
		return err;
	dial_caller(from, req, &caller);
	struct plan_params p = dial_plan_params(a, !d);
	p.uri = uri;
	p.resume = on_resume;
	p.resume_arg = d;
	const struct query q = {
		.from = from, .called = called, .caller = caller.number, .utc = (int64_t)(clock_utc_ms() / 1000), .req = req,
	};
	return plan_new(ret, &p, &q, ours, shown ? shown : &caller);
}

/* RFC 3261 26.2.2: what is named by a sips: URI is reached over TLS or not at all. */
static unsigned keep_secure(struct target *t, unsigned n)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < n; i++)
		if (sip_transports[t[i].transport].secure)
			t[kept++] = t[i];
	return kept;
}

unsigned dial_targets(struct agent *a, const struct sip_msg *req, const struct sip_uri *uri, const struct source *from, struct target *out, unsigned max,
		      unsigned *status)
{
	struct plan *p = NULL;
	struct attempt t;
	const char *words;
	unsigned n = 0, rank = 0, cause;
	int err = make_plan(&p, a, req, uri, from, NULL, NULL);
	for (; !err && n < max && !(err = plan_next(p, &t)); rank++) {
		for (unsigned i = 0; i < t.n && n < max; i++) {
			if (t.target[i].kind == TARGET_LINE) /* takes calls only */
				continue;
			out[n] = t.target[i];
			out[n].first_ms = t.first_ms;
			out[n].answer_ms = t.answer_ms;
			out[n++].rank = rank;
		}
		plan_failed(p, 503, 0);
	}
	if (uri->scheme == SIP_SCHEME_SIPS)
		n = keep_secure(out, n);
	*status = p ? plan_outcome(p, &cause, &words) : err == -ENOENT ? 404 : err == -ENOSPC ? 484 : 500;
	if (!n && !*status)
		*status = 480; /* there are some, and none of them will do */
	mem_deref(p);
	return n;
}

static int plan_emergency(struct plan **ret, struct agent *a, const struct sip_msg *req, const struct source *from, const struct emergency *e,
			  struct dial *d)
{
	struct plan_params p = dial_plan_params(a, false);
	p.resume = on_resume;
	p.resume_arg = d;
	struct shown caller;
	char called[128];
	if (number_of_uri(&req->ruri, called, sizeof(called)))
		CDR_SET(called, slice_str(e->service));
	dial_caller(from, req, &caller);
	const struct query q = {.from = from, .called = called, .caller = caller.number, .utc = (int64_t)(clock_utc_ms() / 1000), .req = req};
	return plan_new_emergency(ret, &p, &q, &caller, e);
}

/* RFC 6881 SP-22: the site's place, by reference. */
static void put_location(struct buf *out, const struct emergency *e)
{
	const char *uri = e->site ? conf_string(e->site, "location") : "";
	if (*uri)
		buf_printf(out, "Geolocation: <%s>\r\nGeolocation-Routing: yes\r\n", uri);
}

int dial(struct agent *a, struct call *c, const struct sip_msg *req, const struct source *from, const struct emergency *e)
{
	uint32_t hops = req->max_forwards == UINT32_MAX ? (uint32_t)conf_int(conf_section(a->conf, "sip"), "max-forwards") : req->max_forwards;
	struct dial *d = mem_alloc(sizeof(*d), destroy);
	if (!d)
		return -ENOMEM;
	d->agent = a;
	d->hops = hops - 1;
	d->secure = !e && req->ruri.scheme == SIP_SCHEME_SIPS; /* RFC 6881 SP-31: for help also without TLS */
	d->exempt = e != NULL;
	d->headers = buf_growing();
	if (e && !sip_msg_hdr(req, SIP_HDR_GEOLOCATION))
		put_location(&d->headers, e);
	if (sip_uri_user(&req->from.uri, d->sent, sizeof(d->sent)))
		d->sent[0] = '\0';
	int err = e ? plan_emergency(&d->plan, a, req, from, e, d) : make_plan(&d->plan, a, req, &req->ruri, from, NULL, d);
	if (err) {
		mem_deref(d);
		return err;
	}
	d->call = c;
	c->plan = (struct call_plan){.next = next, .instead = instead, .plan = d};
	return 0;
}

int dial_line(struct agent *a, struct call *c, const struct source *from, const char *called, const struct shown *caller, const struct diversions *diversions,
	      const struct emergency *e)
{
	struct dial *d = mem_alloc(sizeof(*d), destroy);
	if (!d)
		return -ENOMEM;
	d->agent = a;
	d->hops = (uint32_t)conf_int(conf_section(a->conf, "sip"), "max-forwards");
	d->exempt = e != NULL;
	d->headers = buf_growing();
	CDR_SET(d->sent, slice_str(caller->number));
	if (e)
		put_location(&d->headers, e);
	struct plan_params p = dial_plan_params(a, false);
	p.resume = on_resume;
	p.resume_arg = d;
	p.diverted = diversions;
	const struct query q = {.from = from, .called = called, .caller = caller->number, .utc = (int64_t)(clock_utc_ms() / 1000)};
	int err = d->headers.err ? d->headers.err : e ? plan_new_emergency(&d->plan, &p, &q, caller, e) : plan_new(&d->plan, &p, &q, true, caller);
	if (err) {
		mem_deref(d);
		return err;
	}
	d->call = c;
	c->plan = (struct call_plan){.next = next, .instead = instead, .plan = d};
	return 0;
}

int dial_transfer(struct call_plan *ret, struct agent *a, struct call *c, const struct source *from, const struct leg_transfer *t, const struct shown *stays)
{
	const struct sip_msg *req = t->native;
	struct dial *d = mem_alloc(sizeof(*d), destroy);
	if (!d)
		return -ENOMEM;
	d->agent = a;
	d->call = c;
	d->headers = buf_growing();
	d->exempt = c->cdr.emergency != 0;
	d->hops = (uint32_t)conf_int(conf_section(a->conf, "sip"), "max-forwards");
	d->secure = t->to->scheme == SIP_SCHEME_SIPS;
	CDR_SET(d->by, slice_str(from->name));
	/* A dialog that is not ours: whoever is called knows it (RFC 5589 7). */
	if (!slice_empty(t->replaces))
		sip_write_hdr(&d->headers, SIP_HDR_REPLACES, t->replaces);
	int err = d->headers.err ? d->headers.err : make_plan(&d->plan, a, req, t->to, from, stays, d);
	if (err)
		mem_deref(d);
	else
		*ret = (struct call_plan){.next = next, .plan = d};
	return err;
}
