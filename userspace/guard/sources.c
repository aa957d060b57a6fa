// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/sources.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>
#include <sys/random.h>

#define MINUTE_MS 60000

bool bucket_take(struct bucket *b, const struct bucket_rate *rate, uint64_t now)
{
	uint64_t full = rate->burst * UINT64_C(1000), milli = full;
	if (b->used) {
		milli = b->milli + (now - b->at) * rate->per_minute * 1000 / MINUTE_MS;
		/* Less than a thousandth in so short a time: it counts from then on, and is not lost. */
		if (milli == b->milli && milli < 1000)
			return false;
	}
	milli = milli > full ? full : milli;
	bool taken = milli >= 1000;
	*b = (struct bucket){.at = now, .milli = (uint32_t)(taken ? milli - 1000 : milli), .used = true};
	return taken;
}

void origin_key(const struct addr *a, uint64_t key[2])
{
	uint8_t bytes[16];
	addr_mapped(a, bytes);
	memcpy(key, bytes, sizeof bytes);
	if (a->family == AF_INET6)
		key[1] = 0;
}

/* Keyed, so that nobody can choose addresses that meet in one chain. */
static uint32_t hash_of(const struct sources *s, const uint64_t key[2])
{
	uint64_t h = (key[0] ^ s->secret[0]) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ key[1] ^ s->secret[1]) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(h >> 32 ^ h);
}

int sources_init(struct sources *s, unsigned max)
{
	*s = (struct sources){.max = max > 1 ? max / 2 : 1};
	list_init(&s->share[0]);
	list_init(&s->share[1]);
	if (getrandom(s->secret, sizeof s->secret, 0) != sizeof s->secret)
		return -EIO;
	return hash_init(&s->by_key, 256);
}

static void forget(struct sources *s, struct origin *o)
{
	hash_remove(&s->by_key, &o->by_key);
	list_remove(&o->order);
	s->n[o->proven]--;
	mem_free(o);
}

void sources_fini(struct sources *s)
{
	struct origin *o;
	for (unsigned i = 0; i < 2; i++)
		list_foreach_safe(o, &s->share[i], order)
			forget(s, o);
	hash_free(&s->by_key);
}

static struct origin *find(const struct sources *s, const uint64_t key[2], uint32_t h)
{
	struct origin *o;
	hash_foreach_match(o, &s->by_key, h, by_key)
		if (o->key[0] == key[0] && o->key[1] == key[1])
			return o;
	return NULL;
}

struct origin *sources_find(const struct sources *s, const struct addr *a)
{
	uint64_t key[2];
	origin_key(a, key);
	return find(s, key, hash_of(s, key));
}

static void make_room(struct sources *s, bool proven)
{
	if (s->n[proven] < s->max)
		return;
	forget(s, container_of(list_first(&s->share[proven]), struct origin, order));
	s->forgotten++;
}

struct origin *sources_seen(struct sources *s, const struct addr *a)
{
	uint64_t key[2];
	origin_key(a, key);
	uint32_t h = hash_of(s, key);
	struct origin *o = find(s, key, h);
	if (!o) {
		make_room(s, false);
		o = mem_raw(sizeof *o);
		if (!o)
			return NULL;
		*o = (struct origin){.key = {key[0], key[1]}, .family = a->family};
		hash_insert(&s->by_key, &o->by_key, h);
		s->n[0]++;
	}
	list_remove(&o->order);
	list_append(&s->share[o->proven], &o->order);
	o->seen_at = clock_ms();
	return o;
}

void sources_prove(struct sources *s, struct origin *o)
{
	if (o->proven)
		return;
	make_room(s, true);
	list_remove(&o->order);
	s->n[0]--;
	s->n[1]++;
	o->proven = true;
	list_append(&s->share[1], &o->order);
}

const char *origin_str(const struct origin *o, char *dst)
{
	uint8_t bytes[16];
	struct addr a;
	memcpy(bytes, o->key, sizeof bytes);
	addr_from_mapped(&a, bytes, 0);
	addr_ip_str(&a, dst);
	if (o->family == AF_INET6)
		memcpy(dst + strlen(dst), "/64", sizeof "/64");
	return dst;
}
