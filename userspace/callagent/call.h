/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call: the caller's leg, the called legs (several ring in parallel, one wins) and the media between them. */
#pragma once
#include "base/hash.h"
#include "base/loop.h"
#include "base/store.h"
#include "base/timer.h"
#include "callagent/fraud_use.h"
#include "callagent/leg.h"
#include "base/lines.h"
#include "routing/route.h"

enum call_state {
	CALL_NEW,
	CALL_OFFERING,  /* media ports are being had */
	CALL_RINGING,   /* offered to the called legs */
	CALL_ANSWERING, /* one has answered, media are being joined */
	CALL_ACTIVE,
	CALL_ENDING,    /* released; legs and media are finishing */
	CALL_DONE,
};

enum call_by { CALL_BY_CALLER, CALL_BY_CALLED, CALL_BY_GATEWAY, CALL_BY_OPERATOR, CALL_BY_TANDEM, CALL_BY_RESTART, CALL_BY_TRANSFER };

/* All calls of the process and what they share. */
struct calls {
	struct hash table; /* by id */
	size_t live; /* those not ending: what limits count */
	size_t emergencies; /* of these, emergency calls */
	struct lines lines; /* ... of each user and trunk */
	struct list all;
	struct cdr_log *cdr; /* borrowed; may be NULL */
	struct callbacks *callbacks; /* after emergency calls; borrowed; NULL: nobody is called back */
	/* Transfers; all NULL: there are none. */
	bool (*may_transfer)(void *arg, const struct leg *by);
	/* Makes c->transfer_plan, which adds whom a transfer leads to with call_transfer_join(): 0, or why there is nobody. */
	unsigned (*transfer)(void *arg, struct call *c, struct leg *by, const struct leg_transfer *t);
	/* The leg that has that dialog, NULL. */
	struct leg *(*leg_named)(void *arg, struct slice replaces);
	void *transfer_arg;
	uint32_t silence_s;
	size_t most;               /* calls at a time */
	unsigned most_of_user;     /* 0: no limit */
	uint64_t longest_ms; /* 0: no limit */
	uint64_t ring_ms;
	void (*on_empty)(void *arg); /* the last one is over; NULL */
	bool (*preempt)(void *arg, const char *trunk); /* a call on that trunk that is none of these makes room; NULL: there are none */
	void *arg;
	/* Live state (call_save.c). */
	struct store *store; /* borrowed; NULL: calls end with the process */
	unsigned store_table;
	struct list changed;
	struct loop_deferred save;
	struct buf record;   /* the one being written */
};

int calls_init(struct calls *cs);
void calls_fini(struct calls *cs);
struct call *calls_find(const struct calls *cs, struct slice id);
size_t calls_count(const struct calls *cs);
/* Ends every call; their ends come later, from the loop. */
void calls_end_all(struct calls *cs, const char *why);

/* What calls of an earlier process are made of again. */
struct calls_past {
	struct store *store; /* borrowed: from now on calls are kept there */
	unsigned table;
	const struct leg_maker *makers; /* ends with kind == NULL */
	/* The gateway of that name, NULL when it is not configured any more. */
	struct mgcp_gw *(*gateway)(void *arg, struct slice name);
	void *arg;
};

/* Takes over the calls of an earlier process that was killed. Those that were answered go on; those that were not are ended, and both
 * sides are told. What cannot be read or taken over is dropped, with a line in the log. Before the gateways are asked what they have.
 * Negative errno: the store cannot be read. */
int calls_restore(struct calls *cs, const struct calls_past *past);
/* Puts what has changed into the store, as the end of each loop turn does before anything is sent. */
void calls_save(struct calls *cs);

/* Who is called: asked at first, and again whenever everybody who was offered the call has failed. */
struct call_plan {
	/* Adds legs with call_add_leg() and returns 0; -EINPROGRESS: call_hunted() will say; else nobody is left. `how`: the best outcome of the
	 * last ones, as they said it; NULL at first. `end` is filled with what the caller is told when that is not the best outcome of all. */
	int (*next)(void *plan, struct call *c, const struct leg_news *how, struct leg_news *end);
	/* Adds another leg in the place of one that did not reach its party, when there is another way there (RFC 5626 7); false: there is none. NULL: never. */
	bool (*instead)(void *plan, struct call *c, const struct leg *failed);
	void *plan; /* reference-counted, the call's */
};

