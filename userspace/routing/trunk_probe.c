// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/trunk_probe.h"
#include "base/random.h"
#include "base/log.h"
#include "base/mem.h"
#include "routing/trunk_request.h"
#include <errno.h>

/* The first round comes soon after the start. */
#define FIRST_MS 50

/* An OPTIONS under way to one peer. */
struct probe {
	struct link link;
	struct trunk_probe *of;
	struct addr peer;
	struct sip_ctrans *ct;
	struct timer patience;
};

struct trunk_probe {
	struct sip_stack *stack;
	struct trunk *trunk;
	struct list probes;
	struct timer next;
	uint32_t interval_ms, patience_ms;
	char call_id[17], tag[17];
	uint32_t cseq;
};

static void probe_destroy(void *obj)
{
	struct probe *p = obj;
	list_remove(&p->link);
	timer_stop(&p->patience);
	if (p->ct)
		sip_ctrans_detach(p->ct);
	mem_deref(p->ct);
}

static void destroy(void *obj)
{
	struct trunk_probe *t = obj;
	struct probe *p;
	timer_stop(&t->next);
	list_foreach_safe(p, &t->probes, link)
		mem_deref(p);
	mem_deref(t->stack);
}

static void over(struct probe *p, bool answered, const char *why)
{
	trunk_probed(p->of->trunk, &p->peer, answered, why);
	mem_deref(p);
}

/* Any answer says that somebody is there who understands SIP; 503 says that he takes no calls (RFC 3261 21.5.4). */
static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct probe *p = arg;
	if (rsp && rsp->status < 200)
		return;
	if (!rsp)
		over(p, false, err == -ETIMEDOUT ? "it does not answer OPTIONS" : "it cannot be reached");
	else
		over(p, rsp->status != 503, rsp->status == 503 ? "it answers OPTIONS with 503" : "it answers OPTIONS");
}

static void on_patience(void *arg)
{
	over(arg, false, "it does not answer OPTIONS");
}

static bool is_asked(const struct trunk_probe *t, const struct addr *peer)
{
	const struct probe *p;
	list_foreach(p, &t->probes, link)
		if (addr_eq(&p->peer, peer))
			return true;
	return false;
}

static void ask(struct trunk_probe *t, const struct trunk_peer *peer)
{
	char uri[ADDR_STR_LEN + 32], at[ADDR_STR_LEN];
	struct buf b = buf_fixed(uri, sizeof(uri));
	struct probe *p = is_asked(t, &peer->addr) ? NULL : mem_alloc(sizeof(*p), probe_destroy);
	if (!p)
		return;
	p->of = t;
	p->peer = peer->addr;
	list_append(&t->probes, &p->link);
	buf_printf(&b, "sip:%s%s", addr_str(&peer->addr, at), sip_transports[peer->transport].param);
	const struct trunk_request r = {
		.method = SIP_OPTIONS, .peer = peer->addr, .transport = peer->transport, .ruri = buf_text(&b), .aor = buf_text(&b), .call_id = t->call_id,
		.tag = t->tag, .cseq = ++t->cseq, .contact = SLICE("@"),
	};
	timer_start(&p->patience, t->patience_ms, on_patience, p);
	if (b.err || trunk_request(&p->ct, t->stack, t->trunk, &r, on_response, p))
		over(p, false, "no address of ours reaches it");
}

static void on_next(void *arg)
{
	struct trunk_probe *t = arg;
	for (unsigned i = 0; i < t->trunk->n_peers; i++)
		ask(t, &t->trunk->peer[i]);
	timer_start(&t->next, t->interval_ms, on_next, t);
}

bool trunk_probe_continues(struct trunk_probe *p, struct trunk *now)
{
	uint32_t interval = (uint32_t)conf_int(now->conf, "probe-interval");
	if (!p || !interval)
		return false;
	p->trunk = now;
	p->patience_ms = (uint32_t)conf_int(now->conf, "probe-timeout");
	if (interval != p->interval_ms)
		timer_start(&p->next, interval < FIRST_MS ? interval : FIRST_MS, on_next, p);
	p->interval_ms = interval;
	return true;
}

int trunk_probe_new(struct trunk_probe **ret, struct sip_stack *stack, struct trunk *trunk, uint32_t later_ms)
{
	uint32_t interval = (uint32_t)conf_int(trunk->conf, "probe-interval");
	*ret = NULL;
	if (!interval)
		return 0;
	struct trunk_probe *t = mem_alloc(sizeof(*t), destroy);
	if (!t)
		return -ENOMEM;
	t->stack = mem_ref(stack);
	t->trunk = trunk;
	t->interval_ms = interval;
	t->patience_ms = (uint32_t)conf_int(trunk->conf, "probe-timeout");
	list_init(&t->probes);
	int err = random_id(t->call_id, sizeof(t->call_id)) ?: random_id(t->tag, sizeof(t->tag));
	if (err) {
		mem_deref(t);
		return err;
	}
	uint32_t first = FIRST_MS + later_ms;
	timer_start(&t->next, interval < first ? interval : first, on_next, t);
	*ret = t;
	return 0;
}
