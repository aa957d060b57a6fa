// SPDX-License-Identifier: GPL-3.0-or-later
/* Resynchronisation (RFC 3435 4.4.7, 2.3.10): what the gateway has and we do not know is deleted there; what we believe to
 * have and it does not, is lost. Packet relays first, then each kind of lines; the list of endpoints comes in pages: ZM: at most so
 * many, Z: those after that one. */
#include "base/log.h"
#include "base/mem.h"
#include "mgcp/agent_internal.h"
#include "mgcp/gateway.h"
#include <errno.h>

#define PAGE        50
#define SUSPECT_MS  250
#define ENDPOINTS_MAX 100000u

struct audited {
	struct link link;
	char *endpoint; /* one of the gateway's */
	char *id;       /* a connection we do not know; NULL: the endpoint has still to be asked */
	uint64_t seen;
};

struct audit {
	struct mgcp_gw *gw;
	uint64_t started;
	struct list todo, suspects;
	uint32_t serial;
	size_t endpoints;
	unsigned kind; /* of endpoints: whose list is asked for */
	char *last; /* the end of its last page */
	struct timer timer;
	bool again; /* asked for once more while under way */
};

static int ask_endpoints(struct audit *a);
static bool next_kind(struct audit *a);
static void next_endpoint(struct audit *a);

static void audited_destroy(void *obj)
{
	struct audited *x = obj;
	list_remove(&x->link);
	mem_free(x->endpoint);
	mem_free(x->id);
}

static int note(struct list *to, struct slice endpoint, struct slice id)
{
	struct audited *x = mem_alloc(sizeof *x, audited_destroy);
	if (!x)
		return -ENOMEM;
	x->endpoint = slice_dup(endpoint);
	x->id = slice_is_set(id) ? slice_dup(id) : NULL;
	if (!x->endpoint || (slice_is_set(id) && !x->id)) {
		mem_deref(x);
		return -ENOMEM;
	}
	x->seen = clock_ms();
	list_append(to, &x->link);
	return 0;
}

static void drop(struct list *l)
{
	while (!list_empty(l))
		mem_deref(container_of(list_first(l), struct audited, link));
}

static void audit_destroy(void *obj)
{
	struct audit *a = obj;
	timer_stop(&a->timer);
	if (a->gw)
		mgcp_forget(a->gw->peer, a);
	drop(&a->todo);
	drop(&a->suspects);
	mem_free(a->last);
}

static void finish(struct audit *a)
{
	struct mgcp_gw *gw = a->gw;
	bool again = a->again;
	gw->audit = mem_deref(a);
	if (again)
		mgcp_gw_resync(gw);
}

static void delete_there(struct mgcp_gw *gw, const char *endpoint, const char *id)
{
	struct buf text = buf_growing();
	uint32_t tid = mgcp_next_tid(gw->peer);
	mgcp_write_command(&text, MGCP_DLCX, tid, endpoint);
	if (id)
		mgcp_write_text(&text, MGCP_P_CONNECTION_ID, slice_str(id));
	log_info(gw->object, "deletes %s on %s, which belongs to no call", id ? id : "everything", endpoint);
	/* Not even that nobody answers matters here: that is seen by who probes. */
	if (gw_send(gw, tid, &text, NULL, NULL))
		log_warn(gw->object, "%s on %s stays: out of memory", id ? id : "everything", endpoint);
	buf_reset(&text);
}

/* A connection whose CRCX is still unanswered may be any that was seen since it was sent. */
static bool may_be_ours(const struct mgcp_gw *gw, const struct audited *x)
{
	return !list_empty(&gw->creating) && container_of(list_first(&gw->creating), struct cx, creating)->since <= x->seen;
}

static void on_suspects(void *arg)
{
	struct audit *a = arg;
	struct audited *x;
	list_foreach_safe(x, &a->suspects, link) {
		if (!cx_find(a->gw, slice_str(x->endpoint), slice_str(x->id))) {
			if (may_be_ours(a->gw, x))
				continue;
			delete_there(a->gw, x->endpoint, x->id);
		}
		mem_deref(x);
	}
	if (list_empty(&a->suspects))
		finish(a);
	else
		timer_start(&a->timer, SUSPECT_MS, on_suspects, a);
}