#define CALL_GROUPS 4

struct call {
	struct calls *calls;
	struct hash_link by_id;
	struct link link, changed;
	bool kept;       /* in the store */
	char id[17];     /* hex: also MGCP's C: */
	char object[24]; /* "call 7f3a91c2" */
	enum call_state state;
	struct mgcp_gw *gw;
	struct leg *a;
	struct list legs;   /* the called ones */
	unsigned n_legs;
	struct call_plan plan; /* next NULL: whoever was added */
	unsigned round;     /* of the plan, and then of those of transfers; 1: the first */
	bool hunting;       /* the plan is still looking for the next ones */
	struct leg *winner; /* the called leg that answered */
	/* Called legs that are reached from one local address and family share media; a group each. */
	struct media *group[CALL_GROUPS];
	unsigned n_groups;
	unsigned groups_pending;
	struct sdp *offer;       /* the caller's; NULL when it made none */
	struct leg *early;       /* the leg whose early media is heard */
	bool renegotiated;       /* ... by another offer and answer before the call was answered */
	bool offered;            /* the caller, who made no offer, was made one before the answer */
	bool standing_in;        /* ... by us, as nobody had described anything yet (call_early.c) */
	struct call_task *answer; /* the answer, while the caller is offered what that describes; NULL */
	unsigned told;           /* last progress status the caller was told */
	struct leg *reofferer;   /* whose re-offer is under way */
	bool reoffer_local;      /* ... answered by us, without asking the other side yet */
	bool reoffer_sent;       /* ... has gone to the other side, whose answer is awaited */
	struct call_task *reoffer_waits; /* ... until that side has ended what it is about; NULL */
	struct timer ring;  /* until the answer; then of those who may come */
	struct timer longest;
	struct cdr cdr;      /* of those who are connected now (call_record.c) */
	struct call_record *coming; /* ... of those whom a transfer may connect; NULL */
	struct list records; /* the latter, and those that wait for the end of their media */
	unsigned n_records;  /* since the first */
	int64_t answered;    /* UTC ms: since when there has been a call, whoever is in it now */
	struct line *line[2]; /* of source and target, until it ends */
	struct line *route_line; /* likewise of the route taken, by that name; NULL: it has no limit */
	char route[RULE_LINE];
	struct fraud_call fraud; /* the limits it counts against, likewise */
	const void *offer_native; /* the message that offered the call */
	bool overlap;        /* the caller may dial more of the called number (call_overlap.c) */
	char dialled[64];    /* ... what it has since the call began */
	/* A transfer under way (call_transfer.c). */
	struct leg *transferor;        /* who gives its place away; NULL: none */
	struct call_plan transfer_plan; /* whom else may come; next NULL: nobody */
	struct leg *consulted;         /* who shall come, from another call; NULL */
	struct media *consulted_media; /* ... its media in this one */
	struct call *awaits, *awaited_by; /* who shall come still rings there; a transfer waits for our answer; NULL */
	unsigned transfer_status;      /* the best failure so far */
	unsigned transfer_round;       /* its first */
	const void *transfer_native;   /* the message that asks */
	bool must_follow;              /* a re-offer that may not be refused: somebody has taken a place */
	struct leg *misled;            /* was offered what then did not come: to be put right when it has answered; NULL */
	struct media *left_media;      /* a party of it has gone into another call, its record has it already: what it had here; NULL: none has */
};

