// SPDX-License-Identifier: GPL-3.0-or-later
/* Next hops: one for each remote IP address, so that a changed route or neighbour is rewritten in one place, and slots
 * only hold its index. A next hop is what the route says (where it leaves, and by which neighbour) and what that
 * neighbour says (its MAC address). A changed neighbour is written at once into the next hops that go through it. After
 * a change of routes or links all routes are asked for again, some in each loop turn, but what leaves by an interface
 * that went down is unresolved at once. What is not certain is unresolved: its packets go through the daemon and the
 * kernel's own routing, never to a stale address. */
#include "fastpath/neighbour.h"
#include "fastpath/private.h"
#include "base/timer.h"
#include <errno.h>

#define A_TURN    128 /* routes asked for in a loop turn */
#define LINKS_MAX 32
#define SWEEP_MIN 1024

struct entry {
	struct hash_link link;
	struct tandem_ip ip;
	uint32_t index;
	/* What the route says. */
	int ifindex;
	uint16_t state, vlan, mtu; /* state: as if the neighbour were known */
	uint32_t device;
	uint8_t smac[6];
	struct neighbour *via; /* NULL unless state needs one */
	struct link at_via;
	bool marked;
};

struct known_link {
	int ifindex;
	bool exists;
	struct rtnl_link link;
};

