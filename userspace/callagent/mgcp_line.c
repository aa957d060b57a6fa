// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/mgcp_line.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/line_call.h"
#include "callagent/mgcp_trunk.h"
#include "callagent/outcome.h"
#include <errno.h>

/* What is offered; what a gateway makes of it is in its description. */
#define OPTIONS "p:20, a:PCMA;PCMU;telephone-event"

const char *mgcp_line_text(const struct mgcp_line *l, const char *option)
{
	return conf_string(l->tel->conf, option);
}

int64_t mgcp_line_int(const struct mgcp_line *l, const char *option)
{
	return conf_int(l->tel->conf, option);
}

bool mgcp_line_flag(const struct mgcp_line *l, const char *option)
{
	return conf_bool(l->tel->conf, option);
}

struct media_party mgcp_line_party(const struct mgcp_line *l)
{
	return (struct media_party){.address = l->address, .signalling = *mgcp_gw_addr(mgcp_ep_gw(l->ep))};
}

void mgcp_line_ask(struct mgcp_line *l, const struct mgcp_ask *ask)
{
	int err = l->ep ? mgcp_ep_request(l->ep, ask) : 0;
	if (err && err != -EHOSTUNREACH)
		log_warn(l->object, "is not asked for %s: %s", ask->events, strerror(-err));
}

/* --- the connection ------------------------------------------------------------------------------------------------- */

/* What fails is the business of who has the connection, or would have had it, and of who is to be joined to that one. */
static bool concerns(const struct mgcp_line_conn *c, const struct mgcp_leg *g)
{
	struct mgcp_line *l = c->line;
	const bool uses = mgcp_line_conn(l, g) == c;
	return g->wait == MGCP_WAIT_JOIN || (uses && (!c->media || g == l->leg || c != l->talk));
}

/* Those that `only` (NULL: any) concerns. */
static void each_leg(struct mgcp_line *l, const struct mgcp_line_conn *only, void (*fn)(struct mgcp_leg *g, int arg), int arg)
{
	struct mgcp_leg *legs[] = {mem_ref(l->leg), mem_ref(l->held), mem_ref(l->waiting)};
	for (size_t i = 0; i < sizeof(legs) / sizeof(legs[0]); i++) {
		if (legs[i] && legs[i]->line == l && (!only || concerns(only, legs[i])))
			fn(legs[i], arg);
		mem_deref(legs[i]);
	}
}

static void drop_conn(struct mgcp_line_conn *c)
{
	c->media = mem_deref(c->media);
	c->pointed = mem_deref(c->pointed);
	c->jobs = 0;
}

static void drop_media(struct mgcp_line *l)
{
	timer_stop(&l->settled);
	drop_conn(&l->conns[0]);
	drop_conn(&l->conns[1]);
}

static struct mgcp_line_conn *other_conn(struct mgcp_line *l)
{
	return &l->conns[l->talk == &l->conns[0]];
}

struct mgcp_line_conn *mgcp_line_conn(struct mgcp_line *l, const struct mgcp_leg *g)
{
	return l->confers && g == l->held ? other_conn(l) : l->talk;
}

static bool has_jobs(const struct mgcp_line *l)
{
	return l->conns[0].jobs + l->conns[1].jobs;
}

static void on_settled(void *arg)
{
	each_leg(arg, NULL, leg_mgcp_go_on, 0);
}

static void on_media(void *arg, int err, unsigned code)
{
	struct mgcp_line_conn *c = arg;
	struct mgcp_line *l = c->line;
	if (err == -ECANCELED)
		return;
	c->jobs--;
	if (err)
		log_warn(l->object, "connection: %u %s", code, code ? mgcp_code_text(code) : strerror(-err));
	if (err && !line_media_is_open(c->media))
		drop_conn(c);
	if (err)
		each_leg(l, c, leg_mgcp_go_on, err);
	if (!has_jobs(l))
		on_settled(l);
}

static void end_leg(struct mgcp_leg *g, int cause)
{
	leg_mgcp_end(g, 503, (unsigned)cause);
}

static void end_legs(struct mgcp_line *l, enum mgcp_loss what)
{
	each_leg(l, NULL, end_leg, (int)outcome_loss_cause(what));
}

