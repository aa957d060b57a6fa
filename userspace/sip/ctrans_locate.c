// SPDX-License-Identifier: GPL-3.0-or-later
/* A client transaction whose next hop is a URI with a name (RFC 3263 4.3): it waits for the place to be found, and each place that does not answer is
 * followed by the next, with a new branch; the user sees one transaction. */
#include "sip/locate.h"
#include "sip/stack_priv.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

#define RETRY_AFTER_MAX_S 3600

struct sip_way {
	struct sip_ctrans *ct;
	struct sip_location *pending;
	struct sip_servers *servers; /* NULL: not known, or none; then ct->dst is the place of last resort */
	unsigned next;
};

static void way_destroy(void *obj)
{
	struct sip_way *w = obj;
	mem_deref(w->pending);
	mem_deref(w->servers);
}

/* The next server that can be sent to becomes the transaction's. */
static bool take_next(struct sip_way *w)
{
	struct sip_ctrans *ct = w->ct;
	while (w->servers && w->next < w->servers->n) {
		const struct sip_server *s = &w->servers->server[w->next++];
		const struct sip_listener *l = sip_stack_listener(ct->stack, ct->place->name, s->transport, &s->addr);
		if (!l)
			continue;
		ct->place = sip_place_of(l);
		ct->dst = s->addr;
		return true;
	}
	return false;
}

static const struct sip_server *current(const struct sip_way *w)
{
	return w->servers && w->next ? &w->servers->server[w->next - 1] : NULL;
}

static void on_located(void *arg, int err, struct sip_servers *servers)
{
	struct sip_way *w = arg;
	struct sip_ctrans *ct = w->ct;
	w->pending = mem_deref(w->pending);
	w->servers = mem_ref(servers);
	if (err)
		log_debug("sip", "client transaction %s: %s, its peer's address is used", ct->branch, strerror(-err));
	if (ct->cancelled)
		sip_ctrans_fail(ct, -ECANCELED);
	else if ((take_next(w) || addr_is_set(&ct->dst)) && !sip_ctrans_readdress(ct))
		sip_ctrans_start(ct);
	else
		sip_ctrans_fail(ct, -EHOSTUNREACH);
}

int sip_ctrans_locate(struct sip_ctrans *ct, struct slice uri)
{
	struct sip_stack *s = ct->stack;
	struct sip_way *w = s->params.locator ? mem_alloc(sizeof *w, way_destroy) : NULL;
	if (!w)
		return s->params.locator ? -ENOMEM : -ENOENT;
	w->ct = ct;
	struct sip_locate_params p = {.uri = uri, .reach = sip_stack_reach(s, ct->place->name)};
	int err = sip_locate(&w->servers, &w->pending, s->params.locator, &p, on_located, w);
	if (!err && !take_next(w))
		err = -ENETUNREACH;
	if (err && err != -EINPROGRESS)
		mem_deref(w);
	else
		ct->way = w;
	return err;
}

bool sip_ctrans_try_next(struct sip_ctrans *ct, const char *why, uint32_t retry_ms)
{
	struct sip_way *w = ct->way;
	if (!current(w) || ct->state >= CTRANS_COMPLETED)
		return false;
	sip_locator_failed(ct->stack->params.locator, current(w), retry_ms, why);
	if (ct->cancelled || !take_next(w))
		return false;
	log_debug("sip", "client transaction %s: %s, the next place is tried", ct->branch, why);
	if (sip_ctrans_readdress(ct))
		return false;
	sip_ctrans_start(ct);
	return true;
}

static uint32_t retry_after_ms(const struct sip_msg *rsp)
{
	struct slice value = sip_msg_value(rsp, SIP_HDR_RETRY_AFTER), digits = value;
	uint32_t s = 0;
	for (digits.len = 0; digits.len < value.len && value.p[digits.len] >= '0' && value.p[digits.len] <= '9';)
		digits.len++;
	if (slice_u32(digits, &s))
		return 0;
	return (s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S) * 1000;
}

bool sip_ctrans_passed_over(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	if (rsp->status == 503)
		return sip_ctrans_try_next(ct, "503", retry_after_ms(rsp));
	if (current(ct->way))
		sip_locator_answered(ct->stack->params.locator, current(ct->way));
	return false;
}
