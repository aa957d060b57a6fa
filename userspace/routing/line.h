/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephone lines as the routing knows them: a group of ISDN channels (section isdn), a line or telephone at a gateway (section line). Calls come from
 * them and go to them as with a trunk; what carries the calls is not known here. */
#pragma once
#include "base/hash.h"
#include "routing/causes.h"
#include "routing/drained.h"
#include "routing/limits.h"
#include "routing/trunk_numbers.h"
#include <jansson.h>

enum tel_kind { TEL_ISDN, TEL_LINE, TEL_KINDS };

/* Reference-counted: a call that uses it keeps it beyond a reload. */
struct tel_line {
	struct link link;
	struct hash_link by_name, by_number;
	struct conf *holder;           /* whose strings these are */
	const struct conf_part *conf;
	enum tel_kind kind;
	const char *name;
	struct limits limits;
	struct line_numbers numbers;
	struct causes causes;
	char down[96];                 /* why no call can go there, in words; empty: one can */
	bool drained;                  /* by the operator: no new calls, either way */
};

/* All lines of a configuration, in its order. */
struct tel_lines {
	struct list all;
	struct hash by_name, by_number;
	struct drained kept; /* which of them are drained */
};

/* Makes the lines of `conf`; what the ones of the same name in `old` (NULL) know of their state goes over. Whoever carries their calls says when they are
 * up: until then they are down. -ENOMEM. */
int tel_lines_load(struct tel_lines *ls, const struct conf *conf, const struct tel_lines *old);
void tel_lines_free(struct tel_lines *ls);
/* `ls` takes those of `now` in place of its own. */
void tel_lines_replace(struct tel_lines *ls, struct tel_lines *now);
struct tel_line *tel_lines_find(const struct tel_lines *ls, struct slice name);
/* The telephone that has that number. */
struct tel_line *tel_lines_called(const struct tel_lines *ls, struct slice number);
/* Those that were drained before a restart are again; `store` (borrowed) is told of changes from now on. */
int tel_lines_keep(struct tel_lines *ls, struct store *store, unsigned table);
/* The operator takes it out of use, or back. -ENOMEM: that was not kept. */
int tel_lines_drain(struct tel_lines *ls, struct tel_line *l, bool drained);
/* Calls can go there (NULL), or why not; the alarm "line" follows. */
void tel_line_state(struct tel_line *l, const char *down);
/* Why no call can go there, in words; NULL: one can. `cause` gets the Q.850 cause. */
const char *tel_line_refusal(const struct tel_line *l, const struct lines *lines, unsigned *cause);
const char *tel_kind_name(enum tel_kind kind);
json_t *tel_line_json(const struct tel_line *l, const struct lines *lines);
