// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/agent_guard.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/mem.h"
#include "routing/emergency.h"
#include <errno.h>

static bool is_peer(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	return registrar_has_source(a->registrar, src) || trunks_know(&a->trunks, a->sip, src);
}

static bool is_emergency(void *arg, const struct sip_uri *uri, const struct addr *src)
{
	struct agent *a = arg;
	return emergency_maybe(a->conf, uri);
}

static bool admits(void *arg, const struct addr *src, bool secure, struct slice text)
{
	struct agent *a = arg;
	return guard_admits(a->guard, src, secure, text);
}

static bool knows(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	return guard_knows(a->guard, src);
}

static void on_proven(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	guard_proven(a->guard, src);
}

static void on_malformed(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	guard_malformed(a->guard, src);
}

static void on_stranger(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	guard_refused_stranger(a->guard, src);
}

/* On a trunk's own host everybody is believed to be the trunk, unless there are phones. */
static bool reuses(void *arg, const struct addr *listens)
{
	struct agent *a = arg;
	bool exact;
	return trunks_by_address(&a->trunks, listens, &exact) && exact && !registrar_has_source(a->registrar, listens);
}

static void on_authenticated(void *arg, const struct addr *src, bool good, bool here)
{
	struct agent *a = arg;
	guard_authenticated(a->guard, src, good, here);
}

static int busy(void *arg, const struct sip_msg *req, uint32_t waited_ms)
{
	struct agent *a = arg;
	const struct overload_request r = {
		.emergency = guard_exempt(a->guard, req),
		.registered = registrar_has_source(a->registrar, &req->src),
		.controlled = !req->stranger && sip_is_loss_controlled(req),
		.waited_ms = waited_ms,
	};
	unsigned retry_s;
	switch (overload_judge(a->overload, req, &r, &retry_s)) {
	case OVERLOAD_REFUSE:
		return (int)retry_s;
	case OVERLOAD_STALE:
		return -1;
	default:
		return 0;
	}
}

static void on_loss(void *arg, unsigned loss)
{
	struct agent *a = arg;
	if (a->sip)
		sip_stack_set_loss(a->sip, loss);
}

struct sip_watch agent_watch(struct agent *a)
{
	return (struct sip_watch){
		.admits = admits, .knows = knows, .proven = on_proven, .malformed = on_malformed, .stranger = on_stranger, .busy = busy, .reuses = reuses,
		.arg = a, .stranger_status = guard_stranger_status(a->conf),
	};
}

int agent_guard_open(struct agent *a, struct buf *why)
{
	const struct guard_params p = {.conf = a->conf, .is_peer = is_peer, .is_emergency = is_emergency, .arg = a};
	const struct overload_params o = {.conf = a->conf, .changed = on_loss, .arg = a};
	const struct fraud_params f = {.conf = a->conf, .store = a->store, .table = AGENT_STORE_FRAUD};
	int err = guard_new(&a->guard, &p) ?: overload_new(&a->overload, &o) ?: fraud_new(&a->fraud, &f);
	if (!err && daemon_ctl())
		err = ctl_add(daemon_ctl(), guard_verbs, a->guard) ?: ctl_add(daemon_ctl(), overload_verbs, a->overload)
		      ?: ctl_add(daemon_ctl(), fraud_verbs, a->fraud);
	if (err)
		buf_printf(why, "security: %s", strerror(-err));
	else
		auth_watch(registrar_auth(a->registrar), on_authenticated, a);
	return err;
}

/* As when it was dialled: neither a call for help, nor one to a phone of ours. */
static bool is_limited(const struct agent *a, const struct call *c)
{
	const char *to = c->cdr.target;
	return c->answered && !c->cdr.emergency && (trunks_find(&a->trunks, slice_str(to)) || !auth_user(registrar_auth(a->registrar), to));
}

void agent_guard_calls(struct agent *a)
{
	struct call *c;
	const char *rule;
	list_foreach(c, &a->calls.all, link)
		if (is_limited(a, c))
			fraud_admits(a->fraud, &c->fraud, *c->cdr.transferred_by ? c->cdr.transferred_by : c->cdr.source, c->cdr.called_sent, true, &rule);
}

void agent_guard_reload(struct agent *a)
{
	if (fraud_reconfigure(a->fraud, a->conf))
		log_error("fraud", "memory is out: the rules stay as they were");
	const struct sip_watch watch = agent_watch(a);
	guard_reconfigure(a->guard, a->conf);
	overload_reconfigure(a->overload, a->conf);
	sip_stack_ask_loss(a->sip, conf_bool(conf_section(a->conf, "overload"), "feedback"));
	sip_stack_watch(a->sip, &watch);
}

void agent_guard_close(struct agent *a)
{
	a->fraud = mem_deref(a->fraud);
	a->overload = mem_deref(a->overload);
	a->guard = mem_deref(a->guard);
}
