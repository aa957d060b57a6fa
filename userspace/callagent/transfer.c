// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/transfer.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/dial.h"
#include "callagent/leg_sip_news.h"
#include "sip/replaces.h"
#include <errno.h>

/* Who the party of a leg is: a user by its name, a trunk by its address. */
static const struct conf_part *source_of(const struct agent *a, const struct leg *l, struct source *from)
{
	struct trunk *t = trunks_find(&a->trunks, slice_str(l->target));
	const struct user *u = auth_user(registrar_auth(a->registrar), l->target);
	bool exact = false;
	*from = (struct source){0};
	/* They may have one name. */
	if (t && (!u || trunks_by_address(&a->trunks, &l->party.signalling, &exact) == t)) {
		source_of_trunk(from, t, exact);
		return t->conf;
	}
	if (!u)
		return NULL;
	source_of_user(from, u);
	return user_conf(u);
}

static bool may_transfer(void *arg, const struct leg *by)
{
	struct source from;
	const struct conf_part *p = source_of(arg, by, &from);
	/* RFC 6881 SP-37, SP-38: who answers an emergency call passes it on, who has made it does not. */
	if (by->call->cdr.emergency)
		return by == by->call->winner;
	return p && conf_bool(p, "allow-transfer");
}

/* Whom the one who comes shall see: the party that stays. */
static void describe_caller(const struct agent *a, const struct leg *stays, struct shown *caller)
{
	struct cdr_leg r = {0};
	const struct user *u = auth_user(registrar_auth(a->registrar), stays->target);
	stays->kind->describe(stays, &r);
	CDR_SET(caller->number, slice_str(r.number));
	CDR_SET(caller->display, slice_str(u ? conf_string(user_conf(u), "display") : ""));
}

static int join(struct agent *a, struct call *c, const struct leg_sip_call *how)
{
	struct leg *l;
	int err = leg_sip_outgoing(&l, a->sip, how);
	if (err)
		return err;
	err = call_transfer_join(c, l);
	if (err)
		mem_deref(l);
	return err;
}

static unsigned transfer(void *arg, struct call *c, struct leg *by, const struct leg_transfer *t)
{
	static const struct diversions none;
	struct agent *a = arg;
	struct source from;
	struct target target[PLAN_TARGETS];
	struct shown caller = {0};
	struct buf headers = buf_growing();
	unsigned joined = 0, status;
	source_of(a, by, &from);
	unsigned n = dial_targets(a, t->native, t->to, &from, target, PLAN_TARGETS, &status);
	describe_caller(a, call_peer(c, by), &caller);
	/* A dialog that is not ours: whoever is called knows it (RFC 5589 7). */
	if (!slice_empty(t->replaces))
		sip_write_hdr(&headers, SIP_HDR_REPLACES, t->replaces);
	for (unsigned i = 0; i < n && target[i].rank == 0 && !headers.err; i++) {
		const struct leg_sip_call how = {
			.target = &target[i],
			.caller = &caller,
			.diversions = &none,
			.headers = buf_text(&headers),
			.max_forwards = (uint32_t)conf_int(conf_section(a->conf, "sip"), "max-forwards"),
			.ring_ms = a->calls.ring_ms,
		};
		int err = join(a, c, &how);
		if (err)
			log_warn(c->object, "transfer to %s: %s", target[i].name, strerror(-err));
		else
			joined++;
	}
	buf_reset(&headers);
	return joined ? 0 : n ? 503 : status;
}

static struct leg *leg_named(void *arg, struct slice replaces)
{
	const struct agent *a = arg;
	bool early;
	return leg_sip_named(a->sip, replaces, &early);
}

/* RFC 3891 3: of dialogs that still ring only those that we have begun. */
static unsigned find_replaced(const struct agent *a, const struct sip_msg *req, struct leg **theirs, bool *early)
{
	const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_REPLACES);
	struct sip_replaces name;
	if (sip_msg_next(req, h) || sip_msg_named(req, SLICE("Join")) || sip_replaces_parse(&name, h->value))
		return 400;
	*theirs = leg_sip_named(a->sip, h->value, early);
	if (!*theirs || !(*theirs)->call || (*early && *theirs == (*theirs)->call->a))
		return 481;
	return name.early_only && !*early ? 486 : 0;
}

void transfer_replaces(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from)
{
	struct leg *theirs, *l;
	struct leg_news n;
	bool early;
	unsigned status = find_replaced(a, req, &theirs, &early);
	if (status) {
		sip_reply(st, status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	int err = leg_sip_incoming(&l, st, from);
	if (err) {
		if (err != -EALREADY)
			sip_reply(st, 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	sip_news(&n, 0, req);
	status = early ? call_pick_up(theirs, l, &n) : call_replace(theirs, l, &n);
	if (!status)
		return;
	l->kind->release(l, &(struct leg_news){.status = status});
	mem_deref(l);
}

void transfer_open(struct agent *a)
{
	a->calls.may_transfer = may_transfer;
	a->calls.transfer = transfer;
	a->calls.leg_named = leg_named;
	a->calls.transfer_arg = a;
}
