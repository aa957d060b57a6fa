/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers that come a digit at a time (RFC 3578): when the routing knows that one is whole. */
#pragma once
#include "routing/route.h"

/* Whether q->called is a number that the routing lists (of a user, a hunt group, or in a rule's `called`), and no longer one that it lists begins like it.
 * A route by prefix lists none: its numbers are whole when nothing more comes (T302). */
bool overlap_is_whole(const struct routing *r, const struct auth *a, const struct query *q);
