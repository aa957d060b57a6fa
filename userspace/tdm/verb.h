/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What operators may do with spans, groups and channels, as data: a control verb or a command needs no code of its own for one more. */
#pragma once
#include "base/buf.h"
#include "tdm/endpoint.h"
#include "tdm/tdm.h"

struct tdm_verb {
	const char *name, *help;
	int (*channel)(struct tdm_channel *c);
	/* Of a whole span, instead of all its channels, where cards can do that; may be NULL. */
	int (*span)(struct tdm_span *s);
};

/* Ends with name == NULL. */
extern const struct tdm_verb tdm_verbs[];

/* What a target means: a span, a group, one channel, or endpoints. */
struct tdm_target {
	unsigned span, group, channel; /* 0: none of that kind */
	struct tdm_endpoint endpoint;
};

/* "span 1", "group NAME", "channel 7", or an endpoint's name, maybe of several ("ds/ds1-1/[1-5]"): 0, or -ENOENT. */
int tdm_target_parse(const struct tdm *t, struct slice text, struct tdm_target *ret);
/* Whether a channel (NULL: none) is one of them; only those that carry calls are. */
bool tdm_target_has(const struct tdm *t, const struct tdm_target *target, const struct tdm_channel *c);

/* Does `verb` to a target. One line about
 * what was done, or why not, in `told`. -ENOENT for no such target, -EINVAL for no such verb, else the first error of a channel; the
 * others are done all the same. */
int tdm_do(struct tdm *t, struct slice verb, struct slice target, struct buf *told);
