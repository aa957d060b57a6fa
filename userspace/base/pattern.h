/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a number or a header's value is compared with: "+49301234" is exactly that, "+4930*" all that begins so, "/^0[1-9]/" a regular
 * expression (PCRE2), "@NAME" any entry of a `list` section. */
#pragma once
#include "base/conf.h"

struct pattern; /* reference-counted, immutable */

/* -EINVAL with what is wrong in *why (may be NULL); -ENOMEM. Lists are those of `conf`. */
int pattern_new(struct pattern **ret, const char *text, const struct conf *conf, struct buf *why);
/* How many leading characters decided (a longer one is more specific, an exact one counts one more), -1: no match. */
int pattern_match(const struct pattern *p, struct slice value);
/* Appends `value` with what a regular expression matches in it replaced ($1 is its first group); as it is when nothing matches. Errors stick in
 * out->err: -ENOSPC also when the expression took too long, for then it is not known what the value should be. */
void pattern_replace(const struct pattern *p, struct slice value, const char *with, struct buf *out);
/* What every value that it matches begins with; *longest gets the most that pattern_match() may say of one. */
struct slice pattern_beginning(const struct pattern *p, int *longest);
/* Whether it may say something else of what is longer than `value` and begins like it. */
bool pattern_may_change(const struct pattern *p, struct slice value);
const char *pattern_text(const struct pattern *p);

/* Several, of a list option: any may match. */
struct patterns {
	struct pattern **p;
	unsigned n;
};
int patterns_load(struct patterns *ret, const struct conf_part *part, const char *option, const struct conf *conf);
void patterns_free(struct patterns *ps);
/* The most specific match, -1: none does; 0 when there are no patterns. */
int patterns_match(const struct patterns *ps, struct slice value);
