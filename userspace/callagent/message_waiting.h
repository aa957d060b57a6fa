/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages that wait for the user of a telephone, as a voice mail system tells them unasked: NOTIFY of the event package "message-summary" (RFC 3842). */
#pragma once
#include "callagent/agent.h"

/* Whether that is what a NOTIFY outside of a dialog is about. */
bool message_waiting_is(const struct sip_msg *notify);
/* Tells the telephone whose number the request URI has, and answers: 404 where there is none, 400 to a body that does not say whether messages wait. */
void message_waiting_told(struct agent *a, struct sip_strans *st, const struct sip_msg *notify);
