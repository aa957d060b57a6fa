/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call: Q.931's as the agent sees it. libpri keeps the protocol's own states; these say what may be asked and what was told. */
#pragma once
#include "isdn/group.h"

#define CALL_ID_MAX     64
#define CALL_DIGITS_MAX 64

enum call_state {
	CALL_INITIATED,   /* out: SETUP is sent */
	CALL_SENDING,     /* out: more digits are wanted (overlap sending) */
	CALL_OUT_PROCEEDING,
	CALL_DELIVERED,   /* out: the called user is rung */
	CALL_PRESENT,     /* in: SETUP came, nothing is said to it */
	CALL_RECEIVING,   /* in: SETUP ACKNOWLEDGE is sent (overlap receiving) */
	CALL_IN_PROCEEDING,
	CALL_RECEIVED,    /* in: ALERTING is sent */
	CALL_ACTIVE,
	CALL_DISCONNECTED, /* the far end clears, with an announcement */
	CALL_CLEARING,     /* until the far end says that its channel is free */
	CALL_STATES
};

/* Pieces of SETUP, for the agent and to be shown. */
enum bearer { BEARER_SPEECH, BEARER_AUDIO, BEARER_DIGITAL, BEARERS };

struct call {
	struct link link;
	struct group *group;
	struct bchannel *channel; /* NULL */
	char id[CALL_ID_MAX], object[CALL_ID_MAX + 8];
	bool incoming, enquired;
	enum call_state state;
	enum bearer bearer;
	q931_call *pri;          /* libpri's, which may be gone: dchannel_has_call() */
	int reference, mode;     /* its call reference value and flag */
	json_t *called, *calling; /* as told */
	char digits[CALL_DIGITS_MAX]; /* that wait for SETUP ACKNOWLEDGE */
	bool complete;           /* no digits follow */
	int cause;               /* why it is cleared, 0: not yet */
	bool remote;             /* the far end clears */
	struct timer timer;      /* T301, T302, T304 or T310; T308 and a little, when clearing */
	uint64_t since;
};

extern const char *const call_state_names[CALL_STATES], *const bearer_names[BEARERS];

/* In the group's list, told to nobody yet; NULL when memory is out. */
struct call *call_new(struct group *g, const char *id, bool incoming);
void call_set_pri(struct call *c, q931_call *pri);
struct call *call_find(struct isdn *isdn, const char *id);
struct call *call_of_reference(struct group *g, bool incoming, unsigned reference);
struct call *call_of(struct group *g, const q931_call *pri);
/* Changes the state, and starts the timer that belongs to it. */
void call_set_state(struct call *c, enum call_state state, const char *why);
/* Gives it `b`, or none; what it had is free. */
void call_set_channel(struct call *c, struct bchannel *b);
/* Tells the agent; `more` is stolen, NULL: nothing more. */
void call_tell(struct call *c, const char *event, json_t *more);
/* We clear it: `release` is told when it is done. */
void call_clear(struct call *c, int cause, const char *why);
/* It is over: tells `release` and frees it. */
void call_over(struct call *c, int cause, const char *why);
/* The same, when the far end has not confirmed that its channel is free. */
void call_lost(struct call *c, const char *why);
/* (Re)starts T302 of overlap receiving. */
void call_wait_for_digits(struct call *c);
/* Tells the far end our state of it, by STATUS (5.8.10), over the D-channel that is in use now. */
void call_enquire(struct call *c);
/* The D-channel that speaks for it, and its controller; NULL when no D-channel is up. */
struct dchannel *call_dchannel(const struct call *c);
struct pri *call_controller(const struct call *c);
json_t *call_json(const struct call *c);

/* Sends the digits that wait, and that they are all when they are. */
void call_send_digits(struct call *c);
/* call_verbs.c: what the agent asks. Errors are one line in `why`. */
int call_setup(struct isdn *isdn, json_t *args, json_t **result, struct buf *why);
int call_verb(struct isdn *isdn, const char *verb, json_t *args, struct buf *why);
