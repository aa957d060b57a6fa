// SPDX-License-Identifier: GPL-3.0-or-later
#include "mgcp/entity.h"
#include "mgcp/mgcp.h"

#define CALL_AGENT_PORT 2727 /* RFC 3435 4.1 */

/* [LocalName@]host[:port]: the host in brackets is a literal of either family (3.2.1.3). */
static unsigned parse(struct mgcp_entity *ret, struct slice text)
{
	struct mgcp_entity e = {.text = text, .port = CALL_AGENT_PORT};
	ptrdiff_t at = slice_find(text, '@');
	struct slice host = at < 0 ? text : slice_from(text, (size_t)at + 1), port = SLICE_NONE;
	if (slice_starts(host, SLICE("["))) {
		port = slice_from(host, 1);
		e.host = slice_cut(&port, ']');
		if (!slice_is_set(port) || addr_parse_ip(&e.addrs[0], e.host) || (!slice_empty(port) && port.p[0] != ':'))
			return 510;
		port = slice_empty(port) ? SLICE_NONE : slice_from(port, 1);
	} else {
		port = host;
		e.host = slice_cut(&port, ':');
		addr_parse_ip(&e.addrs[0], e.host);
	}
	if (slice_empty(e.host) || at == 0 || (slice_is_set(port) && (slice_u16(port, &e.port) || !e.port)))
		return 510;
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return 510;
	e.n_addrs = addr_is_set(&e.addrs[0]);
	e.addrs[0].port = e.n_addrs ? e.port : 0;
	*ret = e;
	return 0;
}

static unsigned parse_list(struct mgcp_entities *e)
{
	struct slice list = slice_of(e->text, e->len);
	unsigned code = 0;
	while (slice_is_set(list) && e->len && !code)
		code = e->n == MGCP_ENTITIES_MAX ? 510 : parse(&e->at[e->n++], slice_trim(slice_cut(&list, ',')));
	return code;
}

unsigned mgcp_entities_set(struct mgcp_entities *e, struct slice value)
{
	struct mgcp_entities fresh = {.source = e->source};
	value = slice_trim(value);
	if (value.len > sizeof fresh.text)
		return 510;
	memcpy(fresh.text, value.len ? value.p : "", value.len);
	fresh.len = value.len;
	if (parse_list(&fresh))
		return 510;
	/* Nothing is wrong with it: once more, with slices that point into *e. */
	*e = fresh;
	e->n = 0;
	parse_list(e);
	return 0;
}

struct slice mgcp_entities_text(const struct mgcp_entities *e)
{
	return slice_of(e->text, e->len);
}

/* Has the address in use be one that there is. */
static void settle(struct mgcp_entities *e)
{
	for (unsigned i = 0; i < e->n && !e->at[e->entity].n_addrs; i++) {
		e->entity = (e->entity + 1) % e->n;
		e->addr = 0;
	}
	if (e->n && e->addr >= e->at[e->entity].n_addrs)
		e->addr = 0;
}

void mgcp_entities_resolved(struct mgcp_entities *e, struct slice host, const struct addr *addrs, unsigned n)
{
	const struct addr *in_use = mgcp_entities_addr(e);
	struct addr before = in_use ? *in_use : (struct addr){0};
	for (unsigned i = 0; i < e->n; i++) {
		struct mgcp_entity *it = &e->at[i];
		struct addr literal;
		if (!slice_caseeq(it->host, host) || !addr_parse_ip(&literal, it->host))
			continue;
		for (it->n_addrs = 0; it->n_addrs < n && it->n_addrs < MGCP_ENTITY_ADDRS_MAX; it->n_addrs++) {
			it->addrs[it->n_addrs] = addrs[it->n_addrs];
			it->addrs[it->n_addrs].port = it->port;
		}
	}
	/* Until there were addresses nothing was tried; from then on the one in use stays it if it is still one of them. */
	if (!addr_is_set(&before))
		e->entity = e->addr = 0;
	settle(e);
	for (unsigned i = 0; e->n && i < e->at[e->entity].n_addrs; i++)
		if (addr_eq(&e->at[e->entity].addrs[i], &before))
			e->addr = i;
}

void mgcp_entities_heard(struct mgcp_entities *e, const struct addr *src)
{
	e->source = *src;
	for (unsigned i = 0; e->n && i < e->at[e->entity].n_addrs; i++)
		if (addr_eq(&e->at[e->entity].addrs[i], src))
			e->addr = i;
}

const struct addr *mgcp_entities_addr(const struct mgcp_entities *e)
{
	if (!e->n)
		return addr_is_set(&e->source) ? &e->source : NULL;
	return e->at[e->entity].n_addrs ? &e->at[e->entity].addrs[e->addr] : NULL;
}

void mgcp_entities_answered(struct mgcp_entities *e)
{
	e->tried = 0;
}

bool mgcp_entities_fail_over(struct mgcp_entities *e)
{
	unsigned all = 0;
	for (unsigned i = 0; i < e->n; i++)
		all += e->at[i].n_addrs;
	if (!all)
		return false;
	if (++e->addr >= e->at[e->entity].n_addrs) {
		e->addr = 0;
		e->entity = (e->entity + 1) % e->n;
		settle(e);
	}
	if (++e->tried < all)
		return true;
	e->tried = 0;
	return false;
}
