// SPDX-License-Identifier: GPL-3.0-or-later
/* Next hops: one for each remote IP address, so that a changed route or neighbour is rewritten in one place, and slots
 * only hold its index. A next hop is what the route says (where it leaves, and by which neighbour) and what that
 * neighbour says (its MAC address). A changed neighbour is written at once into the next hops that go through it. After
 * a change of routes or links all routes are asked for again, some in each loop turn, but what leaves by an interface
 * that went down is unresolved at once. What is not certain is unresolved: its packets go through the daemon and the
 * kernel's own routing, never to a stale address. */
#include "fastpath/hops.h"
#include <errno.h>

#define TURN_MS   2     /* of a loop turn are spent on asking for routes */
#define CHUNK     32    /* routes asked for at once */
#define WIDEN_MS  30000 /* paths that took less than their interface are asked for again */

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

static bool device_keyed(const struct fp_hops *h, uint32_t key)
{
	for (unsigned i = 0; i < h->n_devices; i++)
		if (h->devices[i].key == key)
			return true;
	return false;
}

static bool link_of(struct fp_hops *h, int ifindex, struct rtnl_link *ret)
{
	struct known_link asked = {.ifindex = ifindex};
	const struct known_link *k = NULL;
	for (unsigned i = 0; i < h->n_links; i++)
		if (h->links[i].ifindex == ifindex)
			k = &h->links[i];
	if (!k) {
		asked.exists = !rtnl_link(h->rtnl, ifindex, &asked.link);
		k = &asked;
		if (h->n_links < LINKS_MAX)
			h->links[h->n_links++] = asked;
	}
	*ret = k->link;
	return k->exists;
}

/* --- the table ----------------------------------------------------------------------------------------------------- */

static void publish(struct fp_hops *h, const struct entry *e)
{
	struct tandem_hop *t = &h->table[e->index];
	const bool known = !e->via || neighbour_usable(e->via);
	if (t->seq & 1) /* whoever wrote here before us died doing so */
		tandem_seq_give(&t->seq);
	(void)tandem_seq_take(&t->seq, t->seq);
	t->dst = e->ip;
	t->state = known ? e->state : TANDEM_HOP_UNRESOLVED;
	t->device = e->device;
	t->vlan = e->vlan;
	t->mtu = e->mtu;
	memcpy(t->smac, e->smac, sizeof t->smac);
	if (e->via && known)
		memcpy(t->dmac, e->via->is.mac, sizeof t->dmac);
	tandem_seq_give(&t->seq);
}

static void leave_neighbour(struct fp_hops *h, struct entry *e)
{
	if (e->via)
		neighbour_put(h->neighbours, e->via, &e->at_via);
	e->via = NULL;
}

/* The neighbour before is let go last, so that one which stays is not forgotten in between. */
static void set_neighbour(struct fp_hops *h, struct entry *e, const struct addr *ip)
{
	struct neighbour *was = e->via;
	if (was && was->is.ifindex == e->ifindex && addr_ip_eq(&was->is.ip, ip))
		return;
	struct link old = {0};
	if (was) {
		link_insert_after(&e->at_via, &old);
		list_remove(&e->at_via);
	}
	e->via = neighbour_get(h->neighbours, e->ifindex, ip, &e->at_via);
	if (was)
		neighbour_put(h->neighbours, was, &old);
	if (!e->via)
		e->state = TANDEM_HOP_UNRESOLVED;
}

/* XDP can send only on the interfaces it is attached to. */
static bool can_send(struct fp_hops *h, const struct rtnl_route *route, const struct rtnl_link *link, const struct fp_device **d)
{
	struct rtnl_link lower;
	*d = device_of(h, link->vlan ? link->lower : link->ifindex);
	return !route->local && link->ethernet && *d && (!link->vlan || link_of(h, link->lower, &lower));
}

static void set_mtu(struct fp_hops *h, struct entry *e, uint16_t link, uint16_t path)
{
	bool narrow = path && path < link;
	e->mtu = narrow ? path : link;
	if (narrow == link_in_list(&e->at_narrow))
		return;
	if (narrow)
		list_append(&h->narrow, &e->at_narrow);
	else
		list_remove(&e->at_narrow);
}

/* What the route says; false when the destination is not reached through a neighbour on one of our devices. */
static bool take_route(struct fp_hops *h, struct entry *e, const struct rtnl_question *q, struct addr *next)
{
	const struct fp_device *d;
	struct rtnl_link link;
	e->state = TANDEM_HOP_UNRESOLVED;
	e->ifindex = 0;
	if (q->err || !link_of(h, q->route.ifindex, &link) || !link.up)
		return false;
	e->ifindex = q->route.ifindex;
	if (!can_send(h, &q->route, &link, &d)) {
		e->state = TANDEM_HOP_EGRESS;
		return false;
	}
	*next = addr_is_set(&q->route.gateway) ? q->route.gateway : q->dst;
	memcpy(e->smac, link.mac, sizeof e->smac);
	e->vlan = link.vlan;
	set_mtu(h, e, link.mtu, q->route.mtu);
	e->device = d->key;
	e->state = d->native ? TANDEM_HOP_NATIVE : TANDEM_HOP_GENERIC;
	return true;
}

