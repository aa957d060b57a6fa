// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/subscriptions.h"
#include "base/random.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "callagent/agent.h"
#include "callagent/core.h"
#include "callagent/dial.h"
#include "callagent/leg_sip_transfer.h"
#include "callagent/outcome.h"
#include "callagent/relay.h"
#include "callagent/transfer.h"
#include "sip/malformed.h"
#include "sip/subscription.h"
#include <errno.h>

#define LINGER_S  32    /* after its time: the notifier says itself that it is over (RFC 6665 4.2.2) */
#define DEFAULT_S 3600  /* who names no time */
#define REFER_S   300   /* ... in a REFER, which has none to name: until the first NOTIFY does */
#define MOST_OPEN 20000 /* at the same time */

enum { CNT_BEGUN, CNT_REFUSED, CNT_ENDED, CNT_LOST, CNT_EXPIRED, CNT_TAKEN_OVER, CNT_NOW, CNT_MAX };

static const struct counter_def defs[CNT_MAX] = {
	[CNT_BEGUN] = {"begun", "subscriptions that a notifier has taken"},
	[CNT_REFUSED] = {"refused", "subscriptions that could not be passed on, or no notifier took"},
	[CNT_ENDED] = {"ended", "subscriptions that their notifier has ended"},
	[CNT_LOST] = {"lost", "subscriptions ended because a side has lost its dialog (481, no answer)"},
	[CNT_EXPIRED] = {"expired", "subscriptions that nobody has refreshed"},
	[CNT_TAKEN_OVER] = {"taken-over", "subscriptions of an earlier process that this one goes on with"},
	[CNT_NOW] = {"now", "subscriptions now"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group group = COUNTER_GROUP("subscriptions", defs, counts);

struct relayed {
	struct link link;
	struct subscriptions *owner; /* NULL: over */
	char id[17], own_host[2][ADDR_STR_LEN]; /* ours, as each side sees it */
	struct sip_subscription *side[2];       /* A: the subscriber's, B: the notifier's */
	struct sip_strans *first;               /* the request that began it, until it is answered */
	struct timer expiry;
	int64_t expires_at; /* UTC */
};

/* One request on its way from a side to the other. */
struct passage {
	struct relayed *r;
	struct sip_strans *st;
	enum side from;
	bool last; /* NOTIFY: it is over */
	uint32_t seconds; /* ... or goes on that long; 0: as it was */
};

static void relayed_destroy(void *obj)
{
	struct relayed *r = obj;
	timer_stop(&r->expiry);
	for (int i = 0; i < 2; i++) {
		if (r->side[i])
			sip_subscription_detach(r->side[i]);
		mem_deref(r->side[i]);
	}
	mem_deref(r->first);
}

static void passage_destroy(void *obj)
{
	struct passage *p = obj;
	mem_deref(p->r);
	mem_deref(p->st);
}

/* --- life --------------------------------------------------------------------------------------------------------------- */

static void save(struct relayed *r);

static void over(struct relayed *r, int reason, const char *why)
{
	if (!r->owner)
		return;
	counts[reason]++;
	log_debug(NULL, "subscription %s: over: %s", r->id, why);
	(void)store_del(r->owner->store, r->owner->table, slice_str(r->id));
	list_remove(&r->link);
	counts[CNT_NOW] = --r->owner->count;
	r->owner = NULL;
	timer_stop(&r->expiry);
	mem_deref(r);
}

static void on_expired(void *arg)
{
	over(arg, CNT_EXPIRED, "nobody refreshed it");
}

static void start_expiry(struct relayed *r)
{
	int64_t left = r->expires_at - (int64_t)clock_utc_ms();
	timer_start(&r->expiry, (left > 0 ? (uint64_t)left : 0) + LINGER_S * 1000, on_expired, r);
}

static void lives_for(struct relayed *r, uint32_t seconds)
{
	r->expires_at = (int64_t)clock_utc_ms() + seconds * 1000ll;
	start_expiry(r);
	save(r);
}

/* How long the answer to a SUBSCRIBE or REFER says that it lives. */
static void lives(struct relayed *r, const struct sip_msg *m)
{
	uint32_t seconds = m->cseq.method == SIP_REFER ? REFER_S : DEFAULT_S;
	slice_u32(slice_trim(sip_msg_value(m, SIP_HDR_EXPIRES)), &seconds);
	lives_for(r, seconds);
}

static int make(struct relayed **ret, struct subscriptions *ss)
{
	struct relayed *r = mem_alloc(sizeof(*r), relayed_destroy);
	if (!r)
		return -ENOMEM;
	r->owner = ss;
	list_append(&ss->all, &r->link);
	counts[CNT_NOW] = ++ss->count;
	*ret = r;
	return 0;
}

/* --- in a store ----------------------------------------------------------------------------------------------------------- */

struct kept {
	char own_host[2][ADDR_STR_LEN];
	int64_t expires_at;
	struct slice side[2];
};

static const struct pack_field fields[] = {
	PACK_FIELD(1, PACK_TEXT, struct kept, own_host[0]), PACK_FIELD(2, PACK_TEXT, struct kept, own_host[1]),
	PACK_FIELD(3, PACK_NUMBER, struct kept, expires_at), PACK_FIELD(4, PACK_SLICE, struct kept, side[0]),
	PACK_FIELD(5, PACK_SLICE, struct kept, side[1]),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void save(struct relayed *r)
{
	struct buf sides[2] = {buf_growing(), buf_growing()}, out = buf_growing();
	struct kept k = {.expires_at = r->expires_at};
	if (!r->owner || !r->side[SIDE_A] || !r->side[SIDE_B])
		return;
	for (int i = 0; i < 2; i++) {
		sip_subscription_save(r->side[i], &sides[i]);
		k.side[i] = buf_text(&sides[i]);
		memcpy(k.own_host[i], r->own_host[i], sizeof(k.own_host[i]));
	}
	pack_write(&out, fields, FIELDS, &k);
	int err = sides[0].err ? sides[0].err : sides[1].err ? sides[1].err : out.err;
	if (!err && k.side[0].len && k.side[1].len)
		err = store_put(r->owner->store, r->owner->table, slice_str(r->id), buf_text(&out));
	if (err)
		log_warn(NULL, "subscription %s would not survive a restart: %s", r->id, strerror(-err));
	buf_reset(&sides[0]);
	buf_reset(&sides[1]);
	buf_reset(&out);
}

/* --- requests within -------------------------------------------------------------------------------------------------------- */

/* Subscription-State: whether it is over, and for how long it goes on (RFC 6665 4.1.3), when that is said. */
static bool is_terminated(const struct sip_msg *notify, uint32_t *seconds)
{
	const struct sip_hdr *h = sip_msg_named(notify, SLICE("Subscription-State"));
	struct slice params = h ? h->value : SLICE_NONE, state = slice_trim(slice_cut(&params, ';'));
	if (slice_u32(slice_trim(sip_param(params, SLICE("expires"))), seconds))
		*seconds = 0;
	return slice_caseeq(state, SLICE("terminated"));
}

/* 481 and silence mean that this side has it no more, and so neither has the other (RFC 6665 4.1.2.2, 4.2.2). */
static void on_passed(void *arg, int err, const struct sip_msg *rsp)
{
	struct passage *p = arg;
	struct relayed *r = p->r;
	unsigned status = rsp ? rsp->status : err == -ETIMEDOUT ? 408 : 503;
	struct buf lines = buf_growing();
	if (status < 200)
		return;
	bool gone = status == 481 || status == 408;
	if (rsp && status < 300)
		relay_meaning(&lines, rsp);
	if (r->side[p->from])
		sip_subscription_reply(r->side[p->from], p->st, gone ? 481 : status < 300 ? status : outcome_for_caller(status, 0),
				       lines.err ? SLICE_NONE : buf_text(&lines));
	buf_reset(&lines);
	if (gone || p->last)
		over(r, gone ? CNT_LOST : CNT_ENDED, gone ? "a side has lost it" : "the notifier has ended it");
	else if (rsp && status < 300 && p->from == SIDE_A)
		lives(r, rsp);
	else if (rsp && status < 300 && p->seconds)
		lives_for(r, p->seconds);
	mem_deref(p);
}

static void pass(struct relayed *r, enum side from, struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_subscription *to = r->side[side_other(from)];
	struct passage *p = mem_alloc(sizeof(*p), passage_destroy);
	struct buf lines = buf_growing();
	struct headers_way way = {.host = slice_str(r->own_host[side_other(from)]), .to_user = true};
	int err = p ? 0 : -ENOMEM;
	if (!err) {
		*p = (struct passage){.r = mem_ref(r), .st = mem_ref(st), .from = from};
		p->last = req->method == SIP_NOTIFY && is_terminated(req, &p->seconds);
		headers_pass(&lines, req, &way);
		relay_meaning(&lines, req);
		err = lines.err ? lines.err
				: sip_subscription_request(to, req->method, buf_text(&lines), sip_msg_value(req, SIP_HDR_CONTENT_TYPE), req->body,
							   on_passed, p);
	}
	buf_reset(&lines);
	save(r);
	if (!err)
		return;
	mem_deref(p);
	sip_reply(st, err == -ENOMEM ? 500 : 503, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

/* NOTIFY comes from the notifier only, SUBSCRIBE from the subscriber. */
static void take(struct relayed *r, enum side from, struct sip_strans *st, const struct sip_msg *req)
{
	if (!r->owner)
		sip_reply(st, 481, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	else if ((req->method == SIP_SUBSCRIBE) != (from == SIDE_A))
		sip_reply(st, 403, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	else
		pass(r, from, st, req);
}

static void on_request_a(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	take(arg, SIDE_A, st, req);
}

static void on_request_b(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	take(arg, SIDE_B, st, req);
}

/* --- the beginning ------------------------------------------------------------------------------------------------------------ */

static void on_opened(void *arg, int err, const struct sip_msg *rsp)
{
	struct relayed *r = arg;
	struct sip_strans *st = r->first;
	struct buf lines = buf_growing();
	unsigned status = rsp ? rsp->status : err == -ETIMEDOUT ? 480 : 503;
	if (!st || !r->owner)
		return;
	r->first = NULL;
	if (rsp)
		relay_meaning(&lines, rsp);
	sip_subscription_reply(r->side[SIDE_A], st, status < 300 || status == 423 || status == 489 ? status : outcome_for_caller(status, 0),
			       lines.err ? SLICE_NONE : buf_text(&lines));
	buf_reset(&lines);
	if (rsp && status < 300 && sip_refer_is_silent(rsp)) {
		over(r, CNT_ENDED, "no subscription is wanted"); /* RFC 4488 */
	} else if (rsp && status < 300) {
		counts[CNT_BEGUN]++;
		lives(r, rsp);
	} else
		over(r, CNT_REFUSED, "the notifier does not take it");
	mem_deref(st);
}

static const struct sip_subscription_handlers handlers[2] = {{.request = on_request_a}, {.opened = on_opened, .request = on_request_b}};

static void put_party(struct buf *out, struct slice display, struct slice user, const char *host)
{
	sip_write_display(out, display);
	buf_str(out, "<sip:");
	buf_slice(out, user);
	buf_printf(out, "@%s>", host);
}

/* Parameters of a Refer-To that say what is asked for there (RFC 3261 19.1.1), and of whom (RFC 5627): others say how we are reached. */
static void put_wanted(struct buf *out, const struct sip_uri *to)
{
	static const char *const names[] = {"method", "user", "gr"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice value = sip_uri_param(to, slice_str(names[i]));
		if (slice_is_set(value))
			buf_printf(out, ";%s%s" SLICE_FMT, names[i], value.len ? "=" : "", SLICE_ARG(value));
	}
}

/* Whoever is to call there finds us where it sees us; another's place is another's. */
static void put_refer_to(struct buf *out, struct agent *a, const struct sip_msg *req, const char *host)
{
	struct sip_nameaddr to;
	if (sip_refer_target(&to, req))
		return;
	bool ours = to.uri.scheme != SIP_SCHEME_TEL && to.uri.scheme != SIP_SCHEME_OTHER && auth_is_our_host(registrar_auth(a->registrar), req, &to.uri);
	buf_str(out, "Refer-To: <");
	if (ours) {
		buf_slice(out, to.uri.scheme_text);
		buf_char(out, ':');
		buf_slice(out, to.uri.user);
		buf_printf(out, "%s%s", to.uri.user.len ? "@" : "", host);
		put_wanted(out, &to.uri);
		if (to.uri.headers.len)
			buf_printf(out, "?" SLICE_FMT, SLICE_ARG(to.uri.headers));
	} else {
		buf_slice(out, to.uri.text);
	}
	buf_str(out, ">\r\n");
}

static int open_notifier(struct agent *a, struct relayed *r, const struct sip_msg *req, const struct target *to, const struct source *source,
			 const struct user *user)
{
	const struct sip_listener *l = sip_stack_listener(a->sip, to->address[0] ? to->address : NULL, to->transport, &to->dst);
	struct buf from = buf_growing(), target = buf_growing(), number = buf_growing(), lines = buf_growing();
	char *identity = user ? relay_identity(req, user) : NULL;
	if (!l)
		return -EADDRNOTAVAIL;
	addr_host_str(sip_listener_seen(l, &to->dst), r->own_host[SIDE_B]);
	const char *domain = to->domain[0] ? to->domain : r->own_host[SIDE_B];
	struct headers_way way = {.host = slice_str(r->own_host[SIDE_B]), .identity = slice_str(identity ? identity : ""),
				  .to_user = to->kind == TARGET_USER || to->untold, .disbelieved = source->trunk && !source->trunk->believed};
	sip_uri_escape_user(&number, slice_str(to->number));
	put_party(&from, user ? slice_str(conf_string(user_conf(user), "display")) : req->from.display, req->from.uri.user, domain);
	put_party(&target, SLICE_NONE, buf_text(&number), domain);
	if (*to->path)
		sip_write_hdr(&lines, SIP_HDR_ROUTE, slice_str(to->path));
	headers_pass(&lines, req, &way);
	relay_meaning(&lines, req);
	if (req->method == SIP_REFER)
		put_refer_to(&lines, a, req, r->own_host[SIDE_B]);
	const struct sip_subscription_params p = {
		.method = req->method,
		.ruri = slice_str(to->uri),
		.dst = to->dst,
		.listener = l,
		.from = buf_text(&from),
		.to = buf_text(&target),
		.contact_user = req->from.uri.user,
		.headers = buf_text(&lines),
		.body_type = sip_msg_value(req, SIP_HDR_CONTENT_TYPE),
		.body = req->body,
		.max_forwards = (req->max_forwards == UINT32_MAX ? (uint32_t)conf_int(conf_section(a->conf, "sip"), "max-forwards") : req->max_forwards) - 1,
		.login = target_login(to),
	};
	int err = from.err ? from.err : target.err ? target.err : number.err ? number.err : lines.err;
	if (!err)
		err = sip_subscription_open(&r->side[SIDE_B], a->sip, &p, &handlers[SIDE_B], r);
	buf_reset(&from);
	buf_reset(&target);
	buf_reset(&number);
	buf_reset(&lines);
	mem_free(identity);
	return err;
}

/* 0: it may go on. */
static unsigned refusal(const struct agent *a, const struct sip_msg *req, const struct source *from, const struct user *user)
{
	struct sip_nameaddr to;
	if (req->method == SIP_REFER && !transfer_allowed(a, from, user))
		return 403;
	if (req->method == SIP_REFER && sip_refer_target(&to, req))
		return 400;
	if (req->method == SIP_SUBSCRIBE && !sip_msg_value(req, SIP_HDR_EVENT).len) {
		sip_malformed(SIP_PART_EVENT);
		return 489;
	}
	if (sip_msg_hdr(req, SIP_HDR_CONTACT))
		return 0;
	sip_malformed(SIP_PART_CONTACT);
	return 400;
}

void subscriptions_request(struct agent *a, struct sip_strans *st, const struct sip_msg *req)
{
	struct source from = {0};
	const struct user *user;
	struct target to;
	struct relayed *r;
	unsigned status;
	if (!core_identify(a, st, req, &from, &user))
		return;
	if (req->method == SIP_REFER && transfer_refer(a, st, req, &from))
		return;
	status = refusal(a, req, &from, user);
	if (status) {
		sip_reply(st, status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (a->subscriptions.count >= MOST_OPEN) {
		counts[CNT_REFUSED]++;
		sip_reply(st, 503, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (!dial_targets(a, req, &req->ruri, &from, &to, 1, &status)) {
		counts[CNT_REFUSED]++;
		sip_reply(st, status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	int err = make(&r, &a->subscriptions);
	if (err) {
		sip_reply(st, 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	addr_host_str(sip_listener_seen(sip_strans_listener(st), &req->src), r->own_host[SIDE_A]);
	err = random_id(r->id, sizeof(r->id)) ?: sip_subscription_accept(&r->side[SIDE_A], st, req->ruri.user, &handlers[SIDE_A], r);
	if (!err)
		err = open_notifier(a, r, req, &to, &from, user);
	if (err) {
		sip_reply(st, err == -EBADMSG ? 400 : core_status_of(err), NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		over(r, CNT_REFUSED, strerror(-err));
		return;
	}
	r->first = mem_ref(st);
}

/* --- after a restart -------------------------------------------------------------------------------------------------------- */

static int restore(struct subscriptions *ss, struct slice key, struct slice value)
{
	struct kept k = {0};
	struct relayed *r;
	if (pack_read(&k, fields, FIELDS, value))
		return -EBADMSG;
	int err = make(&r, ss);
	if (err)
		return err;
	r->expires_at = k.expires_at;
	memcpy(r->own_host, k.own_host, sizeof(r->own_host));
	err = slice_copy(key, r->id, sizeof(r->id)) ? -EBADMSG : 0;
	for (int i = 0; i < 2 && !err; i++)
		err = sip_subscription_restore(&r->side[i], ss->stack, k.side[i], &handlers[i], r);
	if (err)
		over(r, CNT_LOST, strerror(-err));
	else
		start_expiry(r);
	counts[CNT_TAKEN_OVER] += !err;
	return err;
}

static int each(struct slice key, struct slice value, void *arg)
{
	struct subscriptions *ss = arg;
	int err = restore(ss, key, value);
	if (!err || err == -ENOMEM)
		return err;
	log_warn(NULL, "subscription " SLICE_FMT " cannot be taken over: %s", SLICE_ARG(key), strerror(-err));
	return store_del(ss->store, ss->table, key);
}

int subscriptions_open(struct subscriptions *ss, struct sip_stack *stack, struct store *store, unsigned table)
{
	list_init(&ss->all);
	counter_register(&group);
	ss->stack = stack;
	ss->store = store;
	ss->table = table;
	return store_load(store, table, each, ss);
}

void subscriptions_close(struct subscriptions *ss)
{
	struct relayed *r;
	if (!ss->store)
		return;
	list_foreach_safe(r, &ss->all, link) {
		list_remove(&r->link);
		r->owner = NULL;
		mem_deref(r);
	}
	ss->store = NULL;
}
