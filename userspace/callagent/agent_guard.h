/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What joins the guard to the rest of the agent: who is a peer, and who tells it what came of a message. */
#pragma once
#include "callagent/agent.h"

/* After the registrar. */
int agent_guard_open(struct agent *a, struct buf *why);
struct sip_watch agent_watch(struct agent *a);
