// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/plan_priv.h"
#include "callagent/outcome.h"

static void step_destroy(void *obj)
{
	struct plan_step *s = obj;
	list_remove(&s->link);
	mem_free(s->uri);
	mem_deref(s->view);
}

static void destroy(void *obj)
{
	struct plan *p = obj;
	struct plan_step *s;
	list_foreach_safe(s, &p->steps, link)
		mem_deref(s);
	mem_deref(p->asking);
	mem_deref(p->locating);
	mem_deref(p->waiting);
	mem_deref(p->view);
	mem_deref(p->req);
	mem_deref(p->p.routing);
}

/* --- steps ---------------------------------------------------------------------------------------------------------- */

void plan_said(struct plan *p, const char *what, const char *name, bool taken, const char *why)
{
	if (p->p.said)
		p->p.said(p->p.arg, what, name, taken, why);
}

void plan_refused(struct plan *p, unsigned status, unsigned cause, const char *words)
{
	if (p->status && !outcome_better(status, p->status))
		return;
	p->status = status;
	p->cause = cause;
	p->words = words;
}

static struct plan_view *view_new(const struct shown *shown, const struct rule *rule)
{
	struct plan_view *v = mem_alloc(sizeof(*v), NULL);
	if (v)
		*v = (struct plan_view){.shown = *shown, .rule = rule};
	return v;
}

static struct plan_step *step_new(enum dest_kind kind, const char *name, const char *number, struct plan_view *view)
{
	struct plan_step *s = mem_alloc(sizeof(*s), step_destroy);
	if (!s)
		return NULL;
	s->kind = kind;
	CDR_SET(s->name, slice_str(name));
	CDR_SET(s->number, slice_str(number));
	s->view = mem_ref(view);
	return s;
}

struct plan_step *plan_push(struct plan *p, enum dest_kind kind, const char *name, const char *number, struct plan_view *view)
{
	struct plan_step *s = step_new(kind, name, number, view);
	if (s)
		list_prepend(&p->steps, &s->link);
	return s;
}

struct plan_step *plan_append(struct plan *p, enum dest_kind kind, const char *name, const char *number, struct plan_view *view)
{
	struct plan_step *s = step_new(kind, name, number, view);
	if (s)
		list_append(&p->steps, &s->link);
	return s;
}

/* --- looking a number up -------------------------------------------------------------------------------------------- */

static void on_rule(void *arg, const struct rule *r, bool taken, const char *why)
{
	plan_said(arg, "rule", r->name, taken, why);
}

/* The targets of a rule, in front of all else. */
static int take_rule(struct plan *p, const struct rule *r, const char *called)
{
	char number[128];
	struct shown shown = p->shown;
	p->rule = r;
	CDR_SET(p->called, slice_str(called));
	if (rule_is_full(r, p->p.lines)) {
		plan_said(p, "route", r->name, false, "has no free line");
		plan_refused(p, 503, 34, "the route has no free line");
		return 0;
	}
	plan_said(p, "route", r->name, true, "is taken");
	int err = rule_rewrite_called(r, called, number, sizeof(number));
	err = err ? err : rule_rewrite_caller(r, &shown);
	if (err) {
		plan_said(p, "route", r->name, false, "a number cannot be rewritten");
		plan_refused(p, 484, 28, "the number cannot be rewritten");
		return 0;
	}
	struct plan_view *view = view_new(&shown, r);
	for (unsigned i = r->n_dests; view && i--;) {
		const struct dest *d = &r->dest[i];
		struct plan_step *s = plan_push(p, d->kind, d->name, number, view);
		if (!s)
			err = -ENOMEM;
		else if (d->kind == DEST_BLOCK) {
			s->status = d->status;
			s->cause = d->cause;
		}
	}
	mem_deref(view);
	return view ? err : -ENOMEM;
}

static int push_party(struct plan *p, enum dest_kind kind, const char *name, const char *number)
{
	struct plan_view *view = view_new(&p->shown, NULL);
	int err = view && plan_push(p, kind, name, number, view) ? 0 : -ENOMEM;
	p->rule = NULL;
	mem_deref(view);
	return err;
}

