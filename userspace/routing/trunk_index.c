// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/trunk_index.h"
#include "base/mem.h"
#include <errno.h>

#define V4_BITS 32
#define V6_BITS 128

struct trunk_index { /* reference-counted */
	struct hash names, logins, places;
	unsigned networks[V6_BITS + 1][2]; /* how many of that length, of IPv4 and IPv6 */
};

static void destroy(void *obj)
{
	struct trunk_index *x = obj;
	hash_free(&x->names);
	hash_free(&x->logins);
	hash_free(&x->places);
}

int trunk_index_new(struct trunk_index **ret)
{
	struct trunk_index *x = mem_alloc(sizeof(*x), destroy);
	int err = x ? hash_init(&x->names, 16) ?: hash_init(&x->logins, 16) ?: hash_init(&x->places, 64) : -ENOMEM;
	if (err)
		mem_deref(x);
	else
		*ret = x;
	return err;
}

unsigned trunk_index_places(unsigned peers, unsigned networks)
{
	return 2 * peers + networks;
}

/* --- places --------------------------------------------------------------------------------------------------------- */

static bool is_v6(const struct addr *a)
{
	return a->family == AF_INET6;
}

static unsigned whole(const struct addr *a)
{
	return is_v6(a) ? V6_BITS : V4_BITS;
}

static struct addr masked(const struct addr *a, unsigned bits, uint16_t port)
{
	struct addr m = {.family = a->family, .port = port};
	unsigned bytes = bits / 8;
	memcpy(m.bytes, a->bytes, bytes);
	if (bits % 8)
		m.bytes[bytes] = (uint8_t)(a->bytes[bytes] & (0xff << (8 - bits % 8)));
	return m;
}

static uint32_t key_hash(const struct addr *a, unsigned bits)
{
	return addr_hash(a) ^ (bits * 2654435761u);
}

static struct trunk_place *find_place(const struct trunk_index *x, const struct addr *a, unsigned bits)
{
	struct trunk_place *p;
	uint32_t h = key_hash(a, bits);
	hash_foreach_match(p, &x->places, h, by_key)
		if (p->bits == bits && addr_eq(&p->addr, a))
			return p;
	return NULL;
}

static void put_head(struct trunk_index *x, struct trunk_place *p)
{
	p->head = true;
	hash_insert(&x->places, &p->by_key, key_hash(&p->addr, p->bits));
}

/* The ring of those at one place is in the order of the configuration, and begins at its head. New trunks come last, so its end is looked at first. */
static void put_behind(struct trunk_place *head, struct trunk_place *p)
{
	struct link *at = head->same.prev;
	while (at != &head->same && container_of(at, struct trunk_place, same)->trunk->position > p->trunk->position)
		at = at->prev;
	link_insert_after(at, &p->same);
}

static void put_place(struct trunk_index *x, struct trunk_place *p)
{
	struct trunk_place *head = find_place(x, &p->addr, p->bits);
	p->placed = true;
	p->head = false;
	if (!head) {
		p->same.next = p->same.prev = &p->same;
		put_head(x, p);
	} else if (p->trunk->position < head->trunk->position) {
		hash_remove(&x->places, &head->by_key);
		head->head = false;
		link_insert_after(head->same.prev, &p->same);
		put_head(x, p);
	} else {
		put_behind(head, p);
	}
	if (!p->addr.port && p->bits < whole(&p->addr))
		x->networks[p->bits][is_v6(&p->addr)]++;
}

static void take_place(struct trunk_index *x, struct trunk_place *p)
{
	struct trunk_place *next = container_of(p->same.next, struct trunk_place, same);
	if (!p->placed)
		return;
	p->placed = false;
	list_remove(&p->same);
	if (p->head) {
		hash_remove(&x->places, &p->by_key);
		p->head = false;
		if (next != p)
			put_head(x, next);
	}
	if (!p->addr.port && p->bits < whole(&p->addr))
		x->networks[p->bits][is_v6(&p->addr)]--;
}

static void put_all(struct trunk *t)
{
	struct trunk_place *p = t->place;
	for (unsigned i = 0; i < t->n_peers; i++) {
		const struct addr *a = &t->peer[i].addr;
		*p++ = (struct trunk_place){.trunk = t, .addr = masked(a, whole(a), a->port), .bits = whole(a)};
		*p++ = (struct trunk_place){.trunk = t, .addr = masked(a, whole(a), 0), .bits = whole(a)};
	}
	for (unsigned i = 0; i < t->n_networks; i++) {
		const struct prefix *n = &t->networks[i];
		*p++ = (struct trunk_place){.trunk = t, .addr = masked(&n->net, n->bits, 0), .bits = n->bits};
	}
	t->n_places = (unsigned)(p - t->place);
	for (unsigned i = 0; i < t->n_places; i++)
		put_place(t->index, &t->place[i]);
}

static void take_all(struct trunk *t)
{
	for (unsigned i = 0; i < t->n_places; i++)
		take_place(t->index, &t->place[i]);
	t->n_places = 0;
}

/* --- trunks --------------------------------------------------------------------------------------------------------- */

static struct slice login_of(const struct trunk *t)
{
	return slice_str(conf_string(t->conf, "their-user"));
}

void trunk_index_add(struct trunk_index *x, struct trunk *t)
{
	t->index = x;
	t->position = (unsigned)x->names.count;
	hash_insert(&x->names, &t->by_name, slice_hash(slice_str(t->name), false));
	if (login_of(t).len && !trunk_index_login(x, login_of(t)))
		hash_insert(&x->logins, &t->by_login, slice_hash(login_of(t), false));
	put_all(t);
}

void trunk_index_remove(struct trunk *t)
{
	if (!t->index)
		return;
	take_all(t);
	hash_remove(&t->index->names, &t->by_name);
	hash_remove(&t->index->logins, &t->by_login);
	t->index = NULL;
}

void trunk_index_move(struct trunk *t)
{
	if (!t->index)
		return;
	take_all(t);
	put_all(t);
}

struct trunk *trunk_index_name(const struct trunk_index *x, struct slice name)
{
	struct trunk *t;
	uint32_t h = slice_hash(name, false);
	hash_foreach_match(t, &x->names, h, by_name)
		if (slice_eq(name, slice_str(t->name)))
			return t;
	return NULL;
}

struct trunk *trunk_index_login(const struct trunk_index *x, struct slice user)
{
	struct trunk *t;
	uint32_t h = slice_hash(user, false);
	hash_foreach_match(t, &x->logins, h, by_login)
		if (slice_eq(user, login_of(t)))
			return t;
	return NULL;
}

struct trunk *trunk_index_address(const struct trunk_index *x, const struct addr *src, bool *exact)
{
	unsigned bits = whole(src);
	struct addr key = masked(src, bits, src->port);
	const struct trunk_place *p = find_place(x, &key, bits);
	*exact = p && src->port;
	key.port = 0;
	if (!p)
		p = find_place(x, &key, bits);
	for (unsigned n = bits; !p && n--;) {
		if (!x->networks[n][is_v6(src)])
			continue;
		key = masked(src, n, 0);
		p = find_place(x, &key, n);
	}
	return p ? p->trunk : NULL;
}
