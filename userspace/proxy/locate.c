// SPDX-License-Identifier: GPL-3.0-or-later
/* Where names lead (RFC 3261 16.6 step 7, RFC 3263): a branch waits for that, and goes from place to place while none answers. */
#include "proxy/private.h"
#include "base/mem.h"
#include <errno.h>

static struct sip_locate_params question(struct proxy *p, const struct sip_uri *uri, bool stable)
{
	return (struct sip_locate_params){.uri = uri->text, .reach = sip_stack_reach(p->params.stack, NULL), .stable = stable};
}

bool locate_use(struct proxy *p, struct forward *f, const struct sip_server *s)
{
	f->hop = (struct sip_flow){forward_listener(p, f->way->out, s->transport, &s->addr), s->addr, false};
	return f->hop.listener;
}

static int use_next(struct branch *b, struct forward *f)
{
	while (b->servers && b->next_server < b->servers->n)
		if (locate_use(b->c->proxy, f, &b->servers->server[b->next_server++]))
			return 0;
	return -EHOSTUNREACH;
}

static void on_located(void *arg, int err, struct sip_servers *servers)
{
	struct branch *b = arg;
	struct proxy_context *c = b->c;
	b->pending = mem_deref(b->pending);
	b->servers = mem_ref(servers);
	if (!err)
		err = forward_start(b);
	if (err) {
		b->state = BRANCH_DONE;
		proxy_counts[PROXY_CNT_NO_HOP]++;
		response_own(c, err == -EPROTONOSUPPORT ? 480 : 503);
		forward_next(c);
	}
	mem_deref(c);
}

int locate_hop(struct branch *b, struct forward *f)
{
	struct proxy *p = b->c->proxy;
	struct sip_uri uri;
	if (b->servers)
		return use_next(b, f);
	if (!p->params.locator || forward_next_uri(f, &uri))
		return -EHOSTUNREACH;
	const struct sip_locate_params q = question(p, &uri, false);
	int err = sip_locate(&b->servers, &b->pending, p->params.locator, &q, on_located, b);
	if (err == -EINPROGRESS) {
		b->state = BRANCH_LOCATING;
		mem_ref(b->c);
	}
	return err ? err : use_next(b, f);
}

/* A question of what has no branch. */
struct asked {
	struct sip_location *pending;
	sip_locate_fn fn; /* NULL: it only fills the cache */
	void *arg;
};

static void on_known(void *arg, int err, struct sip_servers *servers)
{
	struct asked *a = arg;
	mem_deref(a->pending);
	if (a->fn)
		a->fn(a->arg, err, servers);
	mem_free(a);
}

int locate_hop_once(struct proxy *p, struct forward *f, sip_locate_fn fn, void *arg)
{
	struct sip_servers *servers = NULL;
	struct sip_uri uri;
	if (!p->params.locator || forward_next_uri(f, &uri))
		return -EHOSTUNREACH;
	struct asked *asked = mem_raw(sizeof *asked);
	if (!asked)
		return -ENOMEM;
	*asked = (struct asked){.fn = fn, .arg = arg};
	/* 4.4: the same place each time. */
	const struct sip_locate_params q = question(p, &uri, true);
	int err = sip_locate(&servers, &asked->pending, p->params.locator, &q, on_known, asked);
	if (err != -EINPROGRESS)
		mem_free(asked);
	if (!err && !locate_use(p, f, &servers->server[0]))
		err = -ENETUNREACH;
	mem_deref(servers);
	return err;
}

bool locate_try_next(struct branch *b, const char *why)
{
	struct proxy_context *c = b->c;
	if (!b->servers || b->state != BRANCH_TRYING || b->cancelled || c->closed)
		return false;
	sip_locator_failed(c->proxy->params.locator, &b->servers->server[b->next_server - 1], 0, why);
	if (b->next_server == b->servers->n || c->n_branches > UINT8_MAX) /* as many branches as token_branch() can tell apart */
		return false;
	b->number = c->n_branches++;
	return !forward_start(b);
}

void locate_answered(const struct branch *b, int err, const struct sip_msg *rsp)
{
	if (b->servers && b->next_server && !err && rsp->status != 503)
		sip_locator_answered(b->c->proxy->params.locator, &b->servers->server[b->next_server - 1]);
}

void locate_cancel(struct branch *b)
{
	if (!b->pending)
		return;
	b->pending = mem_deref(b->pending);
	b->state = BRANCH_DONE;
	mem_deref(b->c);
}