/* One of two that are mixed takes its party with it, else all are over. */
static void on_lost(void *arg, enum mgcp_loss what, const char *why)
{
	struct mgcp_line_conn *c = arg;
	struct mgcp_line *l = c->line;
	log_info(l->object, "connection lost: %s", why);
	drop_conn(c);
	if (l->confers && l->leg && l->held)
		end_leg(c == l->talk ? l->leg : l->held, (int)outcome_loss_cause(what));
	else
		end_legs(l, what);
}

static struct line_media_params media_params(struct mgcp_line_conn *c)
{
	struct mgcp_line *l = c->line;
	return (struct line_media_params){
		.gw = mgcp_ep_gw(l->ep), .endpoint = mgcp_ep_name(l->ep), .options = OPTIONS, .object = l->object, .party = mgcp_line_party(l), .lost = on_lost, .arg = c,
	};
}

static enum line_media_way wanted_way(const struct mgcp_line *l, const struct mgcp_leg *g)
{
	if (!g || g->kept)
		return LINE_MEDIA_RESTS;
	if (g->answered)
		return l->confers ? LINE_MEDIA_CONFERS : LINE_MEDIA_TALKS;
	return g->leg.side == SIDE_A ? LINE_MEDIA_HEARS : l->kind->early;
}

static int point(struct mgcp_line_conn *c, struct sdp *theirs, enum line_media_way way)
{
	const struct line_media_params p = media_params(c);
	if (c->media)
		return line_media_set(c->media, theirs != c->pointed ? theirs : NULL, false, way, on_media, c);
	return line_media_open(&c->media, &p, theirs, way, on_media, c);
}

static void follow(struct mgcp_line_conn *c, const struct mgcp_leg *g)
{
	struct sdp *theirs = g ? g->theirs : c->pointed;
	const enum line_media_way way = wanted_way(c->line, g);
	if (c->media && theirs == c->pointed && way == c->way)
		return;
	int err = point(c, theirs, way);
	if (err) {
		log_warn(c->line->object, "connection: %s", strerror(-err));
		each_leg(c->line, c, leg_mgcp_go_on, err);
		return;
	}
	c->jobs++;
	c->way = way;
	mem_ref(theirs);
	mem_deref(c->pointed);
	c->pointed = theirs;
}

void mgcp_line_sync(struct mgcp_line *l)
{
	if (!l->talk->media && !l->leg)
		return;
	follow(l->talk, l->leg);
	if (l->confers)
		follow(other_conn(l), l->held);
	/* Who waits goes on with the last answer; not before, because of an earlier time when there was nothing to ask. */
	if (has_jobs(l))
		timer_stop(&l->settled);
	else
		timer_start(&l->settled, 0, on_settled, l);
}

int mgcp_line_restore_media(struct mgcp_line *l, const struct mgcp_leg *g, struct slice record)
{
	struct mgcp_line_conn *c = mgcp_line_conn(l, g);
	const struct line_media_params p = media_params(c);
	return c->media ? 0 : line_media_restore(&c->media, &p, record);
}

/* --- three-way calls ------------------------------------------------------------------------------------------------ */

void mgcp_line_confer(struct mgcp_line *l)
{
	l->confers = true;
	l->held->wait = MGCP_WAIT_JOIN;
	mgcp_line_sync(l);
}

void mgcp_line_part(struct mgcp_line *l)
{
	if (l->confers)
		drop_conn(other_conn(l));
	l->confers = false;
	if (l->held && l->held->wait == MGCP_WAIT_JOIN)
		l->held->wait = MGCP_WAIT_NOTHING;
}

/* Who is left goes on over its own connection, if it has one already; there is nobody to be joined to. */
static void leave(struct mgcp_line *l, const struct mgcp_leg *g)
{
	if (l->confers && g == l->leg) {
		if (l->held->wait == MGCP_WAIT_JOIN)
			l->held->wait = MGCP_WAIT_NOTHING;
		else
			l->talk = other_conn(l);
		l->leg = l->held;
		l->held = (struct mgcp_leg *)g;
	}
	mgcp_line_part(l);
}

/* --- its legs ------------------------------------------------------------------------------------------------------- */

void mgcp_line_forget(struct mgcp_line *l, struct mgcp_leg *g)
{
	struct mgcp_leg **at[] = {&l->leg, &l->held, &l->waiting};
	if (g == l->leg || g == l->held)
		leave(l, g);
	l->added = NULL;
	l->unmixed = false;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (*at[i] == g)
			*at[i] = mem_deref(g);
	if (!l->leg && !l->held && !l->waiting)
		drop_media(l);
}