static void take_answer(struct fp_hops *h, struct entry *e, const struct rtnl_question *q)
{
	struct addr next;
	if (take_route(h, e, q, &next))
		set_neighbour(h, e, &next);
	else
		leave_neighbour(h, e);
	publish(h, e);
}

static void refresh(struct fp_hops *h, struct entry *const *entries, unsigned n)
{
	struct rtnl_question q[CHUNK];
	for (unsigned i = 0; i < n; i++) {
		q[i] = (struct rtnl_question){.vrf = h->vrf};
		fp_addr(&entries[i]->ip, 0, &q[i].dst);
	}
	rtnl_routes(h->rtnl, q, n);
	for (unsigned i = 0; i < n; i++)
		take_answer(h, entries[i], &q[i]);
}

/* The kernel tells nobody when it learns a path's MTU, or forgets it. */
static void on_widen(void *arg)
{
	struct fp_hops *h = arg;
	struct entry *some[CHUNK], *e;
	unsigned n = 0;
	list_foreach(e, &h->narrow, at_narrow)
		if (n < CHUNK)
			some[n++] = e;
	for (unsigned i = 0; i < n; i++) { /* the others have their turn next time */
		list_remove(&some[i]->at_narrow);
		list_append(&h->narrow, &some[i]->at_narrow);
	}
	refresh(h, some, n);
	timer_start(&h->widen, list_empty(&h->narrow) ? WIDEN_MS : WIDEN_MS / (1 + h->by_ip.count / CHUNK), on_widen, h);
}

/* --- changes ------------------------------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	return fp_now_ns() / 1000000;
}

bool hops_rest(struct fp_hops *h)
{
	return now_ms() < h->rest_ms;
}

void hops_worked(struct fp_hops *h)
{
	h->rest_ms = now_ms() + 1;
}

static unsigned next_entries(struct fp_hops *h, struct entry *ret[CHUNK])
{
	unsigned n = 0;
	for (; h->left && n < CHUNK; h->left--) {
		struct entry *e = h->by_index[h->at];
		h->at = (h->at + 1) % TANDEM_MAX_HOPS;
		if (e)
			ret[n++] = e;
	}
	return n;
}

static void go_on(void *arg)
{
	struct fp_hops *h = arg;
	struct entry *some[CHUNK];
	uint64_t end = now_ms() + TURN_MS;
	while (h->left && !hops_rest(h) && now_ms() < end)
		refresh(h, some, next_entries(h, some));
	if (now_ms() >= h->rest_ms)
		hops_worked(h);
	if (h->left)
		timer_start(&h->round, 1, go_on, h);
}

/* A change in the middle of a round makes it a full one from there: a router whose routes never rest starves no entry. */
static void refresh_all(struct fp_hops *h)
{
	h->n_links = 0;
	h->left = TANDEM_MAX_HOPS;
	if (!timer_running(&h->round))
		timer_start(&h->round, 0, go_on, h);
}

static void on_link_down(struct fp_hops *h, int ifindex)
{
	struct entry *e;
	hash_foreach(e, &h->by_ip, link) {
		if (e->ifindex != ifindex)
			continue;
		e->state = TANDEM_HOP_UNRESOLVED;
		publish(h, e);
	}
}

static void publish_users(struct fp_hops *h, const struct neighbour *n)
{
	const struct entry *e;
	list_foreach(e, &n->users, at_via)
		publish(h, e);
}

static void on_change(void *arg, const struct rtnl_change *c)
{
	struct fp_hops *h = arg;
	const struct neighbour *n;
	switch (c->what) {
	case RTNL_NEIGHBOUR:
		n = neighbour_update(h->neighbours, &c->neighbour);
		if (n)
			publish_users(h, n);
		return;
	case RTNL_LINK:
		if (!c->up)
			on_link_down(h, c->ifindex);
		break;
	case RTNL_LOST:
		neighbours_reread(h->neighbours);
		break;
	case RTNL_ROUTES:
	case RTNL_ADDRESS:
		break;
	}
	refresh_all(h);
}

/* --- entries ------------------------------------------------------------------------------------------------------- */

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
	h->by_index[index] = e;
	return e;
}

void hop_entry_drop(struct fp_hops *h, struct entry *e)
{
	leave_neighbour(h, e);
	list_remove(&e->at_narrow);
	e->state = TANDEM_HOP_FREE;
	publish(h, e);
	h->by_index[e->index] = NULL;
	h->unused[h->n_unused++] = e->index;
	hash_remove(&h->by_ip, &e->link);
	mem_free(e);
}

