/* SPDX-License-Identifier: GPL-3.0-or-later */
/* REFER as a wish of a leg's party, and NOTIFY of how it goes (RFC 3515, RFC 4488, RFC 5589). */
#pragma once
#include "callagent/leg.h"
#include "sip/session.h"
#include "sip/subscription.h"

/* The implicit subscription of the last REFER in a dialog. Records have it as it is: a byte of a damaged one may be anything, which a bool must not. */
struct sip_refer {
	uint8_t active; /* its outcome is still to be told */
	uint8_t silent; /* Refer-Sub: false */
	uint8_t again;  /* not the first in this dialog */
	uint32_t cseq;
	unsigned told; /* last status */
};

/* Where its NOTIFYs go: the dialog that the REFER has made (RFC 5589 4), or that of the call; the other one is NULL. */
struct sip_refer_way {
	struct sip_session *ss;
	struct sip_subscription *own;
};

/* The one Refer-To of a REFER: 0, or the status it is refused with. */
unsigned sip_refer_target(struct sip_nameaddr *to, const struct sip_msg *req);
/* Whether its sender wants no subscription (RFC 4488). */
bool sip_refer_is_silent(const struct sip_msg *req);
void sip_refer_take(struct sip_refer *r, struct leg *l, struct sip_refer_way way, struct sip_strans *st, const struct sip_msg *req);
void sip_refer_tell(struct sip_refer *r, struct sip_refer_way way, unsigned status);
/* SUBSCRIBE in its own dialog: it is to go on, or to end. */
void sip_refer_refresh(struct sip_refer *r, struct sip_subscription *own, struct sip_strans *st, const struct sip_msg *req);
