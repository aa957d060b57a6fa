// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/relay.h"
#include "base/random.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/core.h"
#include "callagent/dial.h"
#include "routing/headers.h"
#include "callagent/outcome.h"
#include "sip/digest.h"
#include <errno.h>

/* What passes beside that which passes in calls (headers.c): the meaning of these methods. */
static const struct {
	enum sip_method method;
	bool request, response;
	const char *name;
} passing[] = {
	{SIP_MESSAGE, true, false, "Expires"},       {SIP_MESSAGE, true, false, "Content-Disposition"},
	{SIP_MESSAGE, true, false, "In-Reply-To"},   {SIP_PUBLISH, true, true, "Expires"},
	{SIP_PUBLISH, true, false, "Event"},         {SIP_PUBLISH, true, false, "SIP-If-Match"},
	{SIP_PUBLISH, false, true, "SIP-ETag"},      {SIP_PUBLISH, false, true, "Min-Expires"},
	{SIP_PUBLISH, false, true, "Allow-Events"},  {SIP_SUBSCRIBE, true, true, "Expires"},
	{SIP_SUBSCRIBE, true, false, "Event"},       {SIP_SUBSCRIBE, true, false, "Accept"},
	{SIP_SUBSCRIBE, true, true, "Allow-Events"}, {SIP_SUBSCRIBE, false, true, "Min-Expires"},
	{SIP_REFER, true, true, "Refer-Sub"},        {SIP_REFER, true, false, "Accept"},
	{SIP_NOTIFY, true, false, "Event"},          {SIP_NOTIFY, true, false, "Subscription-State"},
	{SIP_NOTIFY, true, false, "Allow-Events"},   {SIP_NOTIFY, true, false, "Content-Disposition"},
};

enum { CNT_PASSED, CNT_TAKEN, CNT_FAILED, CNT_REFUSED, CNT_MAX };

