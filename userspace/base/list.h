/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intrusive doubly linked list. An element embeds a `struct link`; the list never owns its elements. A link that is
 * zeroed or was removed is in no list, and removing it again does nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *next, *prev;
};

struct list {
	struct link head; /* head.next is the first element; points at itself when empty */
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->head.next = l->head.prev = &l->head;
}

static inline bool list_empty(const struct list *l)
{
	return !l->head.next || l->head.next == &l->head;
}

static inline bool link_in_list(const struct link *k)
{
	return k->next != NULL;
}

static inline void link_insert_after(struct link *at, struct link *k)
{
	k->prev = at;
	k->next = at->next;
	at->next->prev = k;
	at->next = k;
}

static inline void list_append(struct list *l, struct link *k)
{
	if (!l->head.next)
		list_init(l);
	link_insert_after(l->head.prev, k);
}

static inline void list_prepend(struct list *l, struct link *k)
{
	if (!l->head.next)
		list_init(l);
	link_insert_after(&l->head, k);
}

static inline void list_remove(struct link *k)
{
	if (!k->next)
		return;
	k->prev->next = k->next;
	k->next->prev = k->prev;
	k->next = k->prev = NULL;
}

static inline struct link *list_first(const struct list *l)
{
	return list_empty(l) ? NULL : l->head.next;
}

static inline size_t list_count(const struct list *l)
{
	size_t n = 0;
	if (!list_empty(l))
		for (const struct link *k = l->head.next; k != &l->head; k = k->next)
			n++;
	return n;
}

/* The body may not remove elements; `it` is a pointer to the containing type. */
#define list_foreach(it, list, member)                                                                   \
	for (struct link *k_##it = (list)->head.next;                                                    \
	     k_##it && k_##it != &(list)->head && ((it) = container_of(k_##it, __typeof__(*(it)), member), 1); \
	     k_##it = k_##it->next)

/* The body may remove the current element, and only that one. */
#define list_foreach_safe(it, list, member)                                                              \
	for (struct link *k_##it = (list)->head.next, *n_##it = k_##it ? k_##it->next : NULL;            \
	     k_##it && k_##it != &(list)->head && ((it) = container_of(k_##it, __typeof__(*(it)), member), 1); \
	     k_##it = n_##it, n_##it = n_##it->next)
