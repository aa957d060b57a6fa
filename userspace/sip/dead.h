/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Places that failed lately (RFC 3263 4.3): they are tried after all others until their time is over or they answer again. Private to the
 * locator. */
#pragma once
#include "sip/locate.h"

struct sip_dead; /* mem_deref() ends it */

/* `max`: how many are remembered; a further one takes the place of the one marked first. */
int sip_dead_new(struct sip_dead **ret, unsigned max);
/* It failed (`why`: a literal, for whoever looks) and comes last for `ms`; marked again, it begins anew. */
void sip_dead_mark(struct sip_dead *d, const struct sip_server *server, uint32_t ms, const char *why);
/* It has answered. Costs nothing while none is remembered. */
void sip_dead_clear(struct sip_dead *d, const struct sip_server *server);
bool sip_dead_has(const struct sip_dead *d, const struct sip_server *server);
json_t *sip_dead_json(const struct sip_dead *d);
