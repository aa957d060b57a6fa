/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How calls fail: which of several outcomes the caller is told, what of it concerns the caller, and how it is counted. */
#pragma once
#include "mgcp/agent.h"

/* Whether `a` is the better answer of a forked call than `b` (RFC 3261 16.7 step 6); 0 is no answer yet. */
bool outcome_better(unsigned a, unsigned b);
/* What the caller is told: a refusal that speaks of our own request on the called side is not the caller's business. A 503 says that one target
 * was not there (RFC 3261 16.7 step 6), unless its cause says that lines are wanting. */
unsigned outcome_for_caller(unsigned status, unsigned cause);
/* Q.850 cause of a final status. */
unsigned outcome_cause(unsigned status);
/* Q.850 cause of a call that a gateway has lost. */
unsigned outcome_loss_cause(enum mgcp_loss what);

/* Counters "calls": attempts, answered, and failures by reason. */
void outcome_register(void);
void outcome_attempt(void);
void outcome_answered(void);
/* Of an earlier process, which counted it as answered. */
void outcome_taken_over(void);
void outcome_failed(unsigned status);
/* An answered call that did not end by a hang-up. */
enum outcome_loss { OUTCOME_MEDIA_LOST, OUTCOME_SIGNALLING_LOST, OUTCOME_TOO_LONG };
void outcome_lost(enum outcome_loss why);
/* A transfer has come to its end. */
void outcome_transfer(bool done);
/* Requests refused before they became a call. */
enum outcome_refusal { OUTCOME_UNKNOWN_SOURCE, OUTCOME_UNAUTHENTICATED, OUTCOME_BAD_REQUEST, OUTCOME_LIMIT, OUTCOME_INCOMPLETE };
void outcome_refused(enum outcome_refusal why);
