// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/rqnt.h"
#include "base/mem.h"
#include "mediagw/events.h"
#include "mediagw/notified.h"
#include "mgcp/gateway.h"
#include <errno.h>

#define RTO_DEFAULT_S 60 /* RFC 3660 2.10 */

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* "120,st=im" */
int request_rto(struct slice params, uint32_t *ret)
{
	*ret = RTO_DEFAULT_S;
	while (slice_is_set(params)) {
		struct slice one = mgcp_list_next(&params);
		if (one.len && one.p[0] >= '0' && one.p[0] <= '9' && (slice_u32(one, ret) || !*ret || *ret > 65535))
			return -EINVAL;
	}
	return 0;
}

unsigned request_parse(struct request *ret, const struct endpoint *e, const struct mgcp_msg *cmd, const struct conn *current, const char **why)
{
	struct request r = {.rqnt = NULL};
	struct slice entity = mgcp_param(cmd, MGCP_P_NOTIFIED_ENTITY);
	unsigned code = 0;
	if (slice_is_set(entity)) {
		r.notified = slice_trim(entity);
		*why = "the notified entity is no name, and no list of names";
		code = notified_check(r.notified);
	}
	if (!code && slice_is_set(mgcp_param(cmd, MGCP_P_REQUEST_ID))) {
		code = mgcp_rqnt_parse(&r.rqnt, cmd, e->packages, current ? slice_str(current->id) : SLICE_NONE, why);
	} else if (!code && (slice_is_set(mgcp_param(cmd, MGCP_P_REQUESTED_EVENTS)) || slice_is_set(mgcp_param(cmd, MGCP_P_SIGNAL_REQUESTS)))) {
		*why = "R: or S: without a request identifier";
		code = 510;
	}
	if (!code)
		*ret = r;
	return code;
}

void request_drop(struct request *r)
{
	r->rqnt = mem_deref(r->rqnt);
}

/* --- executing ---------------------------------------------------------------------------------------------------- */

/* A request that is sound takes effect at once; what it lets go of the quarantine is told after the response. */
static unsigned take_over(struct endpoint *e, struct mgcp_rqnt *r, const char **why)
{
	struct mgcp_notifier *n;
	*why = "memory is out";
	if (events_notifier(e, &n))
		return 400;
	e->busy = true;
	unsigned code = mgcp_notifier_request(n, r, why);
	e->busy = false;
	if (!code && e->events->asked)
		e->events->asked(e);
	return code;
}

unsigned request_apply(struct endpoint *e, const struct request *r, const char **why)
{
	bool named = slice_is_set(r->notified);
	struct notified *entity = NULL;
	*why = "memory is out";
	if (named && !slice_empty(r->notified) && notified_get(&entity, e->gw, r->notified))
		return 400;
	unsigned code = r->rqnt ? take_over(e, r->rqnt, why) : 0;
	if (!code && named)
		endpoint_notify(e, entity);
	mem_deref(entity);
	if (!code && (r->rqnt || named))
		events_asked(e);
	return code;
}

int request_restore(struct endpoint *e, struct slice notified, struct slice state, struct slice record)
{
	struct notified *entity;
	struct mgcp_notifier *n;
	int err = notified.len ? notified_get(&entity, e->gw, notified) : 0;
	if (!err && notified.len) {
		endpoint_notify(e, entity);
		mem_deref(entity);
	}
	if (!err && !slice_empty(state) && e->events->restore)
		e->events->restore(e, state);
	if (err || slice_empty(record))
		return err;
	err = events_notifier(e, &n);
	if (err)
		return err;
	e->busy = true;
	err = mgcp_notifier_load(n, record);
	e->busy = false;
	if (err)
		return err;
	if (e->events->asked)
		e->events->asked(e);
	events_asked(e);
	return 0;
}

static unsigned apply_one(struct endpoint *e, const struct command *cmd, const char **why)
{
	struct request r;
	unsigned code = request_parse(&r, e, cmd->msg, NULL, why);
	if (code)
		return code;
	code = request_apply(e, &r, why);
	request_drop(&r);
	return code;
}

static void write_packages(const struct endpoint *e, struct answer *a)
{
	buf_str(&a->lines, "PL: ");
	mgcp_packages_write(&a->lines, e->packages);
	buf_str(&a->lines, "\r\n");
}

/* NotificationRequest (2.3.3). */
unsigned verb_rqnt(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	const char *why = NULL;
	struct endpoint *e;
	unsigned code = 200;
	if (cmd->name.kind == NAME_ONE) {
		if (endpoint_get(gw, cmd->name.place, &e))
			return 400;
		code = apply_one(e, cmd, &why);
		if (code == 518)
			write_packages(e, a);
		endpoint_release_idle(e);
		return code ? refuse(a, code, why) : 200;
	}
	list_foreach_safe(e, &gw->endpoints, link) {
		if (!endpoint_is_named(e, &cmd->name))
			continue;
		unsigned one = apply_one(e, cmd, &why);
		code = one ? one : code;
		endpoint_release_idle(e);
	}
	return code == 200 ? 200 : refuse(a, code, why);
}