static const struct counter_def defs[CNT_MAX] = {
	[CNT_PASSED] = {"passed", "requests passed on outside of dialogs (MESSAGE, PUBLISH), one for each contact"},
	[CNT_TAKEN] = {"taken", "such requests that somebody has taken"},
	[CNT_FAILED] = {"failed", "such requests that nobody took"},
	[CNT_REFUSED] = {"refused", "such requests that could not be passed on: nobody there, no way to whom they name, or memory is out"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group group = COUNTER_GROUP("relay", defs, counts);

/* The request that came in, while anybody may still answer it. */
struct relay {
	struct sip_strans *st;
	unsigned status; /* the best failure so far, 0: none */
	unsigned pending;
};

/* The request to one target. */
struct try {
	struct relay *r;
	struct sip_stack *stack;
	const struct sip_listener *listener;
	struct target target;
	char own_host[ADDR_STR_LEN], call_id[17], tag[17];
	char *identity; /* of the sender, up to the "@": NULL: a trusted peer's */
	struct slice display;
	uint32_t cseq, max_forwards;
	bool authorized, disbelieved; /* the latter: what the sender asserts is nothing (RFC 3325) */
	struct buf credentials;
};

static void relay_destroy(void *obj)
{
	struct relay *r = obj;
	mem_deref(r->st);
}

static void try_destroy(void *obj)
{
	struct try *t = obj;
	mem_deref(t->r);
	mem_free(t->identity);
	buf_reset(&t->credentials);
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

void relay_meaning(struct buf *out, const struct sip_msg *m)
{
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		if (passing[i].method != m->cseq.method || !(m->request ? passing[i].request : passing[i].response))
			continue;
		for (unsigned k = 0; k < m->n_hdrs; k++) {
			const struct sip_hdr *h = &m->hdrs[k];
			struct slice name = h->id == SIP_HDR_OTHER ? h->name : slice_str(sip_hdr_name(h->id));
			if (slice_caseeq(name, slice_str(passing[i].name)))
				sip_write_hdrf(out, passing[i].name, SLICE_FMT, SLICE_ARG(h->value));
		}
	}
}

static void put_uri(struct buf *out, struct slice user, const char *host)
{
	buf_str(out, "<sip:");
	buf_slice(out, user);
	if (user.len)
		buf_char(out, '@');
	buf_str(out, host);
	buf_char(out, '>');
}

static void put_head(struct buf *out, const struct try *t, const struct sip_msg *req)
{
	const char *domain = t->target.domain[0] ? t->target.domain : t->own_host;
	struct headers_way way = {.host = slice_str(t->own_host), .identity = slice_str(t->identity ? t->identity : ""),
				  .to_user = t->target.kind == TARGET_USER || t->target.untold, .disbelieved = t->disbelieved};
	if (*t->target.path)
		sip_write_hdr(out, SIP_HDR_ROUTE, slice_str(t->target.path));
	buf_str(out, "From: ");
	sip_write_display(out, t->display);
	put_uri(out, req->from.uri.user, domain);
	buf_printf(out, ";tag=%s\r\nTo: <sip:", t->tag);
	sip_uri_escape_user(out, slice_str(t->target.number));
	buf_printf(out, "@%s>\r\nCall-ID: %s\r\nCSeq: %u %s\r\n", domain, t->call_id, t->cseq, sip_method_name(req->method));
	buf_slice(out, buf_text(&t->credentials));
	headers_pass(out, req, &way);
	relay_meaning(out, req);
}

/* --- the outcome ------------------------------------------------------------------------------------------------------ */

static void answer(struct relay *r, const struct sip_msg *rsp)
{
	struct buf lines = buf_growing();
	counts[CNT_TAKEN] += !sip_strans_final(r->st);
	relay_meaning(&lines, rsp);
	sip_reply(r->st, rsp->status, NULL, lines.err ? SLICE_NONE : buf_text(&lines), SLICE_NONE, SLICE_NONE);
	buf_reset(&lines);
}

static void failed(struct relay *r, unsigned status)
{
	if (outcome_better(status, r->status))
		r->status = status;
	if (--r->pending)
		return;
	counts[CNT_FAILED] += !sip_strans_final(r->st);
	sip_reply(r->st, r->status == 408 ? 480 : outcome_for_caller(r->status, 0), NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

static int send_try(struct try *t);

static bool authorize(struct try *t, const struct sip_msg *rsp)
{
	if ((rsp->status != 401 && rsp->status != 407) || t->authorized || !t->target.auth_user[0])
		return false;
	t->authorized = true;
	t->cseq++;
	const struct digest_login login = target_login(&t->target);
	return !digest_respond(&t->credentials, rsp, slice_str(sip_method_name(sip_strans_request(t->r->st)->method)), slice_str(t->target.uri), &login,
			       SLICE_NONE) &&
	       !send_try(t);
}

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct try *t = arg;
	if (rsp && (rsp->status < 200 || authorize(t, rsp)))
		return;
	/* A second one that takes it finds the request answered. */
	if (rsp && rsp->status < 300)
		answer(t->r, rsp);
	else
		failed(t->r, rsp ? rsp->status : err == -ETIMEDOUT ? 408 : 503);
	mem_deref(t);
}

static int send_try(struct try *t)
{
	const struct sip_msg *req = sip_strans_request(t->r->st);
	struct buf lines = buf_growing();
	put_head(&lines, t, req);
	struct sip_request_params p = {
		.method = req->method,
		.ruri = slice_str(t->target.uri),
		.dst = t->target.dst,
		.flow = t->target.flow ? &t->target.dst : NULL,
		.listener = t->listener,
		.headers = buf_text(&lines),
		.forwarded = true,
		.max_forwards = t->max_forwards,
		.body_type = sip_msg_value(req, SIP_HDR_CONTENT_TYPE),
		.body = req->body,
	};
	int err = lines.err ? lines.err : sip_request(NULL, t->stack, &p, on_response, t);
	buf_reset(&lines);
	return err;
}

/* --- passing on -------------------------------------------------------------------------------------------------------- */

char *relay_identity(const struct sip_msg *req, const struct user *user)
{
	struct buf b = buf_growing();
	sip_write_display(&b, slice_str(conf_string(user_conf(user), "display")));
	buf_str(&b, "<sip:");
	if (slice_caseeq(req->from.uri.user, SLICE("anonymous")))
		sip_uri_escape_user(&b, slice_str(user_part(user)));
	else
		buf_slice(&b, req->from.uri.user);
	buf_z(&b);
	if (b.err)
		buf_reset(&b);
	return b.p;
}

static int try_target(struct agent *a, struct relay *r, const struct target *to, const struct source *from, const struct user *user)
{
	const struct sip_msg *req = sip_strans_request(r->st);
	const struct sip_listener *l = sip_stack_listener(a->sip, to->address[0] ? to->address : NULL, to->transport, &to->dst);
	if (!l)
		return -EADDRNOTAVAIL;
	struct try *t = mem_alloc(sizeof(*t), try_destroy);
	if (!t)
		return -ENOMEM;
	t->r = mem_ref(r);
	t->stack = a->sip;
	t->listener = l;
	t->target = *to;
	t->disbelieved = from->trunk && !from->trunk->believed;
	t->cseq = 1;
	t->max_forwards = (req->max_forwards == UINT32_MAX ? (uint32_t)conf_int(conf_section(a->conf, "sip"), "max-forwards") : req->max_forwards) - 1;
	t->display = user ? slice_str(conf_string(user_conf(user), "display")) : req->from.display;
	addr_host_str(sip_listener_seen(l, &to->dst), t->own_host);
	int err = random_id(t->call_id, sizeof(t->call_id)) ?: random_id(t->tag, sizeof(t->tag));
	if (!err)
		err = user && !(t->identity = relay_identity(req, user)) ? -ENOMEM : send_try(t);
	t->display = SLICE_NONE; /* the configuration may change before another try */
	if (err)
		mem_deref(t);
	else
		counts[CNT_PASSED]++;
	return err;
}

void relay_register(void)
{
	counter_register(&group);
}

void relay_request(struct agent *a, struct sip_strans *st, const struct sip_msg *req)
{
	struct source from = {0};
	const struct user *user;
	struct target t[PLAN_TARGETS];
	unsigned status, n;
	if (!core_identify(a, st, req, &from, &user))
		return;
	int err = -ENOMEM;
	n = dial_targets(a, req, &req->ruri, &from, t, req->method == SIP_MESSAGE ? PLAN_TARGETS : 1, &status);
	struct relay *r = n ? mem_alloc(sizeof(*r), relay_destroy) : NULL;
	if (r) {
		r->st = mem_ref(st);
		r->pending = 1;
		for (unsigned i = 0; i < n && !t[i].rank; i++) {
			int e = try_target(a, r, &t[i], &from, user);
			if (e)
				err = e;
			else
				r->pending++;
		}
		if (--r->pending)
			err = 0;
	}
	counts[CNT_REFUSED] += err != 0;
	if (err)
		sip_reply(st, n ? core_status_of(err) : status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	mem_deref(r);
}