/* By its number in the domain that was called; or the one whom the URI called is given to, of one instance only (RFC 5627). */
static const struct user *user_called(const struct plan *p, const struct auth *a, const char *called)
{
	const struct user *u = NULL;
	struct binding b;
	if (!p->req)
		return auth_user_in(a, SLICE_NONE, called);
	if (slice_is_set(gruu_of(&p->uri)) && !strcmp(called, p->called))
		return registrar_lookup(p->p.registrar, &p->uri, &u, &b, 1) == -ENOENT ? NULL : u;
	return auth_user_in(a, p->uri.host, called);
}

int plan_lookup(struct plan *p, const char *called, bool ours)
{
	const struct auth *a = registrar_auth((struct registrar *)(uintptr_t)p->p.registrar);
	struct query q = p->query;
	if (p->lookups++ >= PLAN_LOOKUPS) {
		plan_said(p, "number", called, false, "the routing goes round in circles");
		plan_refused(p, 500, 25, "the routing goes round in circles");
		return -ENOENT;
	}
	q.from = &p->from;
	q.called = called;
	const struct rule *r = routing_find(p->p.routing, &q, NULL, true, p->p.said ? on_rule : NULL, p);
	if (r)
		return take_rule(p, r, called);
	const struct user *u = ours ? user_called(p, a, called) : NULL;
	if (u) {
		plan_said(p, "user", user_name(u), true, "has this number");
		return push_party(p, DEST_USER, user_name(u), called);
	}
	const struct hunt *h = ours ? routing_hunt_by_number(p->p.routing, called) : NULL;
	if (h) {
		plan_said(p, "hunt", h->name, true, "has this number");
		return push_party(p, DEST_HUNT, h->name, called);
	}
	const struct tel_line *l = ours && p->p.tel_lines ? tel_lines_called(p->p.tel_lines, slice_str(called)) : NULL;
	if (l) {
		plan_said(p, "line", l->name, true, "has this number");
		return push_party(p, DEST_LINE, l->name, called);
	}
	r = routing_find(p->p.routing, &q, NULL, false, p->p.said ? on_rule : NULL, p);
	if (r)
		return take_rule(p, r, called);
	plan_said(p, "number", called, false, "leads nowhere");
	plan_refused(p, 404, 1, "the number leads nowhere");
	return 0;
}

/* --- the interface -------------------------------------------------------------------------------------------------- */

static struct plan *make(const struct plan_params *params, const struct query *q, const struct shown *caller)
{
	struct plan *p = mem_alloc(sizeof(*p), destroy);
	if (!p)
		return NULL;
	p->p = *params;
	mem_ref(p->p.routing);
	list_init(&p->steps);
	p->req = mem_ref((void *)(uintptr_t)q->req);
	if (p->req)
		p->uri = params->uri ? *params->uri : p->req->ruri;
	p->from = *q->from;
	p->shown = *caller;
	p->query = *q;
	if (params->diverted)
		p->diversions = *params->diverted;
	CDR_SET(p->called, slice_str(q->called));
	CDR_SET(p->caller, slice_str(q->caller));
	p->query.caller = p->caller;
	return p;
}

int plan_new(struct plan **ret, const struct plan_params *params, const struct query *q, bool ours, const struct shown *caller)
{
	struct plan *p = make(params, q, caller);
	if (!p)
		return -ENOMEM;
	int err = plan_lookup(p, q->called, ours);
	if (err)
		mem_deref(p);
	else
		*ret = p;
	return err;
}

/* RFC 6881 ED-74, SP-20: a number that the answerer can call back, whoever wants to hide. */
static void show_call_back(struct plan *p, const struct emergency *e)
{
	const char *number = e->site ? conf_string(e->site, "call-back") : "";
	p->shown.presentation = PRESENT_ALLOWED;
	if (*number)
		CDR_SET(p->shown.number, slice_str(number));
}

static int push_emergency(struct plan *p, const struct emergency *e)
{
	const char *option = e->kind == EMERGENCY_TEST && e->site && conf_list_count(e->site, "emergency-test-to") ? "emergency-test-to" : "emergency-to";
	struct plan_view *view = view_new(&p->shown, NULL);
	int err = view ? 0 : -ENOMEM;
	for (unsigned i = e->site ? conf_list_count(e->site, option) : 0; !err && i--;) {
		struct dest d;
		if (!config_dest(&d, conf_list_at(e->site, option, i), p->p.routing->conf) &&
		    !plan_push(p, d.kind, d.name, emergency_number(e, p->called), view))
			err = -ENOMEM;
	}
	mem_deref(view);
	return err;
}

