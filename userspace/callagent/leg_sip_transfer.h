/* SPDX-License-Identifier: GPL-3.0-or-later */
/* REFER as a wish of a leg's party, and NOTIFY of how it goes (RFC 3515, RFC 4488, RFC 5589). */
#pragma once
#include "callagent/leg.h"
#include "sip/session.h"

/* The implicit subscription of the last REFER in a dialog. */
struct sip_refer {
	bool active;   /* its outcome is still to be told */
	bool silent;   /* Refer-Sub: false */
	bool again;    /* not the first in this dialog */
	uint32_t cseq;
	unsigned told; /* last status */
};

void sip_refer_take(struct sip_refer *r, struct leg *l, struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req);
void sip_refer_tell(struct sip_refer *r, struct sip_session *ss, unsigned status);