struct fp_hops {
	struct fastpath *fp;
	struct tandem_hop *table;
	struct fp_device devices[TANDEM_MAX_DEVICES];
	unsigned n_devices;
	struct rtnl *rtnl;
	struct neighbours *neighbours;
	struct hash by_ip;
	struct entry **by_index;
	uint32_t next_free;   /* where to look for a free index first */
	uint32_t sweep_at;    /* number of entries at which the unused ones are looked for */
	uint32_t recent[2];   /* handed out last: their slots may not be written yet */
	uint32_t at, left;    /* the round through all entries: next index, and how many to go */
	struct timer round;
	struct known_link links[LINKS_MAX]; /* since the last change */
	unsigned n_links;
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

/* What the route says; false when the destination is not reached through a neighbour on one of our devices. */
static bool look_up(struct fp_hops *h, struct entry *e, struct addr *next)
{
	struct rtnl_route route;
	struct rtnl_link link, lower;
	fp_addr(&e->ip, 0, next);
	e->state = TANDEM_HOP_UNRESOLVED;
	e->ifindex = 0;
	if (rtnl_route(h->rtnl, next, &route) || !link_of(h, route.ifindex, &link) || !link.up)
		return false;
	e->ifindex = route.ifindex;
	bool tagged = link.vlan != 0;
	const struct fp_device *d = device_of(h, tagged ? link.lower : route.ifindex);
	if (route.local || !link.ethernet || !d || (tagged && !link_of(h, link.lower, &lower))) {
		e->state = TANDEM_HOP_EGRESS;
		return false;
	}
	if (addr_is_set(&route.gateway))
		*next = route.gateway;
	memcpy(e->smac, link.mac, sizeof e->smac);
	e->vlan = link.vlan;
	e->mtu = link.mtu;
	e->device = d->key;
	e->state = d->native ? TANDEM_HOP_NATIVE : TANDEM_HOP_GENERIC;
	return true;
}

static void refresh(struct fp_hops *h, struct entry *e)
{
	struct addr next;
	if (look_up(h, e, &next))
		set_neighbour(h, e, &next);
	else
		leave_neighbour(h, e);
	publish(h, e);
}

/* --- changes ------------------------------------------------------------------------------------------------------- */

static void go_on(void *arg)
{
	struct fp_hops *h = arg;
	for (unsigned done = 0; h->left && done < A_TURN; h->left--) {
		struct entry *e = h->by_index[h->at];
		h->at = (h->at + 1) % TANDEM_MAX_HOPS;
		if (!e)
			continue;
		refresh(h, e);
		done++;
	}
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

static void entry_drop(struct fp_hops *h, struct entry *e)
{
	leave_neighbour(h, e);
	e->state = TANDEM_HOP_FREE;
	publish(h, e);
	h->by_index[e->index] = NULL;
	hash_remove(&h->by_ip, &e->link);
	mem_free(e);
}

static void mark(struct fp_hops *h, uint32_t hop)
{
	if (hop < TANDEM_MAX_HOPS && h->by_index[hop])
		h->by_index[hop]->marked = true;
}

/* Called whenever the entries have doubled, so that it costs little for each. */
void fp_hops_sweep(struct fp_hops *h)
{
	struct entry *e;
	hash_foreach(e, &h->by_ip, link)
		e->marked = false;
	for (uint32_t i = 0; i < h->fp->n_slots; i++) {
		const struct tandem_slot *s = &h->fp->slots[i];
		if (!(s->in.flags & TANDEM_OPEN))
			continue;
		mark(h, s->out.hop);
		mark(h, s->policy.hop_media);
		mark(h, s->policy.hop_signalling);
	}
	mark(h, h->recent[0]);
	mark(h, h->recent[1]);
	hash_foreach(e, &h->by_ip, link)
		if (!e->marked)
			entry_drop(h, e);
	h->sweep_at = (uint32_t)h->by_ip.count * 2 > SWEEP_MIN ? (uint32_t)h->by_ip.count * 2 : SWEEP_MIN;
}

static uint32_t free_index(struct fp_hops *h)
{
	for (uint32_t i = 0; i < TANDEM_MAX_HOPS; i++) {
		uint32_t at = (h->next_free + i) % TANDEM_MAX_HOPS;
		if (!h->by_index[at]) {
			h->next_free = at + 1;
			return at;
		}
	}
	return TANDEM_NONE;
}

static uint32_t handed_out(struct fp_hops *h, uint32_t index)
{
	h->recent[0] = h->recent[1];
	h->recent[1] = index;
	return index;
}

uint32_t fp_hop_get(struct fp_hops *h, const struct tandem_ip *ip)
{
	struct entry *e = entry_of(h, ip);
	if (e)
		return handed_out(h, e->index);
	if (h->by_ip.count >= (h->sweep_at < TANDEM_MAX_HOPS ? h->sweep_at : TANDEM_MAX_HOPS))
		fp_hops_sweep(h);
	uint32_t index = free_index(h);
	e = index == TANDEM_NONE ? NULL : entry_add(h, ip, index);
	if (!e)
		return TANDEM_NONE;
	refresh(h, e);
	return handed_out(h, index);
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

void fp_hops_forget(struct fp_hops *h)
{
	struct entry *e;
	hash_foreach(e, &h->by_ip, link)
		entry_drop(h, e);
}

static void hops_destroy(void *obj)
{
	struct fp_hops *h = obj;
	struct entry *e;
	timer_stop(&h->round);
	mem_deref(h->neighbours);
	mem_deref(h->rtnl);
	hash_foreach(e, &h->by_ip, link) {
		hash_remove(&h->by_ip, &e->link);
		mem_free(e);
	}
	hash_free(&h->by_ip);
	mem_deref(h->by_index);
}

static int adopt(struct fp_hops *h)
{
	for (uint32_t i = 0; i < TANDEM_MAX_HOPS; i++) {
		if (h->table[i].state == TANDEM_HOP_FREE)
			continue;
		struct entry *e = entry_add(h, &h->table[i].dst, i);
		if (!e)
			return -ENOMEM;
		refresh(h, e);
	}
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
	h->sweep_at = SWEEP_MIN;
	h->recent[0] = h->recent[1] = TANDEM_NONE;
	memcpy(h->devices, devices, n * sizeof *devices);
	h->by_index = mem_alloc(TANDEM_MAX_HOPS * sizeof(struct entry *), NULL);
	int err = h->by_index ? hash_init(&h->by_ip, 256) : -ENOMEM;
	if (!err)
		err = rtnl_open(&h->rtnl, on_change, h);
	if (!err)
		err = neighbours_open(&h->neighbours, h->rtnl);
	if (!err)
		err = adopt(h);
	if (err)
		mem_deref(h);
	else
		*ret = h;
	return err;
}
