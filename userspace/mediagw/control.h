/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tandem-mg shows on its control socket. */
#pragma once
#include "base/ctl.h"
#include "mediagw/gateway.h"

/* Verbs whose argument is a `struct gateway **`: the gateway may come after the socket. */
extern const struct ctl_verb control_verbs[], control_line_verbs[];

/* One message to those who asked for topic "trace". */
void control_trace(struct ctl *ctl, bool sent, const struct addr *local, const struct addr *peer, struct slice text);
