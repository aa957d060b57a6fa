/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of telephones share. */
#pragma once
#include "callagent/mgcp_line.h"

enum phone_state {
	PHONE_OUT,      /* of service */
	PHONE_IDLE,     /* on hook, as far as we know: digits may be being dialled */
	PHONE_RINGING,  /* l->leg rings; or it is on hold and is called back */
	PHONE_DIALLING, /* off hook, with dial tone */
	PHONE_CALLING,  /* l->leg is being called */
	PHONE_TALKING,  /* to l->leg */
	PHONE_CONFERS,  /* with l->leg and l->held, who hear each other */
	PHONE_TONE,     /* nobody there: tone, then the howler */
	PHONE_ON_HOOK,  /* in a call that it may take up again */
};

/* Asks the endpoint for what its state needs; `first`: signals that are given once are, too. */
void phone_ask(struct mgcp_line *l, bool first);
/* Whether it is a telephone system: package BL in the place of L. */
bool phone_is_pbx(const struct mgcp_line *l);
