// SPDX-License-Identifier: GPL-3.0-or-later
/* A request's way through the proxy (RFC 3261 16.2): one function a step, in the order of 16.3 to 16.6. What comes back is response.c's. */
#include "proxy/private.h"
#include "base/counter.h"
#include "base/mem.h"
#include <errno.h>

static const struct counter_def counter_defs[PROXY_CNT_MAX] = {
	[PROXY_CNT_REQUEST] = {"requests", "requests taken to be forwarded"},
	[PROXY_CNT_FORWARDED] = {"forwarded", "requests forwarded, one a branch"},
	[PROXY_CNT_RESPONSE] = {"responses", "responses passed back"},
	[PROXY_CNT_STATELESS] = {"stateless", "messages passed on without a transaction: ACKs to 2xx, and all of stateless roles"},
	[PROXY_CNT_FORKED] = {"forked", "requests that went to more than one target"},
	[PROXY_CNT_RECURSED] = {"recursed", "contacts of 3xx answers that were tried"},
	[PROXY_CNT_REDIRECTED] = {"redirected", "requests answered with 302"},
	[PROXY_CNT_LOOP] = {"loop", "requests answered with 482: they came back unchanged"},
	[PROXY_CNT_HOPS] = {"too-many-hops", "requests answered with 483: Max-Forwards was 0"},
	[PROXY_CNT_BREADTH] = {"breadth", "requests answered with 440: more targets than Max-Breadth allows"},
	[PROXY_CNT_EXTENSION] = {"bad-extension", "requests answered with 420: a Proxy-Require we lack"},
	[PROXY_CNT_SCHEME] = {"bad-scheme", "requests answered with 416: a Request-URI of unknown scheme"},
	[PROXY_CNT_NO_TARGET] = {"no-target", "requests for which there is nobody, answered with 404, 480 or the like"},
	[PROXY_CNT_NO_HOP] = {"no-hop", "branches given up at once: no address, or it could not be sent"},
	[PROXY_CNT_FORGED] = {"forged-route", "Route values that name us but were not made by us for that dialog"},
	[PROXY_CNT_BAD_ROUTE] = {"bad-route", "requests answered with 400: a Route that cannot be read"},
	[PROXY_CNT_RELAY] = {"relay-denied", "requests answered with 403: for another domain, from somebody we relay nothing for"},
	[PROXY_CNT_SILENT] = {"silent", "branches not waited for any more because nothing came from them, not even 100"},
	[PROXY_CNT_TIMER_C] = {"timer-c", "branches cancelled because they rang too long"},
	[PROXY_CNT_NOMEM] = {"nomem", "requests refused: memory is out"},
	[PROXY_CNT_CONTEXTS_NOW] = {"contexts-now", "requests in progress, those that only wait for stragglers among them"},
};
uint64_t proxy_counts[PROXY_CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("proxy", counter_defs, proxy_counts);

/* --- life --------------------------------------------------------------------------------------------------------- */

static void proxy_destroy(void *obj)
{
	struct proxy *p = obj;
	EVP_MAC_CTX_free(p->mac);
	buf_reset(&p->lines);
	buf_reset(&p->uri);
}

int proxy_new(struct proxy **ret, const struct proxy_params *params)
{
	struct proxy *p = mem_alloc(sizeof *p, proxy_destroy);
	if (!p)
		return -ENOMEM;
	EVP_MAC *kind = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	const size_t size = 8;
	const OSSL_PARAM want[] = {OSSL_PARAM_construct_size_t("size", (size_t *)(uintptr_t)&size), OSSL_PARAM_construct_end()};
	p->mac = kind ? EVP_MAC_CTX_new(kind) : NULL;
	EVP_MAC_free(kind);
	if (!p->mac || EVP_MAC_CTX_set_params(p->mac, want) != 1) {
		mem_deref(p);
		return -EIO;
	}
	p->params = *params;
	p->lines = p->uri = buf_growing();
	counter_register(&counters);
	*ret = p;
	return 0;
}

void proxy_reconfigure(struct proxy *p, const struct proxy_params *params)
{
	struct proxy_params now = *params;
	now.stack = p->params.stack;
	memcpy(now.key, p->params.key, sizeof now.key);
	p->params = now;
}

size_t proxy_contexts(const struct proxy *p)
{
	return p->contexts;
}

static void context_destroy(void *obj)
{
	struct proxy_context *c = obj;
	struct branch *b;
	list_foreach_safe(b, &c->branches, link) {
		timer_stop(&b->timer_c);
		timer_stop(&b->timer_first);
		mem_deref(b->ct);
		mem_deref(b->servers);
		mem_free(b);
	}
	if (c->st && c->started)
		response_give_up(c);
	mem_deref(c->call);
	mem_deref(c->st);
	mem_deref(c->best);
	buf_reset(&c->challenges);
	proxy_counts[PROXY_CNT_CONTEXTS_NOW] = --c->proxy->contexts;
	mem_deref(c->proxy);
}

int context_new(struct proxy_context **ret, struct proxy *p, struct sip_strans *st, const struct sip_msg *req)
{
	struct proxy_context *c = mem_alloc(sizeof *c, context_destroy);
	if (!c) {
		proxy_counts[PROXY_CNT_NOMEM]++;
		return -ENOMEM;
	}
	c->proxy = mem_ref(p);
	c->st = mem_ref(st);
	c->req = req;
	c->invite = req->method == SIP_INVITE;
	list_init(&c->branches);
	proxy_counts[PROXY_CNT_CONTEXTS_NOW] = ++p->contexts;
	*ret = c;
	return 0;
}

/* --- a request ---------------------------------------------------------------------------------------------------- */

/* Its sender has not shown who he is yet: the answer is sent once and forgotten. */
static bool is_refused(struct proxy *p, struct sip_strans *st, const struct sip_msg *req, struct way *w, uint32_t loop)
{
	struct buf extra = buf_growing();
	unsigned status = validate(p, req, loop, &extra);
	if (!status)
		status = route_of(p, req, w);
	if (status)
		sip_reply_once(st, status, NULL, extra.err ? SLICE_NONE : buf_text(&extra));
	buf_reset(&extra);
	return status;
}

/* False: it is a call that is not wanted, which has been answered. */
static bool begins(struct proxy_context *c)
{
	const struct proxy_params *p = &c->proxy->params;
	return !c->invite || c->req->to.tag.len || !p->calls.begin || p->calls.begin(p->arg, c->st, c->req, &c->call);
}

static void run(struct proxy_context *c)
{
	c->outcome.began = clock_utc_ms();
	unsigned status = targets_find(c);
	if (status) {
		response_refuse(c, status);
		return;
	}
	c->started = true;
	sip_strans_on_cancel(c->st, cancel_take, c);
	forward_next(c);
}

void proxy_request(struct proxy *p, struct sip_strans *st, const struct sip_msg *req)
{
	struct proxy_context *c;
	struct way w;
	uint32_t loop = token_loop(req);
	proxy_counts[PROXY_CNT_REQUEST]++;
	if (is_refused(p, st, req, &w, loop) || !p->params.admit(p->params.arg, st, req, w.dialog))
		return;
	if (context_new(&c, p, st, req)) {
		response_reply(st, 500, SLICE_NONE);
		return;
	}
	c->way = w;
	c->loop = loop;
	c->breadth = breadth_of(req);
	if (begins(c))
		run(c);
	mem_deref(c);
}
