// SPDX-License-Identifier: GPL-3.0-or-later
/* A connection on a gateway, from CRCX to DLCX. Commands for it go out one at a time, so that they are executed in order
 * (RFC 3435 4.4.4): a modification or deletion asked for meanwhile waits. */
#include "base/log.h"
#include "base/mem.h"
#include "mgcp/agent_internal.h"
#include "mgcp/gateway.h"
#include "mgcp/internal.h"
#include <errno.h>

#define RETRY_MS 500 /* when there was no memory to send */

struct op {
	struct link link;
	struct buf body;
};

static const char *const state_names[] = {
	[CX_WAITING] = "waiting", [CX_CREATING] = "creating", [CX_UP] = "up", [CX_MODIFYING] = "modifying", [CX_DELETING] = "deleting", [CX_GONE] = "gone",
};

static void advance(struct cx *c);
static void on_timer(void *arg);

static void op_destroy(void *obj)
{
	struct op *o = obj;
	list_remove(&o->link);
	buf_reset(&o->body);
}

static void drop_ops(struct cx *c)
{
	while (!list_empty(&c->ops))
		mem_deref(container_of(list_first(&c->ops), struct op, link));
}

static void cx_destroy(void *obj)
{
	struct cx *c = obj;
	timer_stop(&c->timer);
	list_remove(&c->link);
	list_remove(&c->follow);
	drop_ops(c);
	mem_deref(c->with);
	buf_reset(&c->create);
	mem_free(c->call_id);
	mem_free(c->endpoint);
	mem_free(c->id);
}

/* The one place where the state changes. */
static void set_state(struct cx *c, enum cx_state state, const char *why)
{
	log_debug(c->gw ? c->gw->object : NULL, "connection %s/%s: %s -> %s: %s", c->endpoint ? c->endpoint : "", c->id ? c->id : "",
		  state_names[c->state], state_names[state], why);
	c->state = state;
	list_remove(&c->creating);
	if (state == CX_CREATING && c->gw)
		list_append(&c->gw->creating, &c->creating);
}

/* --- the gateway's lists ------------------------------------------------------------------------------------------ */

uint32_t cx_endpoint_hash(struct slice endpoint)
{
	return slice_hash(slice_cut(&endpoint, '@'), true);
}

static void file_names(struct cx *c)
{
	hash_remove(&c->gw->endpoints, &c->by_endpoint);
	hash_remove(&c->gw->ids, &c->by_id);
	if (c->endpoint_known)
		hash_insert(&c->gw->endpoints, &c->by_endpoint, cx_endpoint_hash(slice_str(c->endpoint)));
	if (c->id)
		hash_insert(&c->gw->ids, &c->by_id, slice_hash(slice_str(c->id), true));
}

/* The gateway object lists it from now on. */
static void enlist(struct cx *c, struct mgcp_gw *gw)
{
	c->gw = gw;
	c->since = clock_ms();
	mem_ref(c);
	list_append(&gw->cxs, &c->link);
	file_names(c);
}

/* The reference is still to be given back. */
static void unlist(struct cx *c)
{
	struct mgcp_gw *gw = c->gw;
	c->gw = NULL;
	list_remove(&c->link);
	list_remove(&c->creating);
	hash_remove(&gw->endpoints, &c->by_endpoint);
	hash_remove(&gw->ids, &c->by_id);
}

/* --- telling the owner -------------------------------------------------------------------------------------------- */

static void tell_done(struct cx *c, int err, unsigned code, struct slice sdp)
{
	struct mgcp_conn *h = c->handle;
	if (!h || c->delete_wanted || !h->h.done)
		return;
	mem_ref(h);
	h->h.done(h->arg, h, err, code, sdp);
	mem_deref(h);
}

static void tell_lost(struct cx *c, enum mgcp_loss what, const char *why)
{
	struct mgcp_conn *h = c->handle;
	if (!h || c->delete_wanted || !h->h.lost)
		return;
	mem_ref(h);
	h->h.lost(h->arg, h, what, why);
	mem_deref(h);
}