/* XDP cannot tell VRFs apart: next hops are those of one. */
static bool is_elsewhere(const struct fp_hops *h, uint32_t slot)
{
	return fp_range_of(h->fp, slot)->vrf != h->vrf;
}

uint32_t fp_hop_get(struct fp_hops *h, uint32_t slot, const struct tandem_ip *ip)
{
	struct entry *e = entry_of(h, ip);
	if (is_elsewhere(h, slot))
		return TANDEM_NONE;
	if (e)
		return hops_hand_out(h, e);
	if (!h->n_unused)
		hops_sweep_now(h);
	if (!h->n_unused)
		return TANDEM_NONE;
	e = entry_add(h, ip, h->unused[h->n_unused - 1]);
	if (!e)
		return TANDEM_NONE;
	h->n_unused--;
	refresh(h, &e, 1);
	hops_grown(h);
	return hops_hand_out(h, e);
}

void fp_hop_mtu_changed(struct fp_hops *h, const struct tandem_ip *ip)
{
	struct entry *e = entry_of(h, ip);
	if (e)
		refresh(h, &e, 1);
}

void fp_hops_devices(struct fp_hops *h, const struct fp_device *devices, unsigned n)
{
	struct entry *e;
	h->n_devices = n;
	h->vrf = h->fp->ranges[0].vrf;
	memcpy(h->devices, devices, n * sizeof *devices);
	/* Until its turn comes, nothing leaves by an interface that is no longer a device. */
	hash_foreach(e, &h->by_ip, link)
		if (e->state > TANDEM_HOP_EGRESS && !device_keyed(h, e->device)) {
			e->state = TANDEM_HOP_EGRESS;
			publish(h, e);
		}
	refresh_all(h);
}

enum tandem_hop_state fp_hop_state(const struct fp_hops *h, uint32_t hop)
{
	uint16_t state = hop < TANDEM_MAX_HOPS ? h->table[hop].state : TANDEM_HOP_FREE;
	return state <= TANDEM_HOP_NATIVE ? (enum tandem_hop_state)state : TANDEM_HOP_FREE;
}

void fp_hops_forget(struct fp_hops *h)
{
	struct entry *e;
	hash_foreach(e, &h->by_ip, link)
		hop_entry_drop(h, e);
	neighbours_flush(h->neighbours);
}

static void hops_destroy(void *obj)
{
	struct fp_hops *h = obj;
	struct entry *e;
	timer_stop(&h->round);
	timer_stop(&h->widen);
	timer_stop(&h->sweep_timer);
	mem_deref(h->neighbours);
	mem_deref(h->rtnl);
	hash_foreach(e, &h->by_ip, link) {
		hash_remove(&h->by_ip, &e->link);
		mem_free(e);
	}
	hash_free(&h->by_ip);
	mem_deref(h->by_index);
	mem_free(h->unused);
}

/* What the table says holds until its turn comes: nobody has followed it for a while, a moment more does no harm. */
static int adopt(struct fp_hops *h)
{
	for (uint32_t i = TANDEM_MAX_HOPS; i-- > 0;) {
		if (h->table[i].state == TANDEM_HOP_FREE)
			h->unused[h->n_unused++] = i;
		else if (!entry_add(h, &h->table[i].dst, i))
			return -ENOMEM;
	}
	if (h->by_ip.count)
		refresh_all(h);
	return 0;
}

int fp_hops_open(struct fp_hops **ret, struct fastpath *fp, struct tandem_hop *table, const struct fp_device *devices, unsigned n)
{
	struct fp_hops *h = mem_alloc(sizeof *h, hops_destroy);
	if (!h)
		return -ENOMEM;
	h->fp = fp;
	h->table = table;
	h->n_devices = n;
	h->vrf = fp->ranges[0].vrf;
	h->recent[0] = h->recent[1] = TANDEM_NONE;
	memcpy(h->devices, devices, n * sizeof *devices);
	list_init(&h->narrow);
	h->by_index = mem_alloc(TANDEM_MAX_HOPS * sizeof(struct entry *), NULL);
	h->unused = h->by_index ? mem_raw(TANDEM_MAX_HOPS * sizeof *h->unused) : NULL;
	int err = h->unused ? hash_init(&h->by_ip, 256) : -ENOMEM;
	if (!err)
		err = rtnl_open(&h->rtnl, on_change, h);
	if (!err)
		err = neighbours_open(&h->neighbours, h->rtnl);
	if (!err)
		err = adopt(h);
	if (err) {
		mem_deref(h);
		return err;
	}
	hops_grown(h);
	timer_start(&h->widen, WIDEN_MS, on_widen, h);
	*ret = h;
	return 0;
}
