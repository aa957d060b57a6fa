/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of an ISDN leg share: leg_isdn.c (the verbs), leg_isdn_events.c (what the network does), leg_isdn_setup.c (how it begins, either way). */
#pragma once
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/isdn_link.h"
#include "callagent/isdn_party.h"
#include "callagent/leg_isdn.h"
#include "callagent/line_media.h"
#include "mgcp/ep.h"
#include "mgcp/package.h"
#include <errno.h>

/* Q.850 */
enum {
	CAUSE_UNALLOCATED = 1, CAUSE_NORMAL = 16, CAUSE_INCOMPLETE = 28, CAUSE_NO_CHANNEL = 34, CAUSE_OUT_OF_ORDER = 38, CAUSE_TEMPORARY = 41, CAUSE_NO_RESOURCE = 47, CAUSE_BEARER = 65,
};

/* Q.931 4.5.23: not end-to-end ISDN, in-band information is there. */
enum { PROGRESS_NOT_ISDN = 1, PROGRESS_IN_BAND = 8 };

/* What is to be told to the call when the channel is there for it. */
struct isdn_due {
	unsigned status; /* 180, 183, 200; 0: nothing */
	bool media;      /* ... with a description, the channel cut through */
	unsigned cause;
};
#define ISDN_DUE 4

struct isdn_leg {
	struct leg leg;
	struct isdn_call call;
	struct agent *agent;
	struct tel_line *line; /* NULL: it is gone from the configuration, and this leg is over */
	char address[64];  /* leg.party points here */
	char endpoint[64]; /* of the B-channel; empty: not known yet */
	struct line_media *media;
	bool opening, talks; /* the connection is being made; the other side hears the channel */
	bool digital;        /* unrestricted 64 kbit/s */
	bool audio;          /* 3.1 kHz, which modems and facsimile need, rather than speech */
	struct mgcp_ep *ep;  /* of the channel, for signals; NULL: none was needed */
	bool ringback;
	char number[128];    /* of its party */
	struct shown shown;  /* who calls */
	struct diversions diversions;
	/* outgoing */
	json_t *setup;             /* what is asked of tandem-isdn */
	bool whole;                /* it takes no more digits */
	unsigned tries;            /* how often, for a call for help that found no channel */
	struct sdp *offered;       /* NULL: nothing */
	struct isdn_due due[ISDN_DUE];
	struct shown who;          /* who has answered, either way */
	struct timer announcement; /* until an announcement that comes with a cause has been heard */
	unsigned cause;            /* that one */
	/* incoming */
	char digits[96], type[16], plan[16]; /* of the called number, as it came */
	char called[128];                    /* ... as the routing has it */
	bool overlap;              /* digits may follow */
	struct leg_news refusal;   /* why it is not taken, unless its number becomes one for help; status 0: it is */
	bool begun;                /* its channel is being made, or the call has begun */
	bool started;              /* the call has begun */
	bool alerted, progressed, connected; /* the network has been told */
	struct timer later;        /* what cannot be said from within a verb */
	unsigned refuse;           /* ... a re-offer is refused with that */
	bool held, told_held, asking; /* its party is held, as the network says; as the other side was told; it is being told */
	bool holds;                /* the other side holds it, and the network knows */
	bool named;                /* its name has come since the other side was told who it is */
	struct timer again;
	bool released, media_over; /* since we have released it: tandem-isdn has said so; the channel's connection is gone */
};

static inline struct isdn_leg *isdn_leg_of(const struct leg *l)
{
	return container_of(l, struct isdn_leg, leg);
}

/* leg_isdn.c: makes one, known by the call identifier `id`; the caller adds it to the link. */
int isdn_leg_new(struct isdn_leg **ret, struct agent *a, struct tel_line *line, enum side side, const char *id);
/* Asks tandem-isdn for the call of s->setup. */
int isdn_leg_call(struct isdn_leg *s);
/* With the voice or data codecs. */
void isdn_leg_bearer(struct isdn_leg *s, bool digital);
int isdn_leg_say(struct isdn_leg *s, const char *verb, json_t *args);
/* Makes the connection at the channel; `fn` as of line_media_open(). */
int isdn_leg_open_media(struct isdn_leg *s, struct sdp *offer, enum line_media_way way, line_media_done_fn fn);
/* The rest of it, when it is over at one side: the network's call and the channel's connection. */
void isdn_leg_drop(struct isdn_leg *s, unsigned cause);
void isdn_leg_signal(struct isdn_leg *s, const char *signal);
/* The gateway that has the channels. */
struct mgcp_gw *isdn_gateway(struct agent *a, const struct tel_line *line);

/* leg_isdn_events.c: what tandem-isdn says of it; it has it no more. */
void isdn_leg_event(void *arg, const char *name, const json_t *event);
void isdn_leg_lost(void *arg, const char *why);
void isdn_leg_refused(void *arg, const char *why);
/* It has ended at the network's side, or cannot go on. */
void isdn_leg_ended(struct isdn_leg *s, unsigned status, unsigned cause, const char *words);

/* A description for this leg, without what it cannot carry. -EINVAL: nothing is left. */
int isdn_leg_read_sdp(struct sdp **ret, const struct isdn_leg *s, struct slice text);

/* leg_isdn_notify.c: events of the network's party in the call; the answer to a re-offer that came of them; the name that waited for the answer. */
void isdn_leg_notify(struct isdn_leg *s, const json_t *event);
void isdn_leg_keypad(struct isdn_leg *s, const json_t *event);
void isdn_leg_party(struct isdn_leg *s, const json_t *event);
int isdn_leg_reoffer_reply(struct leg *l, const struct leg_news *n);
void isdn_leg_tell_name(struct isdn_leg *s);
/* To the network: the other side holds its party, or does no more. */
void isdn_leg_tell_hold(struct isdn_leg *s, bool holds);

/* leg_isdn_setup.c: what the INVITE (NULL: there is none) tells of who calls, for s->setup; who has answered, for s->who. */
void isdn_setup_dress(struct isdn_leg *s, const struct sip_msg *invite);
void isdn_answer_read(struct isdn_leg *s, const struct leg_news *n);
/* More digits of the called number of a call that comes in. */
void isdn_leg_digits(struct isdn_leg *s, const json_t *event);
