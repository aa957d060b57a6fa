/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages that wait for the user of a telephone: as an operator says, or a voice mail system unasked, by NOTIFY of the event package "message-summary"
 * (RFC 3842). Kept in the store, for nobody says it again after a restart. */
#pragma once
#include "callagent/agent.h"

struct mgcp_line;

/* Whether that is what a NOTIFY outside of a dialog is about. */
bool message_waiting_is(const struct sip_msg *notify);
/* Tells the telephone whose number the request URI has, and answers: 404 where there is none, 400 to a body that does not say whether messages wait. */
void message_waiting_told(struct agent *a, struct sip_strans *st, const struct sip_msg *notify);
/* Tells the line's user, and keeps it. */
void message_waiting_set(struct mgcp_line *l, bool waiting);
/* As it was before a restart, for lines that are there. 0 or negative errno. */
int message_waiting_restore(struct agent *a);
