// SPDX-License-Identifier: GPL-3.0-or-later
/* What a step of a plan comes to, by its kind. */
#include "callagent/call.h"
#include "callagent/callbacks.h"
#include "callagent/plan_priv.h"
#include "registrar/bulk.h"
#include "routing/trunk_register.h"
#include "sip/forward.h"

/* --- users ---------------------------------------------------------------------------------------------------------- */

/* All of the user's, or those of the instance that was called (RFC 5627 6.1). */
static unsigned contacts_of(const struct plan *p, const struct user *u, struct binding *b, unsigned max)
{
	const struct user *whose = NULL;
	if (p->req && slice_is_set(gruu_of(&p->uri))) {
		int n = registrar_lookup(p->p.registrar, &p->uri, &whose, b, max);
		if (whose == u)
			return n > 0 ? (unsigned)n : 0;
	}
	return registrar_contacts(p->p.registrar, user_name(u), b, max);
}

/* Whether it can be sent to without a new connection. */
static bool is_open(const struct plan *p, const struct binding *b)
{
	if (!sip_transports[b->transport].reliable || !p->p.stack)
		return true;
	const struct sip_flow f = {sip_stack_listener(p->p.stack, b->listener && *b->listener ? b->listener : NULL, b->transport, &b->source), b->source, true};
	return f.listener && sip_flow_is_open(&f);
}

/* RFC 5626 7: what was promised to go over that connection alone cannot go any more. Over TLS and WebSocket the phone may be about to return, since they
 * end with this process. */
static bool is_gone(const struct binding *b, bool open)
{
	return b->outbound && b->transport == SIP_TCP && !open;
}

/* A phone that has ended its connection and has said that it listens where it is, is connected to there (RFC 3261 18.1.1). */
static void set_place(struct target *t, const struct binding *b, bool open)
{
	struct sip_uri uri;
	struct addr listens;
	t->dst = b->source;
	t->flow = true;
	if (open || b->outbound || b->transport != SIP_TCP || sip_uri_parse(&uri, b->uri) || sip_uri_addr(&uri, &listens) || !addr_ip_eq(&listens, &b->source))
		return;
	t->dst = listens;
	t->flow = false;
}

/* False: its texts are too long. */
static bool set_phone(struct target *t, const struct user *u, const struct binding *b, const char *number, bool open)
{
	*t = (struct target){.kind = TARGET_USER, .transport = b->transport, .latch = conf_bool(user_conf(u), "latch")};
	if (bulk_request_uri(b->uri, number, t->uri, sizeof(t->uri)) || slice_copy(b->path, t->path, sizeof(t->path)))
		return false;
	set_place(t, b, open);
	CDR_SET(t->name, slice_str(user_name(u)));
	CDR_SET(t->number, slice_str(number));
	CDR_SET(t->address, slice_str(b->listener ? b->listener : conf_string(user_conf(u), "address")));
	return true;
}

static bool is_same_phone(const struct binding *a, const struct binding *b)
{
	return a->reg_id && b->reg_id && slice_eq(a->instance, b->instance);
}

/* RFC 5626 7: of several flows of a phone one at a time, the latest that is open first. */
static unsigned add_phones(struct plan *p, const struct user *u, const char *number, struct attempt *a)
{
	struct binding b[PLAN_TARGETS];
	const struct binding *whose[PLAN_TARGETS];
	unsigned first = a->n, n = contacts_of(p, u, b, PLAN_TARGETS - a->n), k;
	for (int open = 1; open >= 0; open--)
		for (unsigned i = 0; i < n; i++) {
			if (is_open(p, &b[i]) != open || is_gone(&b[i], open))
				continue;
			for (k = first; k < a->n && !is_same_phone(whose[k], &b[i]); k++)
				;
			if (k < a->n && a->n_spare < PLAN_FLOWS && set_phone(&a->spare[a->n_spare], u, &b[i], number, open)) {
				a->target[k].phone = a->spare[a->n_spare++].phone = k + 1;
			} else if (k == a->n && set_phone(&a->target[k], u, &b[i], number, open)) {
				whose[k] = &b[i];
				a->n++;
			}
		}
	return a->n - first;
}

static int refuse(struct plan *p, const char *what, const char *name, unsigned status, unsigned cause, const char *words)
{
	plan_said(p, what, name, false, words);
	plan_refused(p, status, cause, words);
	return -EAGAIN;
}

/* Whether the user passes the call on at once; the lookup has then been made. */
static bool is_passed_on(struct plan *p, const struct plan_step *s, const struct user *u, enum forward when)
{
	const char *number = s->one_of_many ? NULL : forward_number(user_conf(u), when);
	return number && !forward_to(p, user_name(u), when, number);
}

