/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trunk group: an `isdn` section at work. It owns its interfaces (a span, as Q.931 calls it), its D-channels, one of which is in use, its
 * B-channels, and its calls. `struct isdn` owns the groups and is what the control protocol speaks to. */
#pragma once
#include "base/buf.h"
#include "isdn/dchannel.h"
#include <jansson.h>

#define ISDN_MAX_GROUPS 64
#define ISDN_CHANNELS   32 /* of an interface, by their places in the span */

struct call;
struct group;

/* --- B-channels (bchannel.c) ---------------------------------------------------------------------------------------- */

enum bchannel_state { BCHANNEL_IDLE, BCHANNEL_BUSY, BCHANNEL_RESTARTING, BCHANNEL_OUT_OF_SERVICE, BCHANNEL_STATES };

/* Why one is out of service; several at once. */
enum bchannel_fault {
	BCHANNEL_OPERATOR, /* from here */
	BCHANNEL_REMOTE,   /* the far end said so, by SERVICE */
	BCHANNEL_SPAN,     /* its span has an alarm, or is gone */
	BCHANNEL_RESTART,  /* the far end did not answer RESTART */
	BCHANNEL_GATEWAY,  /* tandem-mg gives it to no call (admin.h) */
	BCHANNEL_FAULTS
};

struct bchannel {
	struct group *group;
	unsigned number, interface, position; /* DAHDI's number; the interface it is on; its place there */
	char endpoint[32];
	enum bchannel_state state;
	struct call *call;  /* NULL */
	unsigned faults;    /* 1 << enum bchannel_fault */
	bool blocked;       /* calls from there only */
	bool locked;        /* by an operator, at tandem-mg */
	bool barred;        /* the far end wants no calls there, or does not answer for it, as was told */
	bool restarting;    /* RESTART was sent */
	bool restart_due;   /* and is to be */
};

extern const char *const bchannel_state_names[BCHANNEL_STATES], *const bchannel_fault_names[BCHANNEL_FAULTS];

/* What follows from all that bears on it; told when it changed. */
void bchannel_update(struct bchannel *b, const char *why);
void bchannel_set_fault(struct bchannel *b, enum bchannel_fault fault, bool on, const char *why);
/* Tells the far end, where the switch type has SERVICE, that we take it out of service or back. */
void bchannel_service(struct bchannel *b, bool on);
/* Whether it can carry a call that the far end wants there. */
bool bchannel_is_fit(const struct bchannel *b);
/* A free one for a call, in the order of the group: NULL when there is none. */
struct bchannel *bchannel_choose(struct group *g);
/* libpri's name of it, and back: NULL when there is no such channel. */
int bchannel_encode(const struct bchannel *b);
struct bchannel *bchannel_decode(struct group *g, const struct dchannel *d, int channel);
/* By its endpoint, in any group: NULL. */
struct isdn;
struct bchannel *bchannel_find(struct isdn *isdn, const char *endpoint);

/* --- groups --------------------------------------------------------------------------------------------------------- */

struct interface {
	unsigned span;
	enum tdm_span_kind kind;
	enum tdm_law law;
	bool present, failed;
	unsigned leaving;   /* polls for which the driver may still show what it takes away */
	unsigned bad, good; /* polls in a row with a defect, and without */
	struct bchannel *channels[ISDN_CHANNELS]; /* by place; NULL: none */
};

struct group {
	struct link link;
	struct isdn *isdn;
	struct isdn_settings settings;
	char name[65]; /* settings.name is this */
	struct interface interfaces[ISDN_MAX_INTERFACES];
	struct dchannel dchannels[ISDN_MAX_DCHANNELS];
	unsigned n_dchannels;
	struct dchannel *active; /* which carries the calls; NULL: none is up */
	struct list calls;
	const struct bchannel *last; /* taken by a call from here */
	struct bchannel *restarting; /* whose RESTART is out (9.5: one at a time) */
	bool greeted;                /* RESTART has been sent for all since the start */
	struct timer t309, t316, audit;
	struct timer primary; /* runs while a backup is up and the primary may still come, with none in use */
};

