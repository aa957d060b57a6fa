// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/core.h"
#include "base/random.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/abilities.h"
#include "callagent/dial.h"
#include "callagent/emergency_call.h"
#include "callagent/leg_sip.h"
#include "callagent/leg_sip_news.h"
#include "callagent/message_waiting.h"
#include "callagent/outcome.h"
#include "callagent/relay.h"
#include "callagent/sip_overlap.h"
#include "callagent/transfer.h"
#include "sip/check.h"
#include <errno.h>

/* What is passed on has to fit a datagram, with headers of ours. */
#define BODY_MAX 32768

/* Whatever passes through has the body it has. */
static const struct sip_check passing = {
	.methods = abilities_methods, .extensions = abilities_extensions, .body_max = BODY_MAX, .forwards = true,
};
static const char *const schemes[] = {"sip", "sips", "tel", "urn", NULL}; /* urn:service: (RFC 5031) */
static const struct sip_check rules = {
	.schemes = schemes, .methods = abilities_methods, .types = abilities_types, .extensions = abilities_extensions, .body_max = BODY_MAX, .forwards = true,
};
/* The registrar knows extensions of its own. */
static const struct sip_check registering = {
	.schemes = schemes, .methods = abilities_methods, .types = abilities_types, .extensions = registrar_extensions, .body_max = BODY_MAX, .forwards = true,
};

static void refuse(struct sip_strans *st, unsigned status, enum outcome_refusal why)
{
	outcome_refused(why);
	sip_reply_once(st, status, NULL, SLICE_NONE);
}

void core_fill_record(struct cdr *r, const struct sip_msg *req, const struct source *from)
{
	CDR_SET(r->source, slice_str(from->name));
	CDR_SET(r->caller, req->from.uri.user);
	CDR_SET(r->caller_sent, req->from.uri.user);
	CDR_SET(r->called, slice_is_set(req->ruri.user) ? req->ruri.user : req->ruri.text);
}

void core_record(struct agent *a, struct cdr *r, unsigned status, unsigned cause, const char *why)
{
	int err = random_id(r->id, sizeof(r->id));
	r->setup = r->end = (int64_t)clock_utc_ms();
	r->status = status;
	r->cause = cause;
	CDR_SET(r->linked, slice_str(r->id));
	CDR_SET(r->released_by, SLICE("tandem"));
	CDR_SET(r->why, slice_str(why));
	err = err ? err : cdr_end(a->cdr, r);
	if (err)
		log_error(NULL, "the record of a refused call was not queued: %s", strerror(-err));
}

/* A mere challenge is no attempt. */
void core_record_refusal(struct agent *a, const struct sip_msg *req, const struct source *from, unsigned status, const char *why)
{
	struct cdr r = {0};
	struct cdr_leg *leg = &r.leg[CDR_A];
	char peer[ADDR_STR_LEN];
	core_fill_record(&r, req, from);
	CDR_SET(leg->call_id, req->call_id);
	CDR_SET(leg->number, req->from.uri.user);
	CDR_SET(leg->peer, slice_str(addr_str(&req->src, peer)));
	core_record(a, &r, status, outcome_cause(status), why);
}

/* --- who calls ------------------------------------------------------------------------------------------------------ */

/* A trunk by its certificate or address; on the same address, but another port, users may be as well: one whose name is in From has to prove it. */
static bool is_trunk(const struct agent *a, const struct sip_msg *req, struct source *from)
{
	bool exact;
	struct trunk *t = trunks_by_sender(&a->trunks, req, &exact);
	if (!t)
		return false;
	source_of_trunk(from, t, exact);
	return from->exact || !auth_user_at(registrar_auth(a->registrar), &req->from.uri);
}

/* Wherever it comes from, by the name in its credentials. */
static bool is_trunk_by_login(const struct agent *a, struct sip_strans *st, const struct sip_msg *req, struct source *from)
{
	char name[128];
	struct trunk *t = NULL;
	if (auth_name(registrar_auth(a->registrar), st, req, name, sizeof(name)))
		t = trunks_by_login(&a->trunks, slice_str(name));
	if (t)
		source_of_trunk(from, t, false);
	return t;
}

/* A trunk with a name and password of its own has to show them. */
static bool proves_trunk(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from)
{
	const struct conf_part *p = from->trunk->conf;
	const char *name = conf_string(p, "their-user");
	if (!*name || trunks_by_certificate(&a->trunks, req))
		return true;
	enum auth_result res = auth_check_login(registrar_auth(a->registrar), st, req, name, conf_string(p, "their-password"));
	if (res == AUTH_OK)
		return true;
	outcome_refused(OUTCOME_UNAUTHENTICATED);
	if (res == AUTH_WRONG)
		core_record_refusal(a, req, from, 407, "wrong credentials");
	return false;
}