static unsigned read_number(const struct mgcp_line *l, const char *digits, char *out, size_t size)
{
	const struct line_numbers *n = &l->tel->numbers;
	return number_read(&n->plan, n->in, slice_str(digits), out, size) ? 484 : 0;
}

unsigned mgcp_line_dial(struct mgcp_line *l, const char *digits)
{
	struct leg_news why = {0};
	/* Its user was faster than the call that was to ring there. */
	if (l->leg)
		mgcp_line_hangs_up(l, l->leg, 486, 17);
	struct mgcp_leg *g = leg_mgcp_new(l, SIDE_A);
	if (!g)
		return 500;
	unsigned status = read_number(l, digits, g->called, sizeof(g->called));
	if (!status && !line_call_admitted(l->agent, l->tel, g->called, &why))
		status = why.status;
	if (status) {
		mem_deref(g);
		return status;
	}
	l->leg = g;
	g->wait = MGCP_WAIT_CALL;
	mgcp_line_sync(l);
	return 0;
}

void mgcp_line_rings(struct mgcp_line *l, struct mgcp_leg *g, unsigned status)
{
	struct buf sdp = buf_growing();
	if (status != 180 && leg_mgcp_describe(g, &sdp))
		sdp.len = 0;
	call_on_progress(&g->leg, &(struct leg_news){.status = status, .sdp = buf_text(&sdp), .from = &g->leg});
	buf_reset(&sdp);
}

void mgcp_line_answers(struct mgcp_line *l, struct mgcp_leg *g)
{
	g->answered = true;
	g->wait = MGCP_WAIT_ANSWER;
	mgcp_line_sync(l);
}

void mgcp_line_hangs_up(struct mgcp_line *l, struct mgcp_leg *g, unsigned status, unsigned cause)
{
	mem_ref(g);
	mgcp_line_forget(l, g);
	leg_mgcp_over(g, status, cause);
	mem_deref(g);
}

/* --- what the endpoint reports -------------------------------------------------------------------------------------- */

static void on_event(void *arg, const struct mgcp_observed *o, bool asked)
{
	struct mgcp_line *l = arg;
	l->kind->event(l, o, asked);
}

static void on_notified(void *arg, bool asked)
{
	struct mgcp_line *l = arg;
	if (l->kind->notified)
		l->kind->notified(l, asked);
	if (l->ep && mgcp_ep_waits(l->ep))
		l->kind->again(l);
}

static void on_answered(void *arg, unsigned tag, int err, unsigned code)
{
	struct mgcp_line *l = arg;
	if (!err && *l->tel->down && mgcp_ep_service(l->ep) == MGCP_SERVICE_IN)
		tel_line_state(l->tel, NULL);
	if (err)
		log_debug(l->object, "request refused: %u", code);
	l->kind->answered(l, tag, err, code);
}

static void on_service(void *arg, enum mgcp_service s, bool fresh)
{
	struct mgcp_line *l = arg;
	if (fresh) {
		l->told_messages = false;
		drop_media(l);
		end_legs(l, MGCP_LOSS_CONNECTION);
	}
	if (s == MGCP_SERVICE_IN) {
		tel_line_state(l->tel, NULL);
		l->kind->begin(l, fresh);
		if (!fresh)
			mgcp_ep_audit(l->ep);
	} else {
		tel_line_state(l->tel, mgcp_service_name(s));
		if (s == MGCP_SERVICE_OUT)
			l->kind->stop(l);
	}
}

static void on_audited(void *arg, int err, enum mgcp_hook hook)
{
	struct mgcp_line *l = arg;
	if (!err)
		l->kind->hook(l, hook);
}

static const struct mgcp_ep_handlers ep_handlers = {
	.event = on_event, .notified = on_notified, .answered = on_answered, .service = on_service, .audited = on_audited,
};

void mgcp_line_messages(struct mgcp_line *l, bool waiting)
{
	l->messages = waiting;
	l->kind->again(l);
}

/* --- all of them ---------------------------------------------------------------------------------------------------- */

/* The choices of line.kind. */
static const struct mgcp_line_kind *const kinds[] = {&mgcp_phone, &mgcp_pbx, &mgcp_fxo, &mgcp_em, &mgcp_em_mf, &mgcp_fgd, &mgcp_operator};

static void line_destroy(void *obj)
{
	struct mgcp_line *l = obj;
	mem_deref(l->tel);
}

