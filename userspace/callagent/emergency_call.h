/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is different with emergency calls while they last (RFC 6881). */
#pragma once
#include "callagent/call.h"
#include "routing/emergency.h"

/* The call is one: its record and an alarm say so at once. */
void emergency_began(struct call *c, const struct emergency *e);
/* It counts among those that last, if its record says that it is one. */
void emergency_count(struct call *c);
/* After the calls of an earlier process were taken over: the alarm is on for those that go on. */
void emergency_taken_over(const struct calls *cs);
/* It is over; call.c asks for each call. */
void emergency_over(const struct call *c);
/* Ends a call that is none on that trunk, the newest: there is a line free then. False: there was none. */
bool emergency_preempt(struct calls *cs, const char *trunk);
/* Whether that user is in such a call: no other call waits for him meanwhile (RFC 6881 ED-66), but of the one he speaks to. */
bool emergency_engages(const struct calls *cs, const char *user, const char *from);
