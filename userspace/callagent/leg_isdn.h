/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ISDN kind of leg: a call of tandem-isdn, with a B-channel at a gateway for its media (RFC 3398, RFC 4497). */
#pragma once
#include "callagent/leg_call.h"

struct agent;

/* A leg to a number behind a group of channels; a leg_make_fn. -ENOTCONN: tandem-isdn is not there; -EINVAL: that number cannot be dialled. */
int leg_isdn_outgoing(struct leg **ret, struct agent *a, const struct leg_call *how);
/* A call has come in over `group`, as the event "setup" tells: 0, it is taken; or the cause with which it is refused. */
unsigned leg_isdn_incoming(struct agent *a, const char *id, const char *group, const json_t *event);
/* The restore function of the kind "isdn"; `arg` is the agent. */
int leg_isdn_restore(struct leg **ret, enum side side, const char *target, struct slice record, void *arg);

/* Connects to tandem-isdn when the configuration has a group of channels; its groups are up or down as it says. */
int leg_isdn_open(struct agent *a);
void leg_isdn_reload(struct agent *a);
