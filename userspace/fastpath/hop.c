// SPDX-License-Identifier: GPL-3.0-or-later
/* Next hops: one for each remote IP address, so that a changed route or neighbour is rewritten in one place, and slots only
 * hold its index. Traffic in XDP confirms no neighbours, so the kernel is asked to keep them resolved by itself; whatever
 * changes there, every next hop is looked up again before the loop goes on. What is not certain is unresolved: its
 * packets go through the daemon and the kernel's own routing, never to a stale address. */
#include "fastpath/private.h"
#include "base/hash.h"
#include "net/rtnl.h"
#include <errno.h>

struct entry {
	struct hash_link link;
	struct tandem_ip ip;
	uint32_t index;
	/* The neighbour that the kernel was asked to keep. */
	struct addr managed;
	int managed_ifindex;
	bool marked;
};

struct fp_hops {
	struct fastpath *fp;
	struct tandem_hop *table;
	struct fp_device devices[TANDEM_MAX_DEVICES];
	unsigned n_devices;
	struct rtnl *rtnl;
	struct hash by_ip;
	uint32_t next_free; /* where to look for a free index first */
	struct loop_deferred again;
};

/* What the kernel says, before it is published. */
struct found {
	uint16_t state, vlan, mtu;
	uint32_t device;
	uint8_t dmac[6], smac[6];
};

static uint32_t ip_hash(const struct tandem_ip *ip)
{
	return slice_hash(slice_of((const char *)ip, sizeof *ip), false);
}

static const struct fp_device *device_of(const struct fp_hops *h, int ifindex)
{
	for (unsigned i = 0; i < h->n_devices; i++)
		if (h->devices[i].ifindex == ifindex)
			return &h->devices[i];
	return NULL;
}

static void manage(struct entry *e, int ifindex, const struct addr *ip, bool on)
{
	char z[ADDR_STR_LEN];
	json_t *reply = NULL;
	unsigned n = 0;
	(void)fp_ask(json_pack("{s:s,s:i,s:s,s:b}", "do", "fastpath-neighbour", "ifindex", ifindex, "ip", addr_ip_str(ip, z), "on", on),
		     &reply, NULL, &n);
	json_decref(reply);
	e->managed_ifindex = on ? ifindex : 0;
	if (on)
		e->managed = *ip;
}

/* Only one neighbour at a time is kept for a next hop. */
static void keep_resolved(struct entry *e, int ifindex, const struct addr *ip)
{
	if (e->managed_ifindex == ifindex && addr_ip_eq(&e->managed, ip))
		return;
	if (e->managed_ifindex)
		manage(e, e->managed_ifindex, &e->managed, false);
	manage(e, ifindex, ip, true);
}

static void look_up(struct fp_hops *h, struct entry *e, struct found *f)
{
	struct addr dst;
	struct rtnl_route route;
	struct rtnl_link link, lower;
	enum rtnl_neighbour_state state;
	*f = (struct found){.state = TANDEM_HOP_UNRESOLVED};
	fp_addr(&e->ip, 0, &dst);
	if (rtnl_route(h->rtnl, &dst, &route) || rtnl_link(h->rtnl, route.ifindex, &link) || !link.up)
		return;
	bool tagged = link.vlan != 0;
	const struct fp_device *d = device_of(h, tagged ? link.lower : route.ifindex);
	if (route.local || !link.ethernet || !d || (tagged && rtnl_link(h->rtnl, link.lower, &lower))) {
		f->state = TANDEM_HOP_EGRESS;
		return;
	}
	const struct addr *next = addr_is_set(&route.gateway) ? &route.gateway : &dst;
	if (rtnl_neighbour(h->rtnl, route.ifindex, next, &state, f->dmac))
		return;
	keep_resolved(e, route.ifindex, next);
	if (state != RTNL_NEIGHBOUR_GOOD)
		return;
	memcpy(f->smac, link.mac, sizeof f->smac);
	f->vlan = link.vlan;
	f->mtu = link.mtu;
	f->device = d->key;
	f->state = d->native ? TANDEM_HOP_NATIVE : TANDEM_HOP_GENERIC;
}

static void publish(struct tandem_hop *t, const struct entry *e, const struct found *f)
{
	if (t->seq & 1) /* whoever wrote here before us died doing so */
		tandem_seq_give(&t->seq);
	(void)tandem_seq_take(&t->seq, t->seq);
	t->dst = e->ip;
	t->state = f->state;
	t->device = f->device;
	t->vlan = f->vlan;
	t->mtu = f->mtu;
	memcpy(t->dmac, f->dmac, sizeof t->dmac);
	memcpy(t->smac, f->smac, sizeof t->smac);
	tandem_seq_give(&t->seq);
}

static void refresh(struct fp_hops *h, struct entry *e)
{
	struct found f;
	look_up(h, e, &f);
	publish(&h->table[e->index], e, &f);
}

static void refresh_all(void *arg)
{
	struct fp_hops *h = arg;
	struct entry *e;
	hash_foreach(e, &h->by_ip, link)
		refresh(h, e);
}

/* A burst of changes is looked at once. */
static void on_change(void *arg)
{
	struct fp_hops *h = arg;
	loop_defer(&h->again, refresh_all, h);
}

