// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/lines.h"
#include "base/mem.h"
#include <errno.h>

struct line {
	struct hash_link by_name;
	unsigned taken;
	size_t len;
	char name[];
};

int lines_init(struct lines *ls)
{
	return hash_init(&ls->names, 64);
}

void lines_fini(struct lines *ls)
{
	hash_free(&ls->names);
}

static struct line *find(const struct lines *ls, struct slice name)
{
	struct line *l;
	uint32_t h = slice_hash(name, false);
	hash_foreach_match(l, &ls->names, h, by_name)
		if (slice_eq(slice_of(l->name, l->len), name))
			return l;
	return NULL;
}

int lines_take(struct line **ret, struct lines *ls, struct slice name)
{
	*ret = NULL;
	if (slice_empty(name))
		return 0;
	struct line *l = find(ls, name);
	if (!l) {
		l = mem_raw(sizeof(*l) + name.len);
		if (!l)
			return -ENOMEM;
		*l = (struct line){.len = name.len};
		memcpy(l->name, name.p, name.len);
		hash_insert(&ls->names, &l->by_name, slice_hash(name, false));
	}
	l->taken++;
	*ret = l;
	return 0;
}

void line_release(struct lines *ls, struct line **l)
{
	if (*l && !--(*l)->taken) {
		hash_remove(&ls->names, &(*l)->by_name);
		mem_free(*l);
	}
	*l = NULL;
}

unsigned lines_taken(const struct lines *ls, struct slice name)
{
	const struct line *l = find(ls, name);
	return l ? l->taken : 0;
}