static void give_up(struct audit *a, const char *why)
{
	log_warn(a->gw->object, "resynchronisation ends early: %s", why);
	finish(a);
}

/* It existed before we began and no answer named it. */
static bool is_unseen(const struct cx *c, const struct audit *a)
{
	return (c->state == CX_UP || c->state == CX_MODIFYING) && c->since < a->started && c->seen_in != a->serial;
}

static bool is_missing(const struct cx *c, const void *audit)
{
	const struct audit *a = audit;
	return is_unseen(c, a) && c->asked_in == a->serial;
}

static void mark_asked(const struct audit *a, struct slice endpoint)
{
	struct cx *c;
	uint32_t h = cx_endpoint_hash(endpoint);
	hash_foreach_match(c, &a->gw->endpoints, h, by_endpoint)
		if (mgcp_name_matches(endpoint, slice_str(c->endpoint)))
			c->asked_in = a->serial;
}

/* Every endpoint of the list was asked. Before a connection counts as lost its endpoint is asked by name: a list in pages may miss one
 * while endpoints come and go. */
static void compare(struct audit *a)
{
	struct cx *c;
	list_foreach(c, &a->gw->cxs, link) {
		if (!is_unseen(c, a) || c->asked_in == a->serial)
			continue;
		if (note(&a->todo, slice_str(c->endpoint), SLICE_NONE)) {
			give_up(a, "out of memory");
			return;
		}
		mark_asked(a, slice_str(c->endpoint));
	}
	if (!list_empty(&a->todo)) {
		next_endpoint(a);
		return;
	}
	cx_lose_all(a->gw, is_missing, a, "the gateway has lost the connection");
	on_suspects(a);
}

/* --- one endpoint's connections ----------------------------------------------------------------------------------- */

static int take_connections(struct audit *a, const char *endpoint, struct slice ids)
{
	int err = 0;
	while (slice_is_set(ids) && !err) {
		struct slice id = slice_trim(slice_cut(&ids, ','));
		if (slice_empty(id))
			continue;
		struct cx *c = cx_find(a->gw, slice_str(endpoint), id);
		if (c)
			c->seen_in = a->serial;
		else
			err = note(&a->suspects, slice_str(endpoint), id);
	}
	return err;
}

static void on_endpoint(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct audit *a = arg;
	struct mgcp_gw *gw = mem_ref(a->gw);
	if (err) {
		give_up(a, "no answer");
		gw_timed_out(gw);
	} else {
		struct audited *x = container_of(list_first(&a->todo), struct audited, link);
		err = rsp->code == 200 ? take_connections(a, x->endpoint, mgcp_param(rsp, MGCP_P_CONNECTION_ID)) : 0;
		mem_deref(x);
		if (err)
			give_up(a, "out of memory");
		else
			next_endpoint(a);
	}
	mem_deref(gw);
}

static void next_endpoint(struct audit *a)
{
	if (list_empty(&a->todo)) {
		if (!next_kind(a))
			compare(a);
		return;
	}
	struct audited *x = container_of(list_first(&a->todo), struct audited, link);
	mark_asked(a, slice_str(x->endpoint));
	struct buf text = buf_growing();
	uint32_t tid = mgcp_next_tid(a->gw->peer);
	mgcp_write_command(&text, MGCP_AUEP, tid, x->endpoint);
	mgcp_write_text(&text, MGCP_P_REQUESTED_INFO, slice_str(mgcp_param_name(MGCP_P_CONNECTION_ID)));
	int err = gw_send(a->gw, tid, &text, on_endpoint, a);
	buf_reset(&text);
	if (err)
		give_up(a, "out of memory");
}

/* --- the list of endpoints ---------------------------------------------------------------------------------------- */