/* False when it has been answered. Strangers are challenged like everybody, and learn nothing. */
bool core_identify(struct agent *a, struct sip_strans *st, const struct sip_msg *req, struct source *from, const struct user **user)
{
	struct auth *auth = registrar_auth(a->registrar);
	*user = NULL;
	if (is_trunk(a, req, from) || is_trunk_by_login(a, st, req, from))
		return proves_trunk(a, st, req, from);
	*from = (struct source){0};
	enum auth_result res = auth_check(auth, st, req, true, user);
	if (res == AUTH_OK) {
		source_of_user(from, *user);
		res = auth_check_from(auth, st, req, *user);
	}
	if (res == AUTH_OK)
		return true;
	outcome_refused(OUTCOME_UNAUTHENTICATED);
	if (res == AUTH_WRONG)
		core_record_refusal(a, req, from, 407, "wrong credentials");
	else if (res == AUTH_REFUSED && *user)
		core_record_refusal(a, req, from, 403, "not the caller's own number");
	return false;
}

/* --- what is called ------------------------------------------------------------------------------------------------- */

/* Why no target was found, as the caller is told. */
unsigned core_status_of(int err)
{
	switch (err) {
	case -ENOENT:
		return 404;
	case -ENOSPC:
		return 484;
	case -EHOSTDOWN:
		return 503;
	default:
		return 500;
	}
}

const char *core_words_of(int err)
{
	switch (err) {
	case -ENOENT:
		return "the number leads nowhere";
	case -ENOSPC:
		return "the number is too long";
	case -EHOSTDOWN:
		return "no media gateway is up";
	default:
		return strerror(-err);
	}
}

/* --- requests ------------------------------------------------------------------------------------------------------- */

struct core_refusal core_refusal_of(struct agent *a, const struct source *from, bool replaces)
{
	unsigned limit = from->kind == TARGET_USER ? a->calls.most_of_user : from->max_calls;
	if (a->stopping)
		return (struct core_refusal){"the gateway is shutting down", TRUNK_DOWN, false};
	if (a->calls.live + a->proxied.table.count >= a->calls.most)
		return (struct core_refusal){"too many calls", TRUNK_TOO_FAST, true};
	/* Who takes somebody's place in a call that is there begins none. */
	if (from->trunk && from->trunk->drained && !replaces)
		return (struct core_refusal){"the trunk is drained", TRUNK_DOWN, false};
	if (from->line && from->line->drained)
		return (struct core_refusal){"the line is drained", TRUNK_DOWN, false};
	if (limit && lines_taken(&a->calls.lines, slice_str(from->name)) >= limit)
		return (struct core_refusal){"too many calls of the caller", TRUNK_NO_LINE, false};
	if (from->line && !limits_admit(&from->line->limits))
		return (struct core_refusal){"too many calls of the line in a second", TRUNK_TOO_FAST, false};
	if (from->trunk && !trunk_admit(from->trunk))
		return (struct core_refusal){"too many calls of the trunk in a second", TRUNK_TOO_FAST, false};
	return (struct core_refusal){0};
}

bool core_refuses(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from)
{
	const struct core_refusal r = core_refusal_of(a, from, sip_msg_hdr(req, SIP_HDR_REPLACES) != NULL);
	if (!r.why)
		return false;
	outcome_refused(OUTCOME_LIMIT);
	sip_replyf(st, 503, NULL, "Reason: Q.850;cause=%u\r\n%s", r.cause, r.overloaded ? "Retry-After: 10\r\n" : "");
	core_record_refusal(a, req, from, 503, r.why);
	return true;
}

static int make_call(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from, struct call **ret)
{
	struct call *c;
	struct leg *l;
	int err = leg_sip_incoming(&l, st, from);
	if (err)
		return err;
	err = call_new(&c, &a->calls, gateways_pick(&a->gateways));
	if (err) {
		sip_reply(st, 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		mem_deref(l);
		return -EALREADY;
	}
	call_add_leg(c, l);
	core_fill_record(&c->cdr, req, from);
	if (call_set_party(c, SIDE_A, slice_str(from->name))) {
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = 500, .words = "out of memory"});
		return -EALREADY;
	}
	*ret = c;
	return 0;
}

static void start_call(struct call *c, const struct sip_msg *req)
{
	struct leg_news n;
	sip_news(&n, 0, req);
	call_start(c, &n);
}

static bool is_registered_from(const struct agent *a, const struct user *u, const struct addr *src)
{
	struct binding b[PLAN_TARGETS];
	unsigned n = registrar_contacts(a->registrar, user_name(u), b, PLAN_TARGETS);
	for (unsigned i = 0; i < n; i++)
		if (addr_eq(&b[i].source, src))
			return true;
	return false;
}

/* Nobody who calls for help is asked for a password; who it is, is believed of a phone that is registered from there. Whoever else says so has no
 * part in that user's affairs: his calls go on, his services stay. */
static void identify_emergency(struct agent *a, const struct sip_msg *req, const struct user *claimed, struct source *from)
{
	if (is_trunk(a, req, from))
		return;
	if (claimed && is_registered_from(a, claimed, &req->src)) {
		source_of_user(from, claimed);
		return;
	}
	*from = (struct source){.kind = TARGET_USER, .unproven = true, .latch = true};
	CDR_SET(from->name, SLICE("unknown"));
}