/* A call back after an emergency call: from whoever heard of that; or as RFC 7090 says it, which is believed of those who take such calls. */
static bool calls_back(const struct plan *p, const struct user *u)
{
	if (p->from.kind == TARGET_USER)
		return false;
	if (p->p.calls && p->p.calls->callbacks && callbacks_expected(p->p.calls->callbacks, user_name(u), p->from.name))
		return true;
	const struct sip_hdr *priority = p->req ? sip_msg_hdr(p->req, SIP_HDR_PRIORITY) : NULL;
	return priority && slice_caseeq(priority->value, SLICE("psap-callback")) && emergency_takes(p->p.routing->conf, p->from.name);
}

static int take_user(struct plan *p, struct plan_step *s, struct attempt *a)
{
	const struct user *u = auth_user(registrar_auth((struct registrar *)(uintptr_t)p->p.registrar), s->name);
	if (!u)
		return refuse(p, "user", s->name, 404, 1, "there is no such user any more");
	bool back = calls_back(p, u);
	if (!back && p->p.calls && emergency_engages(p->p.calls, user_name(u), p->from.name))
		return refuse(p, "user", s->name, 486, 17, "the user is in an emergency call");
	s->one_of_many |= back; /* RFC 6881 SP-40: it rings, or not, and passes nothing on */
	if (is_passed_on(p, s, u, FORWARD_ALL))
		return -EAGAIN;
	if (!add_phones(p, u, s->number, a)) {
		if (is_passed_on(p, s, u, FORWARD_UNREACHABLE))
			return -EAGAIN;
		return refuse(p, "user", s->name, 480, 20, "the user is not registered");
	}
	plan_said(p, "user", s->name, true, "rings");
	a->first_ms = p->p.first_ms;
	a->answer_ms = s->answer_ms;
	if (!a->answer_ms && !s->one_of_many && forward_number(user_conf(u), FORWARD_NO_ANSWER))
		a->answer_ms = (uint32_t)conf_int(user_conf(u), "no-answer-time");
	return 0;
}

/* --- trunks --------------------------------------------------------------------------------------------------------- */

static int trunk_target(const struct trunk *t, const struct trunk_peer *peer, const char *number, struct target *out)
{
	const struct trunk_numbers *n = &t->numbers;
	const char *domain = conf_string(t->conf, "domain"), *from = conf_string(t->conf, "from-domain");
	char text[ADDR_STR_LEN], host[300];
	*out = (struct target){.kind = TARGET_TRUNK, .dst = peer->addr, .transport = peer->transport, .latch = conf_bool(t->conf, "latch"),
			       .untold = !t->told, .trunk = (struct trunk *)(uintptr_t)t};
	struct buf uri = buf_fixed(out->uri, sizeof(out->uri));
	struct buf at = buf_fixed(host, sizeof(host));
	buf_str(&at, *domain ? domain : addr_str(&peer->addr, text));
	buf_str(&at, sip_transports[peer->transport].param);
	if (number_write(&n->plan, n->out, slice_str(number), out->number, sizeof(out->number)))
		return -ENOSPC;
	number_uri(&uri, n->uri, &n->plan, slice_str(out->number), buf_text(&at));
	buf_z(&uri);
	if (t->registration)
		CDR_SET(out->path, slice_str(trunk_register_route(t->registration)));
	CDR_SET(out->name, slice_str(t->name));
	CDR_SET(out->address, slice_str(conf_string(t->conf, "address")));
	CDR_SET(out->domain, slice_str(*from ? from : domain));
	CDR_SET(out->auth_user, t->login.user);
	CDR_SET(out->auth_realm, t->login.realm);
	CDR_SET(out->password, t->login.password);
	return uri.err;
}

/* The further peers of a trunk are tried before anything else. */
static int push_peers(struct plan *p, const struct plan_step *s, const struct trunk *t, const unsigned *order, unsigned n)
{
	for (unsigned i = n; i-- > 1;) {
		struct plan_step *more = plan_push(p, DEST_TRUNK, s->name, s->number, s->view);
		if (!more)
			return -ENOMEM;
		more->one_peer = true;
		more->peer = t->peer[order[i]];
		more->answer_ms = s->answer_ms;
		more->one_of_many = s->one_of_many;
	}
	return 0;
}

static uint32_t own_or(uint32_t rules, int64_t own, uint32_t dflt)
{
	return rules != UINT32_MAX ? rules : own ? (uint32_t)own : dflt;
}

/* Nothing but a peer that is down keeps an emergency call from a trunk, and that one is tried at last. 0: it may go on. */
static int admit_emergency(struct plan *p, struct plan_step *s, const struct trunk *t, unsigned cause)
{
	if (cause == TRUNK_NO_LINE && !p->p.dry && p->p.calls)
		emergency_preempt(p->p.calls, t->name);
	if (!trunk_unreachable(t) || s->last_resort)
		return 0;
	struct plan_step *later = plan_append(p, DEST_TRUNK, s->name, s->number, s->view);
	if (later)
		later->last_resort = true;
	return later ? -EAGAIN : -ENOMEM;
}

