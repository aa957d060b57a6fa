/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One channel and whether calls may be made on it. Several things bear on that at once (alarms, operators, the far end, a call); the state is
 * what follows from all of them. */
#pragma once
#include "tdm/driver.h"

struct tdm;
struct tdm_tester;

enum tdm_state {
	TDM_IN_SERVICE,   /* free */
	TDM_IN_USE,
	TDM_DRAINING,     /* its call goes on, then it is locked */
	TDM_BLOCKED,      /* no call from here: an operator or the far end wants none; calls from there are taken */
	TDM_TESTED,       /* looped or in a bit error test */
	TDM_LOCKED,       /* by an operator */
	TDM_OUT_OF_ORDER, /* a fault */
	TDM_STATES
};

/* Why one is out of order; several at once. */
enum tdm_fault {
	TDM_FAULT_GONE,   /* it is not there */
	TDM_FAULT_SPAN,   /* its span has an alarm */
	TDM_FAULT_SETUP,  /* it could not be set up, or is set up as something else */
	TDM_FAULT_OPEN,   /* it cannot be opened: another program has it */
	TDM_FAULT_SIGNALLING, /* its D-channel is down, or the like */
	TDM_FAULTS
};

enum tdm_block { TDM_BLOCK_HERE = 1, TDM_BLOCK_THERE = 2 };

struct tdm_channel {
	struct tdm *tdm;
	unsigned number, span, position;
	enum tdm_span_kind kind; /* of its span */
	enum tdm_signalling signalling;
	enum tdm_law law;
	char object[24]; /* "channel 7" */
	enum tdm_state state;
	unsigned faults; /* 1 << enum tdm_fault */
	unsigned blocks; /* of enum tdm_block */
	bool locked, draining, used;
	int loop;        /* the descriptor it is looped with, -1 */
	struct tdm_tester *tester; /* its bit error rate test, NULL */
	void *owner;     /* whoever has it in use: for that one to set and read */
};

extern const char *const tdm_state_names[TDM_STATES], *const tdm_fault_names[TDM_FAULTS];

/* One that the driver has shown, or NULL when memory is out; the channel of that number is set then. */
struct tdm_channel *tdm_channel_new(struct tdm *t, const struct tdm_channel_status *status);
/* For a call from here, or from there (`incoming`). -EBUSY when it has one, -EIO when it is out of order, -EACCES when it may not be used now,
 * -ENOTSUP for one that carries no calls. */
int tdm_channel_take(struct tdm_channel *c, bool incoming);
/* Gives it back. */
void tdm_channel_release(struct tdm_channel *c);

void tdm_channel_set_fault(struct tdm_channel *c, enum tdm_fault fault, bool on, const char *why);
/* The far end wants no calls on it. */
void tdm_channel_set_blocked_there(struct tdm_channel *c, bool on);

/* What operators may do (tdm/verb.h has them by name). */
int tdm_channel_lock(struct tdm_channel *c);   /* at once: its call ends */
int tdm_channel_unlock(struct tdm_channel *c); /* also ends draining */
int tdm_channel_drain(struct tdm_channel *c);  /* when its call is over */
int tdm_channel_block(struct tdm_channel *c);
int tdm_channel_unblock(struct tdm_channel *c);
int tdm_channel_reset(struct tdm_channel *c);
int tdm_channel_loop(struct tdm_channel *c);   /* -EBUSY while it has a call, or another program has it */
int tdm_channel_unloop(struct tdm_channel *c);
int tdm_channel_bert(struct tdm_channel *c);   /* likewise; runs until unbert or reset, on base's loop */
int tdm_channel_unbert(struct tdm_channel *c);