static void on_invite(struct agent *a, struct sip_strans *st, const struct sip_msg *req)
{
	struct source from = {0};
	const struct user *user;
	struct call *c;
	const struct user *claimed = auth_user_at(registrar_auth(a->registrar), &req->from.uri);
	const struct emergency e = emergency_of(a->conf, &req->ruri, claimed ? user_conf(claimed) : NULL, sip_strans_listener(st)->name);
	if (e.kind)
		identify_emergency(a, req, claimed, &from);
	else if (!core_identify(a, st, req, &from, &user))
		return;
	if (e.kind)
		sip_overlap_gives_way(st, req, &from);
	else if (sip_overlap_takes(a, st, req, &from) || core_refuses(a, st, req, &from))
		return;
	if (sip_msg_hdr(req, SIP_HDR_REPLACES)) {
		transfer_replaces(a, st, req, &from);
		return;
	}
	int err = make_call(a, st, req, &from, &c);
	if (err) {
		if (err != -EALREADY)
			sip_reply(st, err == -EBADMSG ? 400 : 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (e.kind)
		emergency_began(c, &e);
	c->overlap = !e.kind && sip_overlap_begins(a, req, &from);
	err = c->gw ? dial(a, c, req, &from, e.kind ? &e : NULL) : -EHOSTDOWN;
	if (err)
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = core_status_of(err), .words = core_words_of(err)});
	else
		start_call(c, req);
}

static void on_register(struct agent *a, struct sip_strans *st, const struct sip_msg *req)
{
	registrar_request(a->registrar, st, req);
}

/* RFC 3261 11.2: the status an INVITE would have now, so that a peer's probes see that its calls are not taken. */
static void on_options(struct agent *a, struct sip_strans *st, const struct sip_msg *req)
{
	struct buf lines = buf_growing();
	struct source from = {0};
	bool closed = a->stopping || (is_trunk(a, req, &from) && from.trunk->drained);
	sip_check_put(&lines, &rules);
	buf_str(&lines, "Accept-Encoding: identity\r\nAccept-Language: en\r\n");
	sip_reply_once(st, closed ? 503 : 200, NULL, lines.err ? SLICE_NONE : buf_text(&lines));
	buf_reset(&lines);
}

/* A method that only makes sense in a dialog, outside of one (RFC 3261 12.2.2). */
static void on_stray(struct agent *a, struct sip_strans *st, const struct sip_msg *req)
{
	refuse(st, 481, OUTCOME_BAD_REQUEST);
}

/* Unasked, a trunk may tell of messages that wait. */
static void on_notify(struct agent *a, struct sip_strans *st, const struct sip_msg *req)
{
	struct source from = {0};
	if (!message_waiting_is(req) || !is_trunk(a, req, &from))
		on_stray(a, st, req);
	else if (proves_trunk(a, st, req, &from))
		message_waiting_told(a, st, req);
}

static const struct {
	enum sip_method method;
	void (*handle)(struct agent *a, struct sip_strans *st, const struct sip_msg *req);
} handlers[] = {
	{SIP_INVITE, on_invite}, {SIP_REGISTER, on_register}, {SIP_OPTIONS, on_options},
	{SIP_BYE, on_stray},     {SIP_CANCEL, on_stray},      {SIP_INFO, on_stray},      {SIP_UPDATE, on_stray},
	{SIP_PRACK, on_stray},   {SIP_MESSAGE, relay_request}, {SIP_PUBLISH, relay_request},
	{SIP_SUBSCRIBE, subscriptions_request}, {SIP_NOTIFY, on_notify}, {SIP_REFER, subscriptions_request},
};

/* Methods that act are challenged, for that is how a phone becomes known; all else of strangers gets the one answer, or none. */
static bool acts(enum sip_method m)
{
	static const enum sip_method acting[] = {SIP_INVITE, SIP_REGISTER, SIP_MESSAGE, SIP_SUBSCRIBE, SIP_PUBLISH, SIP_REFER};
	for (size_t i = 0; i < sizeof(acting) / sizeof(acting[0]); i++)
		if (acting[i] == m)
			return true;
	return false;
}

void core_on_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct agent *a = arg;
	if (req->method == SIP_ACK)
		return;
	if (req->stranger && !acts(req->method)) {
		outcome_refused(OUTCOME_UNKNOWN_SOURCE);
		sip_refuse_stranger(st);
		return;
	}
	bool passes = req->method == SIP_MESSAGE || req->method == SIP_PUBLISH || req->method == SIP_SUBSCRIBE || req->method == SIP_REFER || req->method == SIP_NOTIFY;
	if (sip_check_request(st, passes ? &passing : req->method == SIP_REGISTER ? &registering : &rules)) {
		outcome_refused(OUTCOME_BAD_REQUEST);
		return;
	}
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].method == req->method) {
			handlers[i].handle(a, st, req);
			return;
		}
	refuse(st, 501, OUTCOME_BAD_REQUEST);
}
