// SPDX-License-Identifier: GPL-3.0-or-later
#include "mgcp/ep.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "mgcp/agent_internal.h"
#include "mgcp/gateway.h"
#include "mgcp/internal.h"
#include <errno.h>

#define ASKS_MAX 32 /* that wait for one endpoint */

struct ask {
	struct link link;
	struct buf lines;
	unsigned tag;
};

static const char *const service_names[] = {
	[MGCP_SERVICE_UNKNOWN] = "unknown", [MGCP_SERVICE_IN] = "in service", [MGCP_SERVICE_LEAVING] = "leaving service", [MGCP_SERVICE_OUT] = "out of service",
};

static void advance(struct mgcp_ep *e);

const char *mgcp_service_name(enum mgcp_service s)
{
	return service_names[s];
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void ask_destroy(void *obj)
{
	struct ask *a = obj;
	list_remove(&a->link);
	buf_reset(&a->lines);
}

static void drop_asks(struct mgcp_ep *e)
{
	while (!list_empty(&e->asks))
		mem_deref(container_of(list_first(&e->asks), struct ask, link));
}

static void ep_destroy(void *obj)
{
	struct mgcp_ep *e = obj;
	mem_deref(e->gw);
	mem_free(e->name);
}

struct mgcp_ep *mgcp_ep_end(struct mgcp_ep *e)
{
	if (!e)
		return NULL;
	drop_asks(e);
	timer_stop(&e->retry);
	timer_stop(&e->back);
	list_remove(&e->link);
	hash_remove(&e->gw->eps_by_name, &e->by_name);
	mgcp_forget(e->gw->peer, e);
	return mem_deref(e);
}

/* Identifiers are not those of an earlier process of ours (3.2.2.18): what was asked by that is not taken for what we ask. */
static uint32_t first_id(void)
{
	uint32_t n;
	random_bytes(&n, sizeof n);
	return n | 0x10000000;
}

int mgcp_ep_new(struct mgcp_ep **ret, struct mgcp_gw *gw, const char *name, mgcp_packages packages, const struct mgcp_ep_handlers *h, void *arg)
{
	if (!*name || strpbrk(name, "*$ \r\n"))
		return -EINVAL;
	struct mgcp_ep *e = mem_alloc(sizeof *e, ep_destroy);
	if (!e)
		return -ENOMEM;
	list_init(&e->asks);
	e->gw = mem_ref(gw);
	e->packages = packages;
	e->h = h;
	e->arg = arg;
	e->id = first_id();
	e->name = gw_endpoint(gw, name);
	int err = !e->name ? -ENOMEM : gw_ep_find(gw, slice_str(e->name)) ? -EEXIST : 0;
	if (err) {
		mem_deref(e);
		return err;
	}
	list_append(&gw->eps, &e->link);
	hash_insert(&gw->eps_by_name, &e->by_name, cx_endpoint_hash(slice_str(e->name)));
	*ret = e;
	return 0;
}

struct mgcp_ep *gw_ep_find(const struct mgcp_gw *gw, struct slice name)
{
	struct mgcp_ep *e;
	uint32_t h = cx_endpoint_hash(name);
	hash_foreach_match(e, &gw->eps_by_name, h, by_name)
		if (mgcp_name_matches(slice_str(e->name), name))
			return e;
	return NULL;
}

/* --- what we ask -------------------------------------------------------------------------------------------------- */

static void write_ask(struct buf *out, const struct mgcp_gw *gw, const struct mgcp_ask *ask)
{
	const struct {
		enum mgcp_param_id id;
		const char *value;
	} lines[] = {
		{MGCP_P_NOTIFIED_ENTITY, gw->entity}, {MGCP_P_REQUESTED_EVENTS, ask->events}, {MGCP_P_SIGNAL_REQUESTS, ask->signals},
		{MGCP_P_DIGIT_MAP, ask->digitmap},    {MGCP_P_QUARANTINE, ask->quarantine},
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (lines[i].value && *lines[i].value)
			mgcp_write_text(out, lines[i].id, slice_str(lines[i].value));
	mgcp_write_end(out, SLICE_NONE);
}

static void on_back(void *arg);

/* One that its gateway does not know is asked for now and then; `found`: it is there. */
static void seek(struct mgcp_ep *e, bool found)
{
	e->absent = !found;
	if (found)
		ep_service(e, MGCP_SERVICE_IN, false, "it is there");
	else
		timer_start(&e->back, EP_BACK_MS, on_back, e);
}

static void on_back(void *arg)
{
	struct mgcp_ep *e = arg;
	if (mgcp_ep_audit(e))
		seek(e, false);
}

/* The gateway says that there is none (500), or that it is not ready, which RSIP will end (501). One that is not there may come without a word. */
static void refused(struct mgcp_ep *e, unsigned code)
{
	if (code != 500 && code != 501)
		return;
	if (code == 500)
		seek(e, false);
	if (e->service != MGCP_SERVICE_OUT)
		ep_service(e, MGCP_SERVICE_OUT, false, mgcp_code_text(code));
}

static void on_answer(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct mgcp_ep *e = mem_ref(arg);
	struct mgcp_gw *gw = mem_ref(e->gw);
	unsigned code = err ? 0 : rsp->code;
	struct ask *a = container_of(list_first(&e->asks), struct ask, link);
	unsigned tag = a->tag;
	e->in_flight = false;
	mem_deref(a);
	err = err ? err : mgcp_code_error(code);
	if (!err)
		e->taken = e->id;
	if (!err && e->service == MGCP_SERVICE_UNKNOWN)
		e->service = MGCP_SERVICE_IN;
	if (e->h->answered)
		e->h->answered(e->arg, tag, err, code);
	if (err == -ETIMEDOUT)
		gw_timed_out(gw);
	else
		gw_answered(gw);
	if (link_in_list(&e->link))
		refused(e, code);
	advance(e);
	mem_deref(gw);
	mem_deref(e);
}

static void on_retry(void *arg)
{
	advance(arg);
}

/* Sends the next one, when none is under way. */
static void advance(struct mgcp_ep *e)
{
	if (e->in_flight || list_empty(&e->asks) || !link_in_list(&e->link))
		return;
	struct buf text = buf_growing();
	uint32_t tid = mgcp_next_tid(e->gw->peer);
	mgcp_write_command(&text, MGCP_RQNT, tid, e->name);
	mgcp_write_param(&text, MGCP_P_REQUEST_ID, "%x", ++e->id);
	buf_slice(&text, buf_text(&container_of(list_first(&e->asks), struct ask, link)->lines));
	int err = gw_send(e->gw, tid, &text, on_answer, e);
	buf_reset(&text);
	e->in_flight = !err;
	if (err)
		timer_start(&e->retry, EP_RETRY_MS, on_retry, e);
}

int mgcp_ep_request(struct mgcp_ep *e, const struct mgcp_ask *ask)
{
	if (e->gw->state == MGCP_GW_DOWN)
		return -EHOSTUNREACH;
	if (list_count(&e->asks) >= ASKS_MAX)
		return -EBUSY;
	struct ask *a = mem_alloc(sizeof *a, ask_destroy);
	if (!a)
		return -ENOMEM;
	a->tag = ask->tag;
	a->lines = buf_growing();
	write_ask(&a->lines, e->gw, ask);
	if (a->lines.err) {
		mem_deref(a);
		return -ENOMEM;
	}
	list_append(&e->asks, &a->link);
	e->waits = false;
	advance(e);
	return 0;
}

bool mgcp_ep_waits(const struct mgcp_ep *e)
{
	return e->waits;
}

/* --- what it reports ---------------------------------------------------------------------------------------------- */

static bool is_id(uint32_t id, struct slice text)
{
	char own[12];
	snprintf(own, sizeof own, "%x", id);
	return slice_caseeq(text, slice_str(own));
}

/* It is about the last request that was taken; the one under way is taken if it is notified of, or may be refused. */
static bool is_current(const struct mgcp_ep *e, struct slice id)
{
	return (e->taken && is_id(e->taken, id)) || (e->in_flight && is_id(e->id, id));
}

void ep_notified(struct mgcp_ep *e, const struct mgcp_msg *cmd)
{
	struct mgcp_observed o;
	bool asked = is_current(e, slice_trim(mgcp_param(cmd, MGCP_P_REQUEST_ID)));
	int more;
	mem_ref(e);
	e->waits = true;
	mgcp_observed_start(&o, e->packages, mgcp_param(cmd, MGCP_P_OBSERVED_EVENTS));
	while ((more = mgcp_observed_next(&o)) != 0 && link_in_list(&e->link)) {
		if (more == 1)
			e->h->event(e->arg, &o, asked);
		else if (more == -EBADMSG)
			log_debug(e->gw->object, "%s: an event that cannot be read", e->name);
	}
	if (e->h->notified && link_in_list(&e->link))
		e->h->notified(e->arg, asked);
	mem_deref(e);
}

void ep_service(struct mgcp_ep *e, enum mgcp_service s, bool fresh, const char *why)
{
	if (e->service != s)
		log_info(e->gw->object, "%s: %s -> %s: %s", e->name, service_names[e->service], service_names[s], why);
	e->service = s;
	if (s != MGCP_SERVICE_OUT) {
		e->absent = false;
		timer_stop(&e->back);
	}
	/* What still waits belongs to what was before. */
	if (s == MGCP_SERVICE_OUT || fresh)
		while (list_count(&e->asks) > (e->in_flight ? 1 : 0))
			mem_deref(container_of(e->asks.head.prev, struct ask, link));
	if (e->h->service)
		e->h->service(e->arg, s, fresh);
}

/* ES: tells the states that differ from the usual, or "L/hu" as well (2.3.10). */
static enum mgcp_hook hook_of(const struct mgcp_ep *e, struct slice states)
{
	struct mgcp_observed o;
	int more;
	mgcp_observed_start(&o, e->packages, states);
	while ((more = mgcp_observed_next(&o)) != 0) {
		if (more == 1 && !strcmp(o.type->name, "hd"))
			return MGCP_OFF_HOOK;
		if (more == 1 && !strcmp(o.type->name, "hu"))
			return MGCP_ON_HOOK;
	}
	return MGCP_ANY_HOOK;
}

static void on_audit(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct mgcp_ep *e = mem_ref(arg);
	struct mgcp_gw *gw = mem_ref(e->gw);
	enum mgcp_hook hook = err || rsp->code != 200 ? MGCP_ANY_HOOK : hook_of(e, mgcp_param(rsp, MGCP_P_EVENT_STATES));
	int outcome = err ? err : mgcp_code_error(rsp->code);
	if (!outcome && hook == MGCP_ANY_HOOK)
		outcome = -ENODATA;
	if (err)
		gw_timed_out(gw);
	else
		gw_answered(gw);
	if (e->absent && link_in_list(&e->link))
		seek(e, !err && rsp->code == 200);
	if (e->h->audited && link_in_list(&e->link))
		e->h->audited(e->arg, outcome, hook);
	mem_deref(gw);
	mem_deref(e);
}

int mgcp_ep_audit(struct mgcp_ep *e)
{
	if (e->gw->state == MGCP_GW_DOWN)
		return -EHOSTUNREACH;
	struct buf text = buf_growing();
	uint32_t tid = mgcp_next_tid(e->gw->peer);
	mgcp_write_command(&text, MGCP_AUEP, tid, e->name);
	mgcp_write_text(&text, MGCP_P_REQUESTED_INFO, slice_str(mgcp_param_name(MGCP_P_EVENT_STATES)));
	mgcp_write_end(&text, SLICE_NONE);
	int err = gw_send(e->gw, tid, &text, on_audit, e);
	buf_reset(&text);
	return err;
}

enum mgcp_service mgcp_ep_service(const struct mgcp_ep *e)
{
	return e->service;
}

const char *mgcp_ep_name(const struct mgcp_ep *e)
{
	return e->name;
}

struct mgcp_gw *mgcp_ep_gw(const struct mgcp_ep *e)
{
	return e->gw;
}
