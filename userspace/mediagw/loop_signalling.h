/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How one telephone channel calls another, in steps: what one end does and what the other is to see of it. Data; loop_test.h takes them. */
#pragma once
#include "mediagw/loop_test.h"

enum loop_deed {
	LOOP_NOTHING,     /* the last step */
	LOOP_WAITS,       /* only for what it awaits */
	LOOP_HOOK,        /* something with the hook */
	LOOP_TELLS,       /* who calls, as an exchange tells a telephone */
	LOOP_HEARS,       /* who calls, as an exchange, or ISDN, tells it */
	LOOP_DIAL_TONE,   /* listens for it */
	LOOP_DIALS,       /* the number */
	LOOP_GATHERS,     /* listens for the number */
};

struct loop_step {
	enum loop_deed deed;
	enum loop_side who;
	enum tdm_hook what;
	enum loop_side sees;         /* who is to see of it */
	enum tdm_event_kind awaits;  /* this; TDM_NO_EVENT: nothing */
	enum loop_check check;       /* that it comes; LOOP_CHECKS: it is waited for only */
	bool ends;                   /* without it there is no call, and nothing else is tried */
	uint32_t pause;              /* ms until the next step */
};

#define LOOP_STEPS 12

struct loop_signalling {
	struct loop_step begin[LOOP_STEPS], end[LOOP_STEPS];
};

/* Of two ends that are joined directly (`p->number` empty), or by a network. 0, or -ENOTSUP: they do not call one another. */
int loop_signalling_of(struct loop_signalling *ret, const struct loop_params *p);
/* Whether it shows that. */
bool loop_signalling_shows(const struct loop_signalling *s, enum loop_check c);
/* Why a check is not made, in words. */
const char *loop_signalling_lacks(enum loop_check c);