/* RFC 6881 SP-31: when TLS fails, without it. */
static int push_without_tls(struct plan *p, const struct plan_step *s, const struct trunk_peer *peer)
{
	static const enum sip_transport others[] = {SIP_UDP, SIP_TCP};
	if (!sip_transports[peer->transport].secure)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		struct plan_step *k = plan_push(p, DEST_TRUNK, s->name, s->number, s->view);
		if (!k)
			return -ENOMEM;
		k->one_peer = k->last_resort = true;
		k->peer = *peer;
		k->peer.transport = others[i];
		k->peer.addr.port = sip_transports[others[i]].port;
	}
	return 0;
}

static int take_trunk(struct plan *p, struct plan_step *s, struct attempt *a)
{
	struct trunk *t = trunks_find(p->p.trunks, slice_str(s->name));
	unsigned order[TRUNK_PEERS], cause;
	if (!t)
		return refuse(p, "trunk", s->name, 503, 38, "there is no such trunk any more");
	const char *why = trunk_refusal(t, p->p.lines, &cause);
	if (why && p->emergency) {
		int err = admit_emergency(p, s, t, cause);
		if (err)
			return err;
		why = NULL;
	}
	if (why)
		return refuse(p, "trunk", s->name, 503, cause, why);
	struct trunk_peer peer = s->peer;
	if (!s->one_peer) {
		unsigned n = trunk_order(t, order);
		if (!n && !t->n_peers)
			return refuse(p, "trunk", s->name, 503, 38, "its addresses are not known");
		if (!n)
			order[0] = 0;
		peer = t->peer[order[0]];
		if (push_peers(p, s, t, order, n))
			return -ENOMEM;
	}
	if (p->emergency && push_without_tls(p, s, &peer))
		return -ENOMEM;
	bool urn = p->emergency && conf_bool(t->conf, "emergency-urn");
	if (trunk_target(t, &peer, urn ? p->service : s->number, &a->target[0]))
		return refuse(p, "trunk", s->name, 484, 28, "the number is too long");
	if (urn)
		CDR_SET(a->target[0].uri, slice_str(p->service));
	if (!p->p.dry)
		trunk_admit(t);
	plan_said(p, "trunk", s->name, true, a->target[0].uri);
	const struct rule *r = s->view->rule;
	a->n = 1;
	a->first_ms = own_or(r ? r->first_ms : UINT32_MAX, conf_int(t->conf, "first-response"), p->p.first_ms);
	a->answer_ms = s->answer_ms ? s->answer_ms : own_or(r ? r->answer_ms : UINT32_MAX, conf_int(t->conf, "answer-time"), 0);
	return 0;
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

static int take_line(struct plan *p, struct plan_step *s, struct attempt *a)
{
	struct tel_line *l = tel_lines_find(p->p.tel_lines, slice_str(s->name));
	struct target *t = &a->target[0];
	unsigned cause;
	if (!l)
		return refuse(p, "line", s->name, 503, TRUNK_DOWN, "there is no such line any more");
	const char *why = tel_line_refusal(l, p->p.lines, &cause);
	/* As with trunks, only what is down keeps an emergency call away: not that it is drained, or full. */
	if (why && p->emergency && cause == TRUNK_NO_LINE && !p->p.dry && p->p.calls)
		emergency_preempt(p->p.calls, l->name);
	if (why && (!p->emergency || *l->down))
		return refuse(p, "line", s->name, 503, cause, why);
	*t = (struct target){.kind = TARGET_LINE, .line = l};
	CDR_SET(t->name, slice_str(l->name));
	CDR_SET(t->address, slice_str(conf_string(l->conf, "address")));
	struct buf uri = buf_fixed(t->uri, sizeof(t->uri));
	buf_printf(&uri, "%s:%s", tel_kind_name(l->kind), s->number);
	buf_z(&uri);
	if (number_write(&l->numbers.plan, l->numbers.out, slice_str(s->number), t->number, sizeof(t->number)))
		return refuse(p, "line", s->name, 484, 28, "the number is too long");
	CDR_SET(t->called, slice_str(s->number));
	if (!p->p.dry)
		limits_admit(&l->limits);
	plan_said(p, "line", s->name, true, t->uri);
	const struct rule *r = s->view->rule;
	a->n = 1;
	a->answer_ms = s->answer_ms ? s->answer_ms : own_or(r ? r->answer_ms : UINT32_MAX, conf_int(l->conf, "answer-time"), 0);
	return 0;
}

static enum dest_kind member_kind(const struct plan *p, const char *name)
{
	return tel_lines_find(p->p.tel_lines, slice_str(name)) ? DEST_LINE : DEST_TRUNK;
}

static int take_group(struct plan *p, struct plan_step *s, struct attempt *a)
{
	struct group *g = routing_group(p->p.routing, s->name);
	unsigned order[GROUP_MEMBERS];
	plan_said(p, "group", s->name, true, "its members are tried in turn");
	for (unsigned i = group_order(g, p->p.lines, p->p.random, p->p.dry, order); i--;)
		if (!plan_push(p, member_kind(p, g->member[order[i]].trunk), g->member[order[i]].trunk, s->number, s->view))
			return -ENOMEM;
	return -EAGAIN;
}

/* --- hunt groups ---------------------------------------------------------------------------------------------------- */

/* Everybody at the same time: the phones of all users that are members. */
static int ring_all(struct plan *p, struct plan_step *s, const struct hunt *h, struct attempt *a)
{
	const struct auth *auth = registrar_auth((struct registrar *)(uintptr_t)p->p.registrar);
	for (unsigned i = 0; i < h->n; i++) {
		const struct user *u = auth_user(auth, h->member[i]);
		bool rings = u && add_phones(p, u, s->number, a);
		plan_said(p, "user", h->member[i], rings, rings ? "rings" : "is not registered");
	}
	if (!a->n)
		return refuse(p, "hunt", h->name, 480, 20, "nobody of the hunt group is registered");
	s->one_of_many = true;
	a->first_ms = p->p.first_ms;
	a->answer_ms = h->ring_ms;
	return 0;
}

static int push_member(struct plan *p, const struct plan_step *s, struct hunt *h, unsigned member)
{
	const struct auth *auth = registrar_auth((struct registrar *)(uintptr_t)p->p.registrar);
	const struct user *u = auth_user(auth, h->member[member]);
	struct plan_step *m = plan_push(p, u ? DEST_USER : DEST_NUMBER, u ? user_name(u) : h->member[member], s->number, s->view);
	if (!m)
		return -ENOMEM;
	m->answer_ms = h->ring_ms;
	m->one_of_many = true;
	m->hunt = h;
	m->member = member;
	return 0;
}

static int take_hunt(struct plan *p, struct plan_step *s, struct attempt *a)
{
	struct hunt *h = routing_hunt(p->p.routing, s->name);
	unsigned order[HUNT_MEMBERS];
	const char *then = conf_string(h->conf, "then");
	if (*then && !plan_push(p, DEST_NUMBER, then, then, s->view))
		return -ENOMEM;
	plan_said(p, "hunt", s->name, true, h->strategy == HUNT_ALL ? "all ring" : "its members ring in turn");
	if (h->strategy == HUNT_ALL)
		return ring_all(p, s, h, a);
	for (unsigned i = hunt_order(h, p->p.dry, order); i--;)
		if (push_member(p, s, h, order[i]))
			return -ENOMEM;
	return -EAGAIN;
}

/* --- the others ----------------------------------------------------------------------------------------------------- */

static int take_number(struct plan *p, struct plan_step *s, struct attempt *a)
{
	size_t others = list_count(&p->steps);
	struct plan_step *k;
	plan_said(p, "number", s->name, true, "is looked up");
	int err = plan_lookup(p, s->name, true);
	size_t fresh = list_count(&p->steps) - others;
	list_foreach(k, &p->steps, link) {
		if (!fresh--)
			break;
		k->one_of_many = s->one_of_many;
		k->answer_ms = s->answer_ms;
		k->hunt = s->hunt;
		k->member = s->member;
	}
	return err ? err : -EAGAIN;
}

static int take_block(struct plan *p, struct plan_step *s, struct attempt *a)
{
	p->blocked = true;
	p->status = s->status;
	p->cause = s->cause;
	p->words = "the routing blocks the call";
	plan_said(p, "block", s->view->rule ? s->view->rule->name : "", true, p->words);
	return -ECONNREFUSED;
}

static int (*const takes[])(struct plan *p, struct plan_step *s, struct attempt *a) = {
	[DEST_USER] = take_user,     [DEST_TRUNK] = take_trunk, [DEST_GROUP] = take_group, [DEST_HUNT] = take_hunt,
	[DEST_LINE] = take_line,
	[DEST_NUMBER] = take_number, [DEST_ENUM] = plan_take_enum,   [DEST_BLOCK] = take_block,
	[DEST_URI] = plan_take_uri,
};

int plan_step_take(struct plan *p, struct plan_step *s, struct attempt *ret)
{
	int err = takes[s->kind](p, s, ret);
	if (!err && s->hunt && !p->p.dry)
		hunt_rings(s->hunt, s->member);
	return err;
}
