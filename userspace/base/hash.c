// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/hash.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

static struct hash_link **new_buckets(size_t n)
{
	struct hash_link **b = mem_raw(n * sizeof *b);
	if (b)
		memset(b, 0, n * sizeof *b);
	return b;
}

static void chain(struct hash *h, struct hash_link *k)
{
	struct hash_link **head = &h->bucket[k->hash & h->mask];
	k->next = *head;
	k->pprev = head;
	if (*head)
		(*head)->pprev = &k->next;
	*head = k;
}

static void grow(struct hash *h)
{
	size_t old = (size_t)h->mask + 1;
	struct hash_link **was = h->bucket, **now = new_buckets(old * 2);
	if (!now)
		return;
	h->bucket = now;
	h->mask = (uint32_t)(old * 2 - 1);
	for (size_t i = 0; i < old; i++)
		for (struct hash_link *k = was[i], *next; k; k = next) {
			next = k->next;
			chain(h, k);
		}
	mem_free(was);
}

int hash_init(struct hash *h, size_t buckets)
{
	size_t n = 8;
	while (n < buckets)
		n *= 2;
	*h = (struct hash){.bucket = new_buckets(n), .mask = (uint32_t)(n - 1)};
	return h->bucket ? 0 : -ENOMEM;
}

void hash_free(struct hash *h)
{
	mem_free(h->bucket);
	*h = (struct hash){0};
}

void hash_insert(struct hash *h, struct hash_link *k, uint32_t hash)
{
	if (h->count > (size_t)h->mask + 1)
		grow(h);
	k->hash = hash;
	chain(h, k);
	h->count++;
}

void hash_remove(struct hash *h, struct hash_link *k)
{
	if (!k->pprev)
		return;
	*k->pprev = k->next;
	if (k->next)
		k->next->pprev = k->pprev;
	k->next = NULL;
	k->pprev = NULL;
	h->count--;
}