static void tell_deleted(struct cx *c, struct slice params, struct slice quality)
{
	struct mgcp_conn *h = c->handle;
	if (!h || !h->h.deleted)
		return;
	mem_ref(h);
	h->h.deleted(h->arg, h, params, quality);
	mem_deref(h);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void start_followers(struct cx *with);

/* The gateway has it no more. Returns with the caller's reference still good; the gateway's is given back. */
static void leave(struct cx *c, const char *why)
{
	struct mgcp_gw *gw = c->gw;
	if (c->state == CX_GONE)
		return;
	set_state(c, CX_GONE, why);
	timer_stop(&c->timer);
	drop_ops(c);
	list_remove(&c->follow);
	c->with = mem_deref(c->with);
	if (!gw)
		return;
	if (c->in_flight)
		mgcp_forget(gw->peer, c);
	unlist(c);
	/* Those that wanted its endpoint hear that there is none. */
	start_followers(c);
	mem_deref(c);
}

static void report_soon(struct cx *c)
{
	timer_start(&c->timer, 0, on_timer, c);
}

static void creation_failed(struct cx *c, int err, unsigned code)
{
	mem_ref(c);
	bool wanted = c->delete_wanted;
	leave(c, "not created");
	if (wanted)
		tell_deleted(c, SLICE_NONE, SLICE_NONE);
	else
		tell_done(c, err, code, SLICE_NONE);
	mem_deref(c);
}

void cx_lost(struct cx *c, enum mgcp_loss what, const char *why)
{
	mem_ref(c);
	enum cx_state was = c->state;
	bool wanted = c->delete_wanted;
	leave(c, why);
	if (wanted)
		tell_deleted(c, SLICE_NONE, SLICE_NONE);
	else if (was == CX_WAITING || was == CX_CREATING)
		tell_done(c, -EBUSY, 0, SLICE_NONE);
	else
		tell_lost(c, what, why);
	mem_deref(c);
}

void cx_silent(struct cx *c, const char *why)
{
	mem_ref(c);
	tell_lost(c, MGCP_LOSS_SILENCE, why);
	mem_deref(c);
}

void cx_orphan(struct cx *c)
{
	mem_ref(c);
	mgcp_forget(c->gw->peer, c);
	set_state(c, CX_GONE, "the gateway is not used any more");
	unlist(c);
	drop_ops(c);
	mem_deref(c);
	mem_deref(c);
}

struct cx *cx_find(const struct mgcp_gw *gw, struct slice endpoint, struct slice id)
{
	struct cx *c;
	uint32_t h = slice_hash(id, true);
	hash_foreach_match(c, &gw->ids, h, by_id)
		if (slice_caseeq(slice_str(c->id), id) && mgcp_name_matches(endpoint, slice_str(c->endpoint)))
			return c;
	return NULL;
}

void cx_lose_all(struct mgcp_gw *gw, bool (*is)(const struct cx *c, const void *arg), const void *arg, const char *why)
{
	/* Turns the list once: what an owner ends drops out of it, which only makes the turn longer. */
	for (size_t n = list_count(&gw->cxs); n && !list_empty(&gw->cxs); n--) {
		struct cx *c = container_of(list_first(&gw->cxs), struct cx, link);
		list_remove(&c->link);
		list_append(&gw->cxs, &c->link);
		if (is(c, arg))
			cx_lost(c, MGCP_LOSS_CONNECTION, why);
	}
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

static int command(struct cx *c, enum mgcp_verb verb, const struct buf *body, mgcp_response_fn fn)
{
	struct buf text = buf_growing();
	uint32_t tid = mgcp_next_tid(c->gw->peer);
	mgcp_write_command(&text, verb, tid, c->endpoint);
	mgcp_write_text(&text, MGCP_P_CALL_ID, slice_str(c->call_id));
	if (verb == MGCP_CRCX)
		c->tid = tid;
	if (verb == MGCP_CRCX && c->with)
		mgcp_write_param(&text, MGCP_P_X_WITH, "%u", c->with->tid);
	if (c->id)
		mgcp_write_text(&text, MGCP_P_CONNECTION_ID, slice_str(c->id));
	if (body)
		buf_slice(&text, buf_text(body));
	/* Of a deletion nothing but the statistics is waited for. */
	int err = text.err;
	if (!err && verb == MGCP_DLCX)
		err = mgcp_command_unhurried(c->gw->peer, &c->gw->p.addr, tid, buf_text(&text), fn, c);
	else if (!err)
		err = gw_send(c->gw, tid, &text, fn, c);
	buf_reset(&text);
	c->in_flight = !err;
	return err;
}

/* Notes what a response says of the gateway. Returns the outcome as errno; *code is the response code, 0 when none came. The connection may be
 * gone afterwards. */
static int outcome(struct cx *c, int err, const struct mgcp_msg *rsp, unsigned *code)
{
	struct mgcp_gw *gw = mem_ref(c->gw);
	c->in_flight = false;
	*code = err ? 0 : rsp->code;
	if (err)
		gw_timed_out(gw);
	else
		gw_answered(gw);
	mem_deref(gw);
	return err ? err : mgcp_code_error(rsp->code);
}

/* Takes endpoint and connection-id from the answer to CRCX (RFC 3435 2.3.5). */
static int learn(struct cx *c, const struct mgcp_msg *rsp)
{
	struct slice z = mgcp_param(rsp, MGCP_P_SPECIFIC_ENDPOINT), id = mgcp_param(rsp, MGCP_P_CONNECTION_ID);
	if (slice_empty(z) && c->with && c->with->endpoint_known)
		z = slice_str(c->with->endpoint);
	if (slice_empty(id) || id.len > 32 || (!c->endpoint_known && slice_empty(z)))
		return -EINVAL;
	char *name = slice_empty(z) ? NULL : slice_dup(z), *ident = slice_dup(id);
	if (!ident || (!name && !slice_empty(z))) {
		mem_free(name);
		mem_free(ident);
		return -ENOMEM;
	}
	if (name) {
		mem_free(c->endpoint);
		c->endpoint = name;
	}
	c->endpoint_known = true;
	c->id = ident;
	file_names(c);
	return 0;
}

/* The gateway did not have the endpoint ready that was asked for unseen: the two commands did not come one after the other. */
static bool asked_too_early(struct cx *c, unsigned code)
{
	struct cx *with = c->with;
	if (!with || code != 500 || with->state == CX_GONE || c->delete_wanted)
		return false;
	set_state(c, CX_WAITING, "its endpoint is not known there yet");
	list_append(&with->followers, &c->follow);
	if (with->endpoint_known)
		start_followers(with);
	return true;
}

static void on_created(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct cx *c = mem_ref(arg);
	unsigned code;
	err = outcome(c, err, rsp, &code);
	if (c->state != CX_CREATING || asked_too_early(c, code))
		goto out;
	if (!err)
		err = learn(c, rsp);
	c->with = mem_deref(c->with);
	if (err) {
		creation_failed(c, err, code);
		goto out;
	}
	c->since = clock_ms();
	buf_reset(&c->create);
	set_state(c, CX_UP, "created");
	start_followers(c);
	tell_done(c, 0, code, rsp->sdp[0]);
	advance(c);
out:
	mem_deref(c);
}

static void doubt(struct cx *c, unsigned code)
{
	const struct mgcp_profile *p = c->gw->p.profile;
	enum mgcp_fate fate = code && code == p->gone ? MGCP_GONE : mgcp_code_fate(code);
	if (fate == MGCP_GONE)
		cx_lost(c, MGCP_LOSS_CONNECTION, "the gateway does not know the connection");
	else if (fate == MGCP_UNCERTAIN && p->audits)
		mgcp_gw_resync(c->gw);
}

static void on_modified(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct cx *c = mem_ref(arg);
	unsigned code;
	err = outcome(c, err, rsp, &code);
	if (c->state != CX_MODIFYING)
		goto out;
	mem_deref(container_of(list_first(&c->ops), struct op, link));
	set_state(c, CX_UP, err ? "not modified" : "modified");
	tell_done(c, err, code, err ? SLICE_NONE : rsp->sdp[0]);
	if (err && c->gw)
		doubt(c, code);
	advance(c);
out:
	mem_deref(c);
}

static void on_deleted(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct cx *c = mem_ref(arg);
	unsigned code;
	err = outcome(c, err, rsp, &code);
	if (c->state == CX_DELETING) {
		leave(c, err ? "deletion failed" : "deleted");
		tell_deleted(c, err ? SLICE_NONE : mgcp_param(rsp, MGCP_P_CONNECTION_PARAMS), err ? SLICE_NONE : mgcp_param(rsp, MGCP_P_X_QUALITY));
	}
	mem_deref(c);
}

static int send_create(struct cx *c)
{
	int err = command(c, MGCP_CRCX, &c->create, on_created);
	if (!err) {
		c->since = clock_ms();
		set_state(c, CX_CREATING, "CRCX sent");
	}
	return err;
}

/* Sends what comes next for a connection that nothing is under way for. */
static void advance(struct cx *c)
{
	if (c->state != CX_UP)
		return;
	int err = 0;
	if (c->delete_wanted) {
		drop_ops(c);
		err = command(c, MGCP_DLCX, NULL, on_deleted);
		if (!err)
			set_state(c, CX_DELETING, "DLCX sent");
	} else if (!list_empty(&c->ops)) {
		err = command(c, MGCP_MDCX, &container_of(list_first(&c->ops), struct op, link)->body, on_modified);
		if (!err)
			set_state(c, CX_MODIFYING, "MDCX sent");
	}
	if (err)
		timer_start(&c->timer, RETRY_MS, on_timer, c);
}

/* Late results and second tries: never from inside the call that asked. */
static void on_timer(void *arg)
{
	struct cx *c = mem_ref(arg);
	if (c->report_err && c->state == CX_WAITING) {
		creation_failed(c, c->report_err, 0);
	} else if (c->report_deleted) {
		c->report_deleted = false;
		leave(c, "deleted before it was created");
		tell_deleted(c, SLICE_NONE, SLICE_NONE);
	} else {
		advance(c);
	}
	mem_deref(c);
}

static void begin_on_endpoint(struct cx *c, struct cx *with)
{
	int err = -EBUSY;
	list_remove(&c->follow);
	mem_ref(with);
	c->with = mem_deref(c->with);
	if (with->endpoint_known && with->state != CX_GONE) {
		mem_free(c->endpoint);
		c->endpoint = mem_strdup(with->endpoint);
		c->endpoint_known = c->endpoint != NULL;
		file_names(c);
		err = c->endpoint ? send_create(c) : -ENOMEM;
	}
	mem_deref(with);
	if (err) {
		c->report_err = err;
		report_soon(c);
	}
}

static void start_followers(struct cx *with)
{
	while (!list_empty(&with->followers))
		begin_on_endpoint(container_of(list_first(&with->followers), struct cx, follow), with);
}

/* --- the owner's side --------------------------------------------------------------------------------------------- */

static void conn_destroy(void *obj)
{
	struct mgcp_conn *h = obj;
	if (h->cx) {
		h->cx->handle = NULL;
		mgcp_conn_delete(h);
	}
	mem_deref(h->cx);
	mem_deref(h->gw);
}

static int conn_new(struct mgcp_conn **ret, struct mgcp_gw *gw, const char *call_id, char *endpoint, const struct mgcp_conn_handlers *handlers, void *arg)
{
	struct mgcp_conn *h = mem_alloc(sizeof *h, conn_destroy);
	struct cx *c = mem_alloc(sizeof *c, cx_destroy);
	if (c) {
		c->endpoint = endpoint;
		c->call_id = mem_strdup(call_id);
		list_init(&c->ops);
		list_init(&c->followers);
	}
	if (!h || !c || !c->endpoint || !c->call_id) {
		if (!c)
			mem_free(endpoint);
		mem_deref(c);
		mem_deref(h);
		return -ENOMEM;
	}
	h->gw = mem_ref(gw);
	h->h = *handlers;
	h->arg = arg;
	h->cx = c;
	c->handle = h;
	*ret = h;
	return 0;
}

static int begin(struct cx *c, struct mgcp_conn *with)
{
	if (!with)
		return send_create(c);
	if (!with->cx->gw)
		return -EBUSY;
	if (with->cx->endpoint_known)
		return send_create(c);
	c->with = mem_ref(with->cx);
	if (c->gw->p.profile->extensions && c->with->state == CX_CREATING)
		return send_create(c);
	list_append(&c->with->followers, &c->follow);
	return 0;
}

/* What CRCX names. *known: it is no wildcard. */
static char *asked_for(const struct mgcp_gw *gw, const struct mgcp_conn_setup *setup, bool *known)
{
	const struct mgcp_conn *with = setup->with;
	*known = with ? with->cx->endpoint_known : setup->endpoint && !strpbrk(setup->endpoint, "$*");
	if (with && *known)
		return mem_strdup(with->cx->endpoint);
	return gw_endpoint(gw, setup->endpoint && !with ? setup->endpoint : gw->p.profile->relay_any);
}

int mgcp_conn_create(struct mgcp_conn **ret, struct mgcp_gw *gw, const struct mgcp_conn_setup *setup, const struct mgcp_conn_handlers *handlers, void *arg)
{
	if (gw->state == MGCP_GW_DOWN)
		return -EHOSTUNREACH;
	if (gw->draining)
		return -EBUSY;
	struct mgcp_conn *h = NULL;
	bool known;
	char *endpoint = asked_for(gw, setup, &known);
	int err = endpoint ? conn_new(&h, gw, setup->call_id, endpoint, handlers, arg) : -ENOMEM;
	if (err)
		return err;
	struct cx *c = h->cx;
	c->endpoint_known = known;
	body_write(&c->create, gw->p.profile, setup);
	err = c->create.err;
	enlist(c, gw);
	if (!err)
		err = begin(c, setup->with);
	if (err) {
		leave(c, "cannot be asked for");
		mem_deref(h);
	} else {
		*ret = h;
	}
	return err;
}

int mgcp_conn_adopt(struct mgcp_conn **ret, struct mgcp_gw *gw, const char *call_id, const char *endpoint, const char *id,
		    const struct mgcp_conn_handlers *handlers, void *arg)
{
	struct mgcp_conn *h = NULL;
	char *name = mem_strdup(endpoint);
	int err = name ? conn_new(&h, gw, call_id, name, handlers, arg) : -ENOMEM;
	if (err)
		return err;
	h->cx->id = mem_strdup(id);
	if (!h->cx->id) {
		h->cx->state = CX_GONE;
		mem_deref(h);
		return -ENOMEM;
	}
	h->cx->endpoint_known = true;
	enlist(h->cx, gw);
	h->cx->since = 0; /* older than any audit */
	set_state(h->cx, CX_UP, "adopted");
	*ret = h;
	return 0;
}

int mgcp_conn_modify(struct mgcp_conn *h, const struct mgcp_conn_setup *change)
{
	struct cx *c = h->cx;
	if (!c->gw || c->delete_wanted)
		return -ENOTCONN;
	struct op *o = mem_alloc(sizeof *o, op_destroy);
	if (!o)
		return -ENOMEM;
	struct mgcp_conn_setup s = *change;
	s.call_id = NULL; /* C: is there anyway */
	body_write(&o->body, c->gw->p.profile, &s);
	int err = o->body.err;
	if (err) {
		mem_deref(o);
		return err;
	}
	list_append(&c->ops, &o->link);
	advance(c);
	return 0;
}

void mgcp_conn_delete(struct mgcp_conn *h)
{
	struct cx *c = h->cx;
	if (c->delete_wanted)
		return;
	c->delete_wanted = true;
	switch (c->state) {
	case CX_WAITING:
	case CX_GONE:
		if (c->handle) {
			c->report_deleted = true;
			report_soon(c);
		} else {
			leave(c, "not wanted any more");
		}
		break;
	case CX_UP:
		advance(c);
		break;
	case CX_CREATING:
	case CX_MODIFYING:
	case CX_DELETING:
		break;
	}
}

void mgcp_conn_detach(struct mgcp_conn *h)
{
	h->h = (struct mgcp_conn_handlers){0};
	h->arg = NULL;
}

const char *mgcp_conn_endpoint(const struct mgcp_conn *h)
{
	return h->cx->endpoint_known ? h->cx->endpoint : "";
}

const char *mgcp_conn_id(const struct mgcp_conn *h)
{
	return h->cx->id ? h->cx->id : "";
}
