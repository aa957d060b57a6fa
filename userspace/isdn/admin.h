/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tandem-mg says of the B-channels, by its control socket: it has them open, and operators lock, drain, block and test them there. Without it
 * nothing is known against any channel. */
#pragma once
#include "isdn/group.h"

struct admin; /* mem_deref() ends it, before the struct isdn */

/* `path` of tandem-mg's control socket. 0 or -ENOMEM. */
int admin_open(struct admin **ret, struct isdn *isdn, const char *path);
/* Tells it that the far end bars a channel, or does no more. */
void admin_barred(struct admin *a, const struct bchannel *b);
/* Tells it that of all channels, and asks it anew for them, if it is there. */
void admin_refresh(struct admin *a);
/* A channel as tandem-mg shows it: {"endpoint","state"}. */
void admin_channel(struct isdn *isdn, const json_t *row);
