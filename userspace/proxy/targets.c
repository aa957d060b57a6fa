// SPDX-License-Identifier: GPL-3.0-or-later
/* Request targets (RFC 3261 16.5): a Request-URI of another domain is its own target, ours are looked up. */
#include "proxy/private.h"
#include "base/mem.h"
#include <errno.h>

static bool is_there(const struct proxy_context *c, const struct proxy_target *t)
{
	const struct branch *b;
	struct sip_uri uri, old;
	if (sip_uri_parse(&uri, t->uri))
		return true;
	list_foreach(b, &c->branches, link)
		if (!sip_uri_parse(&old, b->uri) && sip_uri_eq(&uri, &old) && addr_eq(&b->hop.peer, &t->hop.peer))
			return true;
	return false;
}

/* In the order of q, the highest first, those with the same as they came. */
static void put_in_order(struct proxy_context *c, struct branch *b)
{
	struct link *at = c->branches.head.prev;
	while (at != &c->branches.head && container_of(at, struct branch, link)->q < b->q)
		at = at->prev;
	link_insert_after(at, &b->link);
}

static struct slice keep(char **at, struct slice s)
{
	struct slice kept = slice_of(*at, s.len);
	if (s.len)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return kept;
}

int proxy_add(struct proxy_context *c, const struct proxy_target *t)
{
	if (c->n_branches == BRANCHES_MAX)
		return -ENOSPC;
	if (c->n_branches && is_there(c, t))
		return -EEXIST;
	struct branch *b = mem_raw(sizeof *b + t->uri.len + t->path.len + t->instance.len + t->name.len + t->number.len);
	if (!b) {
		proxy_counts[PROXY_CNT_NOMEM]++;
		return -ENOMEM;
	}
	*b = (struct branch){.c = c, .q = t->q, .number = c->n_branches++, .hop = t->hop, .first_ms = t->first_ms, .answer_ms = t->answer_ms};
	char *at = b->text;
	b->uri = keep(&at, t->uri);
	b->path = keep(&at, t->path);
	b->instance = keep(&at, t->instance);
	b->name = keep(&at, t->name);
	b->called = keep(&at, t->number);
	put_in_order(c, b);
	return 0;
}

struct proxy_target targets_of(const struct branch *b)
{
	return (struct proxy_target){.uri = b->uri, .path = b->path, .instance = b->instance, .hop = b->hop, .q = b->q,
				     .name = b->name, .number = b->called, .first_ms = b->first_ms, .answer_ms = b->answer_ms};
}

/* Along the routes that are left, or to a domain that is not ours, it goes where it says. */
static bool is_own_target(const struct proxy_context *c)
{
	const struct proxy_params *p = &c->proxy->params;
	const struct sip_uri *uri = &c->way.uri;
	if (slice_is_set(c->way.next) || c->way.flow.listener)
		return true;
	if (uri->scheme == SIP_SCHEME_TEL)
		return false;
	return sip_uri_param(uri, SLICE("maddr")).len || !p->is_ours(p->arg, c->req, uri);
}

/* Along a dialog or a Path of ours everybody; elsewhere only whom we relay for. */
static bool may_pass(const struct proxy_context *c)
{
	const struct proxy_params *p = &c->proxy->params;
	if (c->way.dialog || c->way.flow.listener || !p->relays || p->relays(p->arg, c->req))
		return true;
	proxy_counts[PROXY_CNT_RELAY]++;
	return false;
}

unsigned targets_find(struct proxy_context *c)
{
	const struct proxy_params *p = &c->proxy->params;
	unsigned status = 0;
	int err = 0;
	if (is_own_target(c) && !may_pass(c))
		status = 403;
	else if (is_own_target(c))
		err = proxy_add(c, &(struct proxy_target){.uri = c->way.uri.text, .hop = c->way.flow, .q = 1000});
	else
		status = p->targets(p->arg, c, c->req, &c->way.uri);
	if (!err && !status && !c->n_branches)
		status = 480;
	if (status)
		proxy_counts[PROXY_CNT_NO_TARGET]++;
	return err ? 500 : status;
}
