/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers that come a digit at a time (RFC 3578): when the routing knows that one is whole. */
#pragma once
#include "routing/route.h"

/* Whether q->called is a number that the routing lists (of a user, a hunt group, or in a rule's `called`), and no longer one that it lists begins like it.
 * A route by prefix lists none: its numbers are whole when nothing more comes (T302). */
bool overlap_is_whole(const struct routing *r, const struct auth *a, const struct query *q);
/* Whether it leads nowhere, and a longer number that begins like it would lead somewhere, as far as the routing lists them. */
bool overlap_is_short(const struct routing *r, const struct auth *a, const struct query *q);
/* The rule that the number takes however it goes on: nothing that the routing lists and that begins like it would be taken in its place, and the rule
 * makes of each longer number what it makes of this one, and the further digits. NULL: that is not known yet, or there is none. */
const struct rule *overlap_led(const struct routing *r, const struct auth *a, const struct query *q);