int plan_new_emergency(struct plan **ret, const struct plan_params *params, const struct query *q, const struct shown *caller, const struct emergency *e)
{
	struct plan *p = make(params, q, caller);
	if (!p)
		return -ENOMEM;
	p->emergency = e->kind;
	memcpy(p->service, e->service, sizeof(p->service));
	show_call_back(p, e);
	plan_said(p, "emergency", e->site ? conf_title(e->site) : "", e->site != NULL, e->site ? e->service : "no site says where it goes");
	plan_refused(p, 500, 3, "no target for emergency calls");
	int err = push_emergency(p, e);
	if (err)
		mem_deref(p);
	else
		*ret = p;
	return err;
}

/* The rule that matches next, when the one taken says so. */
static int next_rule(struct plan *p)
{
	if (!p->rule || !p->rule->goes_on)
		return -ENOENT;
	char called[sizeof(p->called)];
	struct query q = p->query;
	q.from = &p->from;
	q.called = p->called;
	memcpy(called, p->called, sizeof(called));
	const struct rule *r = routing_find(p->p.routing, &q, p->rule, p->rule->before_users, NULL, NULL);
	p->rule = NULL;
	return r ? take_rule(p, r, called) : -ENOENT;
}

int plan_next(struct plan *p, struct attempt *ret)
{
	int err = 0;
	while (!err) {
		if (list_empty(&p->steps)) {
			err = p->blocked ? -ECONNREFUSED : next_rule(p);
			continue;
		}
		struct plan_step *s = container_of(list_first(&p->steps), struct plan_step, link);
		list_remove(&s->link);
		ret->n = ret->n_spare = 0;
		err = plan_step_take(p, s, ret);
		if (!err) {
			mem_deref(p->view);
			p->view = mem_ref(s->view);
			p->last_kind = s->kind;
			memcpy(p->last_name, s->name, sizeof(p->last_name));
			memcpy(p->last_number, s->number, sizeof(p->last_number));
			p->last_of_many = s->one_of_many;
			p->tried = true;
			ret->one_of_many = s->one_of_many;
			ret->caller = &p->view->shown;
			ret->rule = p->view->rule;
			ret->diversions = &p->diversions;
			mem_deref(s);
			break;
		}
		mem_deref(s);
		err = err == -EAGAIN ? 0 : err;
	}
	ret->forwarded = p->forwarded;
	p->forwarded = false;
	return err;
}

static void drop_steps(struct plan *p)
{
	struct plan_step *s;
	list_foreach_safe(s, &p->steps, link)
		mem_deref(s);
	p->rule = NULL;
}

static bool passed_on(struct plan *p, unsigned status)
{
	const struct auth *a = registrar_auth((struct registrar *)(uintptr_t)p->p.registrar);
	const struct user *u = auth_user(a, p->last_name);
	int when = u ? forward_of_outcome(status) : -1;
	const char *number = when < 0 ? NULL : forward_number(user_conf(u), (enum forward)when);
	return number && !forward_to(p, p->last_name, (enum forward)when, number);
}

void plan_failed(struct plan *p, unsigned status, unsigned cause)
{
	const struct trunk *t = p->last_kind == DEST_TRUNK ? trunks_find(p->p.trunks, slice_str(p->last_name)) : NULL;
	const struct tel_line *l = p->last_kind == DEST_LINE ? tel_lines_find(p->p.tel_lines, slice_str(p->last_name)) : NULL;
	if (p->last_of_many || p->emergency)
		return;
	if (p->last_kind == DEST_USER && passed_on(p, status))
		return;
	/* A 6xx is the called party's word, wherever else it could be reached (RFC 3261 21.6). */
	if (status >= 600 || (t && !trunk_fails_over(t, status, cause)) || (l && !limits_fails_over(&l->limits, status, cause)))
		drop_steps(p);
}

unsigned plan_outcome(const struct plan *p, unsigned *cause, const char **words)
{
	*cause = p->cause;
	*words = p->words;
	return p->tried && !p->blocked ? 0 : p->status;
}
