// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/transfer.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/core.h"
#include "callagent/dial.h"
#include "callagent/leg_sip_news.h"
#include "sip/malformed.h"
#include "sip/replaces.h"
#include <errno.h>

/* Who the party of a leg is: a user or a line by its name, a trunk by its address. */
static const struct conf_part *source_of(const struct agent *a, const struct leg *l, struct source *from)
{
	struct trunk *t = trunks_find(&a->trunks, slice_str(l->target));
	struct tel_line *line = tel_lines_find(&a->tel_lines, slice_str(l->target));
	const struct user *u = auth_user(registrar_auth(a->registrar), l->target);
	bool exact = false;
	*from = (struct source){0};
	if (line && line->kind == TEL_LINE) {
		source_of_line(from, line);
		return line->conf;
	}
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
	caller->presentation = stays->hidden ? PRESENT_RESTRICTED : PRESENT_AS_SENT;
	CDR_SET(caller->number, slice_str(r.number));
	CDR_SET(caller->display, slice_str(u ? conf_string(user_conf(u), "display") : ""));
}

static unsigned transfer(void *arg, struct call *c, struct leg *by, const struct leg_transfer *t)
{
	struct agent *a = arg;
	struct source from;
	struct shown stays = {0};
	source_of(a, by, &from);
	describe_caller(a, call_peer(c, by), &stays);
	call_transfer_called(c, slice_is_set(t->to->user) ? t->to->user : t->to->text);
	int err = dial_transfer(&c->transfer_plan, a, c, &from, t, &stays);
	return err ? core_status_of(err) : 0;
}

static struct leg *leg_named(void *arg, struct slice replaces)
{
	const struct agent *a = arg;
	struct sip_replaces name;
	struct leg *l;
	bool early;
	return sip_replaces_parse(&name, replaces) || leg_sip_named(&l, a->sip, &name, &early) ? NULL : l;
}

/* RFC 3891 3: of dialogs that still ring only those that we have begun; what is over is declined for good. */
static unsigned find_replaced(const struct agent *a, const struct sip_msg *req, struct leg **theirs, bool *early)
{
	const struct sip_hdr *h = sip_msg_hdr(req, SIP_HDR_REPLACES);
	struct sip_replaces name;
	if (sip_msg_next(req, h) || sip_msg_named(req, SLICE("Join")) || sip_replaces_parse(&name, h->value)) {
		sip_malformed(SIP_PART_REPLACES);
		return 400;
	}
	int err = leg_sip_named(theirs, a->sip, &name, early);
	if (!err && (*theirs)->call && (*theirs)->call->state >= CALL_ENDING)
		err = -ESHUTDOWN;
	if (err == -ESHUTDOWN)
		return 603;
	if (err || !(*theirs)->call || (*early && *theirs == (*theirs)->call->a))
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
		core_record_refusal(a, req, from, status, "no such place to take");
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
	core_record_refusal(a, req, from, status, "that place is not given");
	l->kind->release(l, &(struct leg_news){.status = status});
	mem_deref(l);
}

/* Whether the party of the leg is who sends this. */
static bool is_party(const struct agent *a, const struct leg *l, const struct source *from)
{
	struct source party;
	return source_of(a, l, &party) && party.kind == from->kind && !strcmp(party.name, from->name);
}

bool transfer_refer(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from)
{
	const struct sip_hdr *h = sip_msg_named(req, SLICE("Target-Dialog"));
	struct sip_replaces name;
	struct leg *l;
	bool early;
	if (!h)
		return false;
	if (sip_msg_next(req, h) || sip_target_dialog_parse(&name, h->value)) {
		sip_reply(st, 400, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return true;
	}
	if (leg_sip_named(&l, a->sip, &name, &early) || !l->call)
		return false;
	if (is_party(a, l, from))
		leg_sip_refer(l, st, req);
	else
		sip_reply(st, 403, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	return true;
}

bool transfer_allowed(const struct agent *a, const struct source *from, const struct user *user)
{
	const struct conf_part *p = from->trunk ? from->trunk->conf : user ? user_conf(user) : NULL;
	return p && conf_bool(p, "allow-transfer");
}

void transfer_open(struct agent *a)
{
	a->calls.may_transfer = may_transfer;
	a->calls.transfer = transfer;
	a->calls.leg_named = leg_named;
	a->calls.transfer_arg = a;
}
