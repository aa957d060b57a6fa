/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many of each name are in use (calls of a user, a trunk or a route, connections of an address): what their limits are held against. */
#pragma once
#include "base/hash.h"
#include "base/slice.h"

struct lines {
	struct hash names;
};

struct line; /* of one name */

int lines_init(struct lines *ls);
/* All have been given back. */
void lines_fini(struct lines *ls);
/* One more of `name`; ends with line_release(). *ret is NULL when the name is empty. 0 or -ENOMEM. */
int lines_take(struct line **ret, struct lines *ls, struct slice name);
/* Sets *l to NULL; one that is NULL is left alone. */
void line_release(struct lines *ls, struct line **l);
unsigned lines_taken(const struct lines *ls, struct slice name);
