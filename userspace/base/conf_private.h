/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What conf.c (reading) and conf_text.c (help, manual, dump) share. */
#pragma once
#include "base/conf.h"
#include "base/hash.h"

struct conf_value {
	char *text;       /* as written; of a list NULL */
	int64_t number;   /* integer, milliseconds, 0/1, index of the choice */
	char **items;     /* of a list */
	unsigned n_items;
	bool given;       /* in the file, not the default */
};

struct conf_part {
	struct link link;
	struct hash_link by_title;
	const struct conf_section *section;
	char *title; /* NULL when untitled */
	char *where;
	unsigned n_values;
	struct conf_value *values; /* one an option, in the schema's order */
};

/* The parts of one section, in file order. */
struct conf_index {
	struct hash_link by_section;
	const char *section;
	struct conf_part **part;
	unsigned n;
};

struct conf {
	const struct conf_section *schema;
	struct list parts; /* schema order, then file order */
	struct conf_index *index; /* one a section of the schema */
	unsigned n_index;
	struct hash sections, titles; /* of `index`; of the parts that have a title */
};

/* Checks one value and gives its number: NULL when good, else what was expected (in `why`, or a constant). */
const char *conf_value_parse(const struct conf_option *o, const char *text, int64_t *number, struct buf *why);
/* Calls `fn` for each element of a list written as {a, "b"}; stops at and returns its first non-zero. */
int conf_list_each(const char *text, int (*fn)(struct slice item, void *arg), void *arg);

/* Appends the contents of a file. 0 or negative errno. */
int conf_file_read(struct buf *out, const char *path);
/* Turns comments (#, //, and those of C) into spaces, keeping line ends. */
void conf_file_blank_comments(char *text, size_t len);
/* The line of a "{" that is never closed, 0 when there is none: libconfuse takes the end of the file for its end. Comments
 * are blanked already. */
int conf_file_unclosed(const char *text, size_t len);
