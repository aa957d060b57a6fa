/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A registration that a trunk keeps at its peer (RFC 3261 10.2), for one address or for many numbers (RFC 6140): refreshed before it ends, tried again for
 * ever with growing pauses. */
#pragma once
#include "routing/trunk.h"

struct trunk_register; /* mem_deref() ends it without a message */

/* Registers `t`, which outlives it, if its configuration says so; *ret is NULL if not. `later_ms`: so much later than the
 * first one of many. -ENOMEM. */
int trunk_register_new(struct trunk_register **ret, struct sip_stack *stack, struct trunk *t, uint32_t later_ms);
/* Takes the binding away at the peer. True: its answer, or a challenge, is still to come; trunk_left() says that it is over. */
bool trunk_register_leave(struct trunk_register *r);
/* A connection to that peer, made by us, has ended: if it was registered over it, it soon is over another one. */
void trunk_register_lost(struct trunk_register *r, enum sip_transport transport, const struct addr *peer);
/* "registering", "registered", "waiting", "leaving". */
const char *trunk_register_state(const struct trunk_register *r);
/* Route values that calls over it shall have (RFC 3608), as one list; "" when the registrar gave none. */
const char *trunk_register_route(const struct trunk_register *r);
/* Who we are to the registrar, besides (P-Associated-URI, RFC 7315 4.1): as one list, maybe empty. */
const char *trunk_register_identities(const struct trunk_register *r);
/* Whether calls have a chance: the peer has not refused. */
bool trunk_register_good(const struct trunk_register *r);
/* Whether `r` (NULL: there is none) goes on for `now`, the same trunk after a reload, from here on: as long as it is the same binding at the same peer. What
 * else has changed is told to the registrar at once. */
bool trunk_register_continues(struct trunk_register *r, struct trunk *now);