/* Z: may come as a line each or as one list. Returns how many names were new to the page before, or negative errno. */
static int take_endpoints(struct audit *a, const struct mgcp_msg *rsp)
{
	int n = 0;
	struct slice last = SLICE_NONE;
	for (unsigned i = 0; i < rsp->n_params; i++) {
		if (rsp->params[i].id != MGCP_P_SPECIFIC_ENDPOINT)
			continue;
		struct slice names = rsp->params[i].value;
		while (slice_is_set(names)) {
			struct slice name = slice_trim(slice_cut(&names, ','));
			if (slice_empty(name))
				continue;
			if (++a->endpoints > ENDPOINTS_MAX || note(&a->todo, name, SLICE_NONE))
				return -ENOMEM;
			last = name;
			n++;
		}
	}
	/* One that does not know pages sends everything, or the same again. */
	if (n != PAGE || (a->last && slice_caseeq(slice_str(a->last), last)))
		return 0;
	mem_free(a->last);
	a->last = slice_dup(last);
	return a->last ? n : -ENOMEM;
}

static void on_endpoints(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct audit *a = arg;
	struct mgcp_gw *gw = mem_ref(a->gw);
	if (err) {
		give_up(a, "no answer");
		gw_timed_out(gw);
		goto out;
	}
	/* An answer here must not begin another resynchronisation. */
	gw_answered(gw);
	a->again = false;
	/* 500: it has no such endpoints at the moment. */
	if (rsp->code != 200 && rsp->code != 500) {
		give_up(a, mgcp_code_text(rsp->code));
		goto out;
	}
	int n = take_endpoints(a, rsp);
	if (n > 0)
		n = ask_endpoints(a);
	else if (!n)
		next_endpoint(a);
	if (n < 0)
		give_up(a, strerror(-n));
out:
	mem_deref(gw);
}

/* NULL after the last one. */
static const char *kind_name(const struct audit *a)
{
	const struct mgcp_profile *p = a->gw->p.profile;
	if (!a->kind)
		return p->relay_all;
	return a->kind <= sizeof p->lines_all / sizeof *p->lines_all ? p->lines_all[a->kind - 1] : NULL;
}

static int ask_endpoints(struct audit *a)
{
	char *all = gw_endpoint(a->gw, kind_name(a));
	if (!all)
		return -ENOMEM;
	struct buf text = buf_growing();
	uint32_t tid = mgcp_next_tid(a->gw->peer);
	mgcp_write_command(&text, MGCP_AUEP, tid, all);
	mgcp_write_param(&text, MGCP_P_MAX_ENDPOINTS, "%d", PAGE);
	if (a->last)
		mgcp_write_text(&text, MGCP_P_SPECIFIC_ENDPOINT, slice_str(a->last));
	int err = gw_send(a->gw, tid, &text, on_endpoints, a);
	buf_reset(&text);
	mem_free(all);
	return err;
}

static bool next_kind(struct audit *a)
{
	a->kind++;
	mem_free(a->last);
	a->last = NULL;
	if (!kind_name(a))
		return false;
	int err = ask_endpoints(a);
	if (err)
		give_up(a, strerror(-err));
	return true;
}

/* A gateway that audits nothing: when we have nothing there, nothing must be there. */
static int sweep(struct mgcp_gw *gw)
{
	if (!gw->p.profile->wild_delete || !list_empty(&gw->cxs))
		return 0;
	char *all = gw_endpoint(gw, gw->p.profile->relay_all);
	if (!all)
		return -ENOMEM;
	delete_there(gw, all, NULL);
	mem_free(all);
	return 0;
}

/* A gateway without packet relays may serve other call agents, too: it is asked about the endpoints that are ours alone. */
static int ask_known(struct audit *a)
{
	const struct mgcp_ep *e;
	int err = 0;
	list_foreach(e, &a->gw->eps, link)
		err = err ? err : note(&a->todo, slice_str(e->name), SLICE_NONE);
	if (!err)
		next_endpoint(a);
	return err;
}

int audit_start(struct mgcp_gw *gw)
{
	if (!addr_is_set(&gw->p.addr)) /* it is asked when it is found */
		return 0;
	if (!gw->p.profile->audits)
		return sweep(gw);
	if (gw->audit) {
		gw->audit->again = true;
		return 0;
	}
	struct audit *a = mem_alloc(sizeof *a, audit_destroy);
	if (!a)
		return -ENOMEM;
	a->gw = gw;
	a->started = clock_ms();
	a->serial = ++gw->audits;
	list_init(&a->todo);
	list_init(&a->suspects);
	gw->audit = a;
	int err = kind_name(a) ? ask_endpoints(a) : ask_known(a);
	if (err)
		gw->audit = mem_deref(a);
	return err;
}