/* A new call in `cs`, which holds the reference until its end. */
int call_new(struct call **ret, struct calls *cs, struct mgcp_gw *gw);
/* Adopts the reference of a leg: the caller's first, then the called ones. */
int call_add_leg(struct call *c, struct leg *l);
/* Which user or trunk calls, or is called: for the record and the limits. 0 or -ENOMEM. */
int call_set_party(struct call *c, enum side side, struct slice name);
/* By which route it goes, as rule_line() names it; empty: by none that is counted. 0 or -ENOMEM. */
int call_set_route(struct call *c, struct slice name);
/* The caller's offer: everything starts. On error the call has ended with an answer to the caller. */
void call_start(struct call *c, const struct leg_news *n);
/* The plan's outcome, when it was not known at once: legs were added (0), or nobody is left. */
void call_hunted(struct call *c, int err, const struct leg_news *end);
/* 181 to a caller that still waits, or to who has asked for the transfer under way. */
void call_tell_forwarded(struct call *c);
/* The number that a transfer under way leads to, for its record. */
void call_transfer_called(struct call *c, struct slice number);
/* Somebody who may come in the transferor's place, adopted; to be offered the call when its media are there. */
int call_transfer_join(struct call *c, struct leg *l);
/* The caller `l` asks for the place that `theirs` has in its call: adopted and under way (0), or the status it is refused with. */
unsigned call_replace(struct leg *theirs, struct leg *l, const struct leg_news *n);
/* The same for a call that still rings `theirs`: `l` answers it. */
unsigned call_pick_up(struct leg *theirs, struct leg *l, const struct leg_news *n);
/* Ends it in whatever state. */
void call_end(struct call *c, enum call_by by, const struct leg_news *why);
/* The other party, once there is one. */
struct leg *call_peer(const struct call *c, const struct leg *l);
json_t *call_json(const struct call *c);

/* --- what legs report ---------------------------------------------------------------------------------------------- */
/* The caller dials more of the number, of a call with `overlap`; `whole`: that was all. */
void call_on_digits(struct leg *l, const char *digits, bool whole);
/* Whether a further offer of the call, with more of the number, may take the place of the first one: it describes the same, and nothing has been agreed on. */
bool call_may_go_on(const struct call *c, struct slice sdp);
/* It has, and `digits` are more: the caller is told once more what it was told. */
void call_on_further(struct leg *l, const struct leg_news *n, const char *digits);
/* A called leg has all of the number. */
void call_on_whole(struct leg *l);
/* Any sign of life of a called leg. */
void call_on_heard(struct leg *l);
void call_on_progress(struct leg *l, const struct leg_news *n);
void call_on_answered(struct leg *l, const struct leg_news *n);
/* The caller has acknowledged a description before the answer (RFC 3262 5); answered it, when it made no offer. */
void call_on_agreed(struct leg *l, const struct leg_news *n);
/* The leg's party refuses the call as it knows no preconditions (RFC 3312). true: it is offered the call again, without, once they are met; false: it
 * cannot be. */
bool call_on_unconditional(struct leg *l);
/* Something that its save verb writes has changed. */
void call_on_changed(struct leg *l);
/* The caller's confirmation of the answer. */
void call_on_confirmed(struct leg *l, const struct leg_news *n);
void call_on_reoffer(struct leg *l, const struct leg_news *n);
void call_on_reoffer_done(struct leg *l, const struct leg_news *n);
/* It takes its own back. */
void call_on_reoffer_given_up(struct leg *l);
/* Its party wants a sign of life, in the shape of what was described to it last. */
void call_on_refresh(struct leg *l);
/* Whether it may give its place to somebody else: 0, or the status it is refused with. */
unsigned call_may_transfer(const struct leg *l);
/* It wants to; its transferred verb will be told how that goes. */
void call_on_transfer(struct leg *l, const struct leg_transfer *t);
/* Its party is shown as another one: who it is talking to is told. -EINPROGRESS: not while descriptions are exchanged. */
int call_on_named(struct leg *l, const struct shown *who);
/* false: nobody there to take it. */
bool call_on_info(struct leg *l, const struct leg_news *n);
/* The leg is over: status 0 when its party hung up or we asked for it, else why it failed. Once per leg. */
void call_on_closed(struct leg *l, const struct leg_news *n);
