/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding what a command speaks of. */
#pragma once
#include "mediagw/gateway.h"

/* The connection of I: on the named endpoint; with `check_call`, or when C: is given, it must belong to that call. 0, or 515 or 516. */
unsigned lookup_conn(struct gateway *gw, const struct command *cmd, bool check_call, struct conn **ret, struct answer *a);
bool call_matches(const struct conn *c, struct slice call);
