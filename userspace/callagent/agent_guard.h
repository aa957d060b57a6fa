/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What joins the guard to the rest of the agent: who is a peer, and who tells it what came of a message. */
#pragma once
#include "callagent/agent.h"

/* After the registrar and before the stack, which is opened with agent_watch(). */
int agent_guard_open(struct agent *a, struct buf *why);
/* Rules of the new configuration take effect; also once after the stack is open. */
void agent_guard_reload(struct agent *a);
/* After the calls of an earlier process were taken over: they count against the limits they did. */
void agent_guard_calls(struct agent *a);
void agent_guard_close(struct agent *a);
struct sip_watch agent_watch(struct agent *a);
