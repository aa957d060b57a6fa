/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A leg: one party of a call. Every kind of leg (SIP now; lines, conferences later) has the same verbs, so that call.c
 * knows no protocol. What a party does comes back as the call_on_*() of call.h. */
#pragma once
#include "base/list.h"
#include "base/timer.h"
#include "callagent/media.h"

struct call;
struct sip_uri;
struct shown;
struct leg;

enum leg_state {
	LEG_NEW,      /* nothing sent or said yet */
	LEG_OFFERED,  /* the call was offered, to us or by us */
	LEG_ALERTING, /* rings */
	LEG_ANSWERED, /* answered, not confirmed yet */
	LEG_ACTIVE,
	LEG_CLOSING,  /* released by us, the end is awaited */
	LEG_CLOSED,
};

/* What one party says to the other. Passed by pointer, valid during the call. */
struct leg_news {
	unsigned status;    /* SIP status code, the common language of progress and outcome; 0: normal end */
	unsigned cause;     /* Q.850; 0: none told */
	const char *words;  /* why, a static text; NULL */
	struct slice sdp;   /* empty: none */
	struct slice dialog; /* which of several early dialogs of one leg speaks */
	char digit;         /* information: one that its party has dialled, where no message tells; 0: none */
	void *reply;        /* of information: where its outcome goes, reference-counted; NULL */
	const void *native; /* the message it came in, reference-counted: legs of the same kind read more in it; NULL */
	const struct leg *from; /* whose message that is; NULL */
	const struct shown *who; /* who speaks, where no message tells; kept by the leg; NULL: not known */
	bool offers;        /* progress: the description is an offer, where the call was offered without; the confirm verb answers it */
};

/* A party's wish that the other one talk to somebody else in its place. */
struct leg_transfer {
	const struct sip_uri *to;
	struct slice replaces; /* the dialog whose place that is at `to`, as RFC 3891 names it; empty: none */
	struct leg *theirs;    /* the transferor's own leg in the call that it has with who is to come, in the place of both; NULL */
	const void *native;    /* the message that asks, reference-counted */
};

struct leg_kind {
	const char *name;
	bool conditions; /* its parties may know preconditions (RFC 3312) */
	/* Outgoing: offers the call. Everything else about the target the leg knows since it was made. */
	int (*offer)(struct leg *l, const struct leg_news *n);
	/* Incoming, before the answer. -ENODATA: it has made no offer, and takes nothing before it has got one. */
	int (*progress)(struct leg *l, const struct leg_news *n);
	int (*answer)(struct leg *l, const struct leg_news *n);
	/* Outgoing, offered without a description: our answer to the one that came with theirs, be it before the answer to the call. */
	int (*confirm)(struct leg *l, struct slice sdp);
	/* Before the answer: more of the called number, to who is called; `whole`: there is no more, which the caller is told, too, without digits. NULL: numbers are
	 * one piece there. */
	void (*digits)(struct leg *l, const char *digits, bool whole);
	/* A changed description; the outcome comes as call_on_reoffer_done(). -EINPROGRESS: theirs is under way. */
	int (*reoffer)(struct leg *l, const struct leg_news *n);
	/* Takes that back, unless it is answered. true: its party has nothing of it; false: the outcome comes all the same. NULL: cannot be. */
	bool (*withdraw)(struct leg *l);
	/* Answer to call_on_reoffer(). */
	int (*reoffer_reply)(struct leg *l, const struct leg_news *n);
	/* Passes information (DTMF, ...); its outcome goes to n->reply. */
	int (*info)(struct leg *l, const struct leg_news *n);
	/* How the transfer that its party asked for goes: 1xx, and a final status once. NULL: its party cannot ask. */
	void (*transferred)(struct leg *l, const struct leg_news *n);
	/* Ends it in whatever state, once (after a restart again, which one on its way passes over); call_on_closed() follows, maybe at once. */
	void (*release)(struct leg *l, const struct leg_news *n);
	/* One line about the peer, and its name for the dialogue, for records and lists. */
	void (*describe)(const struct leg *l, struct cdr_leg *out);
	/* What another process needs to go on with it, appended to `out`; nothing when its party has nothing of it any more. */
	void (*save)(const struct leg *l, struct buf *out);
};

/* Makes a leg of a kind again from what its save verb wrote: with its state of affairs and its party, nothing else set. */
struct leg_maker {
	const char *kind;
	int (*restore)(struct leg **ret, enum side side, const char *target, struct slice record, void *arg);
	void *arg;
};

/* The part all kinds have in common; a kind embeds it first. Made with leg_init(). */
struct leg {
	const struct leg_kind *kind;
	struct call *call;
	struct link link;
	char object[48]; /* "call 7f3a91c2 leg b1" */
	enum leg_state state;
	enum side side;
	struct media *media;       /* borrowed from the call */
	struct media_party party;
	struct sdp_origin origin;  /* of what we describe to it */
	struct sdp *said;          /* its last description that took effect */
	bool said_offer;           /* ... was an offer, not an answer */
	const char *const *codecs; /* encoding names it may say and hear of, the best first; borrowed */
	unsigned n_codecs;         /* 0: any */
	bool asked;                /* the call was offered to it */
	bool agreed;               /* the caller: its first offer and answer are complete before the answer to the call */
	bool unconditional;        /* knows no preconditions (RFC 3312), and the caller has some (call_conditions.c) */
	bool held;                 /* ... and is called when they are met */
	bool hidden;               /* its party does not want to be known (RFC 3323) */
	bool offers;               /* was offered the call without a description: its own comes in a response and waits for the confirm verb */
	bool heard;                /* it has answered in some way, be it 100 */
	bool one_of_many;          /* its 6xx speaks for itself alone */
	unsigned phone;            /* which of its round's phones that can be reached in several ways; 0: its only one */
	unsigned round;            /* in which round of the call it was made (call_hunt.c) */
	uint32_t first_ms;         /* given up when nothing comes from it in this time, 0: never */
	uint32_t answer_ms;        /* ... when it has not answered in this time, 0: never */
	uint64_t offered_at;       /* on clock_ms() */
	struct timer patience;     /* the nearer of the two */
	struct call *joins;        /* it may come into this call in somebody's place (call_transfer.c); NULL */
	unsigned status, cause;    /* how it ended */
	const char *words;         /* the same in words, a static text; NULL */
	const void *last;          /* the message it ended with; NULL */
	char target[64];           /* user or trunk at this end */
};

void leg_init(struct leg *l, const struct leg_kind *kind, enum side side);
/* Lets go of what leg_init() and the call put there; for the destructors of kinds. */
void leg_fini(struct leg *l);
/* The only place where a leg changes state: logs old, new and why. */
void leg_state(struct leg *l, enum leg_state state, const char *why);
const char *leg_state_name(enum leg_state s);