/* Its calls end; the endpoint is left as it is. */
static void end_line(struct mgcp_line *l)
{
	l->ep = mgcp_ep_end(l->ep);
	timer_stop(&l->timer);
	end_legs(l, MGCP_LOSS_CONNECTION);
	timer_stop(&l->timer);
	drop_media(l);
	list_remove(&l->link);
	mem_deref(l);
}

static int attach(struct mgcp_line *l, const struct gateways *g)
{
	const char *name = mgcp_line_text(l, "gateway");
	struct mgcp_gw *gw = *name ? gateways_find(g, slice_str(name)) : gateways_own(g);
	return gw ? mgcp_ep_new(&l->ep, gw, mgcp_line_text(l, "endpoint"), l->kind->packages, &ep_handlers, l) : -ENODEV;
}

static void add_line(struct mgcp_lines *ls, struct tel_line *tel)
{
	struct mgcp_line *l = mem_alloc(sizeof(*l), line_destroy);
	if (!l) {
		tel_line_state(tel, "out of memory");
		return;
	}
	l->agent = ls->agent;
	l->tel = mem_ref(tel);
	l->kind = kinds[conf_int(tel->conf, "kind")];
	l->conns[0].line = l->conns[1].line = l;
	l->talk = &l->conns[0];
	snprintf(l->object, sizeof(l->object), "line %s", tel->name);
	CDR_SET(l->address, slice_str(conf_string(tel->conf, "address")));
	list_append(&ls->all, &l->link);
	int err = attach(l, &ls->agent->gateways);
	if (err)
		tel_line_state(tel, err == -ENODEV ? "there is no such gateway" : err == -EEXIST ? "another line has its endpoint" : strerror(-err));
}

static void add_all(struct mgcp_lines *ls)
{
	struct tel_line *tel;
	list_foreach(tel, &ls->agent->tel_lines.all, link)
		if (tel->kind == TEL_LINE && !mgcp_lines_find(ls, slice_str(tel->name)))
			add_line(ls, tel);
}

void mgcp_lines_open(struct mgcp_lines *ls, struct agent *a)
{
	list_init(&ls->all);
	ls->agent = a;
	add_all(ls);
}

/* Of a three-way call, the one whose connection is the second. */
static void only_one_restored(struct mgcp_line *l)
{
	if (!l->confers || l->leg)
		return;
	l->talk = other_conn(l);
	l->leg = l->held;
	l->held = NULL;
	mgcp_line_part(l);
	l->kind->restored(l, l->leg);
}

static void start(struct mgcp_line *l)
{
	only_one_restored(l);
	if (!l->ep || mgcp_gw_state(mgcp_ep_gw(l->ep)) == MGCP_GW_DOWN)
		return;
	mgcp_ep_audit(l->ep);
	l->kind->begin(l, false);
	mgcp_line_sync(l); /* what was about to be asked of its connections */
}

void mgcp_lines_start(struct mgcp_lines *ls)
{
	struct mgcp_line *l;
	list_foreach(l, &ls->all, link)
		start(l);
}

static bool is_as_it_was(const struct mgcp_line *l, const struct tel_line *now)
{
	static const char *const options[] = {"gateway", "endpoint", "kind", "address"};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!now || now->kind != TEL_LINE || !conf_same_value(l->tel->conf, now->conf, options[i]))
			return false;
	return l->ep;
}

void mgcp_lines_reload(struct mgcp_lines *ls)
{
	struct mgcp_line *l;
	list_foreach_safe(l, &ls->all, link) {
		struct tel_line *now = tel_lines_find(&ls->agent->tel_lines, slice_str(l->tel->name));
		if (!is_as_it_was(l, now)) {
			end_line(l);
			continue;
		}
		mem_ref(now);
		mem_deref(l->tel);
		l->tel = now;
		l->kind->again(l);
	}
	struct link *last = ls->all.head.prev;
	add_all(ls);
	for (struct link *k = last->next; k != &ls->all.head; k = k->next)
		start(container_of(k, struct mgcp_line, link));
}

void mgcp_lines_close(struct mgcp_lines *ls)
{
	while (!list_empty(&ls->all))
		end_line(container_of(list_first(&ls->all), struct mgcp_line, link));
}

struct mgcp_line *mgcp_lines_find(const struct mgcp_lines *ls, struct slice name)
{
	struct mgcp_line *l;
	list_foreach(l, &ls->all, link)
		if (slice_eq(slice_str(l->tel->name), name))
			return l;
	return NULL;
}
