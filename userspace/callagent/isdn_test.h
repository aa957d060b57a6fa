/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A test call over ISDN: out of one channel and in by another, or to or from a line that others have; past routing, media and records. Whoever tests lines asks for it on the control socket, measures the voice of
 * both channels while it is up, and has it cleared; what becomes of it comes as events of the topic "test-calls" (README.md). There is one at a time. */
#pragma once
#include "base/ctl.h"
#include <stdbool.h>

struct agent;
struct isdn_test; /* agent.isdn_test */

/* Their argument is the agent. */
extern const struct ctl_verb isdn_test_verbs[];

/* Whether a SETUP that comes in is the test's, which has that call then. */
bool isdn_test_takes(struct agent *a, const char *id, const char *group, const json_t *event);
/* Clears it, if there is one: `why` is told. */
void isdn_test_end(struct agent *a, const char *why);
/* A call for help needs a channel of that group: whether a test that has one is cleared for it. */
bool isdn_test_yields(struct agent *a, const char *group);
/* This process ends, and forgets it. */
void isdn_test_close(struct agent *a);