struct isdn_params {
	const struct tdm_driver *driver;
	/* Tells subscribers; `event` is stolen. */
	void (*publish)(void *arg, const char *topic, json_t *event);
	/* The last call has ended; NULL. */
	void (*idle)(void *arg);
	/* There are B-channels that were not: what others know of them is to be asked; NULL. */
	void (*appeared)(void *arg);
	/* A channel is barred by the far end, or no more; NULL. */
	void (*barred)(void *arg, const struct bchannel *b);
	/* Whether somebody is subscribed. */
	bool (*wanted)(void *arg, const char *topic);
	void *arg;
	bool watch; /* the loop reads the D-channels (tests do it themselves) */
};

struct isdn {
	struct isdn_params p;
	struct list groups;
	struct timer poll;
	int ctl;            /* the driver's control device, -1 */
	unsigned last_call; /* number of the last one that came in */
	bool agent;         /* somebody is subscribed to "calls" */
	bool appeared;      /* there are new B-channels */
	bool watch;
};

/* 0 or -ENOMEM. Ends with mem_deref(). */
int isdn_new(struct isdn **ret, const struct isdn_params *p);
/* Makes the groups be those of the `isdn` sections. A group that can go on keeps its calls; one that is gone or others than before is ended, its
 * calls cleared with cause 41. On error nothing has changed and `why` says what was expected. */
int isdn_configure(struct isdn *isdn, const struct conf *c, struct buf *why);
/* Subscribers came or went. */
void isdn_check_agent(struct isdn *isdn);
/* Looks at the spans now, and again after each second. */
void isdn_poll(struct isdn *isdn);
struct group *isdn_group(struct isdn *isdn, const char *name);
/* Clears all calls with a cause, before the end. True: there were none; else `idle` will be called. */
bool isdn_is_idle(const struct isdn *isdn);
bool isdn_clear(struct isdn *isdn, int cause);

/* Calls can be made: a D-channel is up. */
static inline bool group_is_up(const struct group *g)
{
	return g->active != NULL;
}

/* No D-channel is up, and RESTART will say of each channel that it is free as soon as one is: a call that is being cleared need not wait for the far end, which
 * hears nothing (5.8.9: it is cleared internally). */
static inline bool group_is_lost(const struct group *g)
{
	return !group_is_up(g) && g->settings.restart;
}

void group_publish(struct group *g, const char *topic, json_t *event);
/* Chooses the D-channel in use anew (Q.931 F.2): the one that is, while it is up; from none the primary first, then a backup. */
void group_choose(struct group *g);
/* After libpri was asked for something: calls that it has no more are over, and its timers may be others. */
void group_acted(struct group *g);

/* A frame, for whoever looks. */
void group_trace(struct group *g, const struct dchannel *d, bool sent, const uint8_t *octets, size_t n);

/* interface.c: what the driver shows of a group's spans; opens D-channels that can be, and closes those that are of no use any more. */
void interface_poll(struct group *g);
void interface_lost(struct group *g, struct dchannel *d, int err);
/* Clears the calls of spans that have failed while the D-channel in use is on another one (NFAS). */
void interface_clear_dead(struct group *g);

/* restart.c: 5.5, and the audit. */
void restart_all(struct group *g, const char *why);
/* Sends the next RESTART that is due, if none is out. */
void restart_next(struct group *g);
void restart_acknowledged(struct group *g, const struct dchannel *d, int channel);
/* The far end restarts a channel, those of an interface, or all, as the frame says that d has read last. */
void restart_received(struct group *g, const struct dchannel *d, int channel);
void restart_stop(struct group *g);
/* Tells the far end of each answered call, by STATUS: it clears those that it has not. Now, and again after each `audit` of the section. */
void audit(struct group *g);
void audit_start(struct group *g);

/* signals.c: what libpri tells. */
void signals_event(void *arg, struct dchannel *d, pri_event *e);

extern const struct alarm_def alarm_dchannel, alarm_group;
enum isdn_counter {
	ISDN_CALLS_IN, ISDN_CALLS_OUT, ISDN_ANSWERED, ISDN_NO_CHANNEL, ISDN_GLARE, ISDN_BEARER, ISDN_NO_AGENT, ISDN_LOST, ISDN_RESTARTS_IN,
	ISDN_RESTARTS_OUT, ISDN_RESTARTS_FAILED, ISDN_FAILOVERS, ISDN_COUNTERS
};
extern uint64_t isdn_counters[ISDN_COUNTERS];
