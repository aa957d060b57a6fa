/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SIP kind of leg, on an INVITE session. */
#pragma once
#include "callagent/leg.h"
#include "callagent/leg_call.h"
#include "sip/replaces.h"

/* A restored leg's surroundings. */
struct leg_sip_home {
	struct sip_stack *stack;
	/* The trunk of that name; NULL: there is none any more. */
	struct trunk *(*trunk)(void *arg, const char *name);
	void *arg;
};

/* The restore function of the kind "sip"; `arg` is a struct leg_sip_home. -EADDRNOTAVAIL: its address is not configured any more. */
int leg_sip_restore(struct leg **ret, enum side side, const char *target, struct slice record, void *arg);
/* The SIP leg with the dialog of that name; `early`: it is not answered yet. -ENOENT: there is none; -ESHUTDOWN: it is ending or over. */
int leg_sip_named(struct leg **ret, const struct sip_stack *stack, const struct sip_replaces *name, bool *early);
/* A REFER of the leg's party that came outside of its dialog: as one within, told in a dialog of its own. Answered. */
void leg_sip_refer(struct leg *l, struct sip_strans *st, const struct sip_msg *req);
/* Takes an incoming INVITE for the call; `from` says whose it is. */
int leg_sip_incoming(struct leg **ret, struct sip_strans *st, const struct source *from);
/* The leg whose earlier INVITE of the same call has no final answer (RFC 3578 3.5); NULL: there is none. */
struct leg *leg_sip_earlier(const struct sip_strans *st);
/* Takes a further INVITE in the place of that, which is answered with 484. On error nothing has changed; -EBADMSG, -EALREADY: this one has been answered. */
int leg_sip_go_on(struct leg *l, struct sip_strans *st);
/* A leg to somebody; nothing is sent before its offer verb. */
int leg_sip_outgoing(struct leg **ret, struct sip_stack *stack, const struct leg_call *call);
