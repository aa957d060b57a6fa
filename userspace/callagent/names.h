/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names: DNS and the locator, from the configuration; and what the control socket tells of them. */
#pragma once
#include "callagent/agent.h"

/* Opens a->locator, and adds "show dns", "show dead-targets" and "resolve" to the control socket. */
int names_open(struct agent *a, struct buf *why);
/* Other servers and limits; on error nothing has changed. */
int names_reconfigure(struct agent *a, const struct conf *now, struct buf *why);