static struct entry *entry_of(const struct fp_hops *h, const struct tandem_ip *ip)
{
	struct entry *e;
	hash_foreach_match(e, &h->by_ip, ip_hash(ip), link)
		if (tandem_ip_eq(&e->ip, ip))
			return e;
	return NULL;
}

static struct entry *entry_add(struct fp_hops *h, const struct tandem_ip *ip, uint32_t index)
{
	struct entry *e = mem_raw(sizeof *e);
	if (!e)
		return NULL;
	*e = (struct entry){.ip = *ip, .index = index};
	hash_insert(&h->by_ip, &e->link, ip_hash(ip));
	return e;
}

static void entry_drop(struct fp_hops *h, struct entry *e)
{
	struct found none = {.state = TANDEM_HOP_FREE};
	if (e->managed_ifindex)
		manage(e, e->managed_ifindex, &e->managed, false);
	publish(&h->table[e->index], e, &none);
	hash_remove(&h->by_ip, &e->link);
	mem_free(e);
}

/* --- a full table: what no slot points at goes ----------------------------------------------------------------------- */

static void mark(struct entry **by_index, uint32_t hop)
{
	if (hop < TANDEM_MAX_HOPS && by_index[hop])
		by_index[hop]->marked = true;
}

static void sweep(struct fp_hops *h)
{
	struct entry **by_index = mem_alloc(TANDEM_MAX_HOPS * sizeof(struct entry *), NULL), *e;
	if (!by_index)
		return;
	hash_foreach(e, &h->by_ip, link) {
		e->marked = false;
		by_index[e->index] = e;
	}
	for (uint32_t i = 0; i < h->fp->n_slots; i++) {
		const struct tandem_slot *s = &h->fp->slots[i];
		if (!(s->in.flags & TANDEM_OPEN))
			continue;
		mark(by_index, s->out.hop);
		mark(by_index, s->policy.hop_media);
		mark(by_index, s->policy.hop_signalling);
	}
	hash_foreach(e, &h->by_ip, link)
		if (!e->marked)
			entry_drop(h, e);
	mem_deref(by_index);
}

static uint32_t free_index(struct fp_hops *h)
{
	for (uint32_t i = 0; i < TANDEM_MAX_HOPS; i++) {
		uint32_t at = (h->next_free + i) % TANDEM_MAX_HOPS;
		if (h->table[at].state == TANDEM_HOP_FREE) {
			h->next_free = at + 1;
			return at;
		}
	}
	return TANDEM_NONE;
}

uint32_t fp_hop_get(struct fp_hops *h, const struct tandem_ip *ip)
{
	struct entry *e = entry_of(h, ip);
	if (e)
		return e->index;
	uint32_t index = free_index(h);
	if (index == TANDEM_NONE) {
		sweep(h);
		index = free_index(h);
	}
	e = index == TANDEM_NONE ? NULL : entry_add(h, ip, index);
	if (!e)
		return TANDEM_NONE;
	refresh(h, e);
	return index;
}

enum fp_engine fp_hop_engine(const struct fp_hops *h, uint32_t hop, const char **why)
{
	static const struct {
		enum fp_engine engine;
		const char *why;
	} by_state[] = {
		[TANDEM_HOP_FREE] = {FP_NULL, "next hop not known"},
		[TANDEM_HOP_UNRESOLVED] = {FP_NULL, "next hop does not answer"},
		[TANDEM_HOP_EGRESS] = {FP_NULL, "leaves through an interface without XDP"},
		[TANDEM_HOP_GENERIC] = {FP_XDP_GENERIC, "the interface's driver has no native XDP"},
		[TANDEM_HOP_NATIVE] = {FP_XDP_NATIVE, NULL},
	};
	uint16_t state = hop < TANDEM_MAX_HOPS ? h->table[hop].state : TANDEM_HOP_FREE;
	if (state >= sizeof by_state / sizeof by_state[0])
		state = TANDEM_HOP_FREE;
	*why = by_state[state].why;
	return by_state[state].engine;
}

static void hops_destroy(void *obj)
{
	struct fp_hops *h = obj;
	struct entry *e;
	loop_defer_cancel(&h->again);
	mem_deref(h->rtnl);
	hash_foreach(e, &h->by_ip, link) {
		hash_remove(&h->by_ip, &e->link);
		mem_free(e);
	}
	hash_free(&h->by_ip);
}

int fp_hops_open(struct fp_hops **ret, struct fastpath *fp, struct tandem_hop *table, const struct fp_device *devices, unsigned n)
{
	struct fp_hops *h = mem_alloc(sizeof *h, hops_destroy);
	if (!h)
		return -ENOMEM;
	h->fp = fp;
	h->table = table;
	h->n_devices = n;
	memcpy(h->devices, devices, n * sizeof *devices);
	int err = hash_init(&h->by_ip, 256);
	if (!err)
		err = rtnl_open(&h->rtnl, on_change, h);
	for (uint32_t i = 0; !err && i < TANDEM_MAX_HOPS; i++)
		if (table[i].state != TANDEM_HOP_FREE && !entry_add(h, &table[i].dst, i))
			err = -ENOMEM;
	if (!err)
		refresh_all(h);
	if (err)
		mem_deref(h);
	else
		*ret = h;
	return err;
}
