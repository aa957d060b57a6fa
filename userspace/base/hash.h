/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intrusive hash table with chains; it doubles as it fills, so that a look-up stays O(1). It never owns its
 * elements. The caller computes hashes (slice_hash()) and compares keys while walking one chain. */
#pragma once
#include "base/list.h"
#include <stdint.h>

struct hash_link {
	struct hash_link *next, **pprev;
	uint32_t hash;
};

struct hash {
	struct hash_link **bucket;
	uint32_t mask; /* buckets - 1 */
	size_t count;
};

/* `buckets` is rounded up to a power of two. 0 or -ENOMEM. */
int hash_init(struct hash *h, size_t buckets);
void hash_free(struct hash *h);
/* Never fails: when growing fails the chains get longer. */
void hash_insert(struct hash *h, struct hash_link *k, uint32_t hash);
/* Removing what is in no table does nothing. */
void hash_remove(struct hash *h, struct hash_link *k);

static inline struct hash_link *hash_chain(const struct hash *h, uint32_t hash)
{
	return h->bucket ? h->bucket[hash & h->mask] : NULL;
}

/* Walks the elements whose hash is equal; the body compares the key. It may not remove. */
#define hash_foreach_match(it, h, hashval, member)                                                         \
	for (struct hash_link *k_##it = hash_chain(h, hashval); k_##it; k_##it = k_##it->next)             \
		if (k_##it->hash == (hashval) && ((it) = container_of(k_##it, __typeof__(*(it)), member), 1))

/* Walks every element; the body may remove the current one only. */
#define hash_foreach(it, h, member)                                                                        \
	for (uint32_t b_##it = 0; (h)->bucket && b_##it <= (h)->mask; b_##it++)                            \
		for (struct hash_link *k_##it = (h)->bucket[b_##it], *n_##it;                              \
		     k_##it && ((n_##it = k_##it->next), (it) = container_of(k_##it, __typeof__(*(it)), member), 1); \
		     k_##it = n_##it)
