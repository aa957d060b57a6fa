/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files call_*.c share: call.c (life and death), call_setup.c (until the answer), call_reoffer.c (after it). */
#pragma once
#include "base/log.h"
#include "base/mem.h"
#include "callagent/call.h"
#include "cdr/cdr.h"
#include "callagent/outcome.h"
#include <errno.h>

void call_state(struct call *c, enum call_state state, const char *why);
/* For failures with no message behind them. */
void call_fail(struct call *c, unsigned status, unsigned cause, const char *words);
/* Releases one leg, whatever its state, unless it is over already. */
void call_release_leg(struct leg *l, const struct leg_news *n);
void call_check_done(struct call *c);
/* It is ending: limits count it no more. */
void call_not_live(struct call *c);
void call_on_media_lost(void *arg, struct media *m, enum mgcp_loss what, const char *why);

/* call_record.c: what becomes of the call's records. */
const char *call_record_by(enum call_by by);
struct leg *call_recorded_leg(const struct call *c);
/* Who its two parties are, while they are still in it. */
void call_record_parties(struct call *c);
/* It rings, or is on its way: what is being tried. */
void call_record_progress(struct call *c);
void call_record_answered(struct call *c, const struct sdp *answer);
/* The same when the caller's answer was the last to come. */
void call_record_agreed(struct call *c, const struct sdp *answer);
void call_record_end(struct call *c, enum call_by by, const struct leg_news *n);
void call_record_write(struct call *c);
/* Somebody may come in the transferor's place, by a call that is made for it. -ENOMEM. Then either nobody has, or `l` has, and the two who were connected had `before`. */
int call_record_attempt(struct call *c);
/* The call to it has been made; refused before that, it is none of the call's. */
void call_record_begun(struct call *c);
void call_record_dropped(struct call *c);
void call_record_failed(struct call *c, const struct leg_news *n);
void call_record_pair(struct call *c, struct leg *l, struct media *before);
/* The transferor has left: nobody talks until somebody comes. */
void call_record_left(struct call *c);
void call_record_media_over(struct call *c, const struct media *m);
void call_records_drop(struct call *c);

/* call_save.c: its record is written at the end of this turn, or deleted now. */
void call_changed(struct call *c);
void call_forget(struct call *c);
/* A call with that id and nothing else, held by `cs`. */
int call_make(struct call **ret, struct calls *cs, struct mgcp_gw *gw, const char *id);
/* Media between two parties: the next group. */
int call_add_group(struct call *c, const struct media_party *a, const struct media_party *b);
/* The same later in its life, in the place of one that is over when there are too many. */
int call_new_group(struct call *c, const struct media_party *a, const struct media_party *b, struct media **ret);
/* Its party `l` goes into another call; what is left has to end. */
void call_hand_over(struct call *c, struct leg *l);
void call_on_media_over(void *arg, struct media *m);
void call_start_longest(struct call *c);

/* A step that waits for the media: what was said, by whom, kept until it is done. */
struct call_task {
	struct call *call;
	struct leg *leg;
	struct leg_news news; /* sdp and dialog point into native */
	struct sdp *sdp;
};

/* NULL when memory is out. */
struct call_task *call_task_new(struct leg *l, const struct leg_news *n, struct sdp *sdp);

/* Parses a description; on failure logs against the leg. 0, -EBADMSG, -ENOMEM. */
int call_read_sdp(struct sdp **ret, const struct leg *l, struct slice text);
/* Whether it has a stream that we can relay. */
bool call_carries_any(const struct sdp *sdp);
/* Describes `from` to a leg, as media_describe() does, with the codecs it may hear of. -ENOENT: there are none. */
int call_describe(const struct media *m, struct leg *to, const struct sdp *from, struct buf *out);
/* `said` becomes what the leg last described. */
void call_leg_said(struct leg *l, struct sdp *sdp, bool offer);

/* call_conditions.c: offers the call to those who wait for the caller's preconditions, if these are met. */
void call_conditions_check(struct call *c);
/* What `l`, who knows none, has said, as a caller that has some shall see it. */
int call_conditions_add(const struct leg *l, struct sdp **sdp);
/* The caller's next offer is answered by us, as nobody else has been called yet. */
bool call_conditions_stand_in(const struct call *c);
int call_conditions_reoffered(struct leg *l, const struct leg_news *n, struct sdp *sdp);

/* call_early.c: tells the caller `n` with that description. */
void call_tell(struct leg *l, const struct leg_news *n, struct slice sdp);
/* Once more what the caller has been told last. */
void call_tell_again(struct call *c);
/* Whether that has to be offered to a caller that has agreed on something else already. */
bool call_is_news(const struct call *c, const struct media *m, const struct sdp *from);
/* The one who is heard (c->early) is it no more. */
void call_early_lost(struct call *c);

/* call_setup.c: offers the call to the legs that are new; to one. */
void call_offer_round(struct call *c);
void call_offer_leg(struct leg *l);
/* call_hunt.c: the next ones, of the call or of its transfer; `how` the last ones ended, NULL at first. */
void call_hunt(struct call *c, const struct leg_news *how);
/* The one whose failure counts, of all or of this round; NULL: there are none. And how it ended. */
struct leg *call_best_of(const struct call *c, bool of_this_round);
struct leg_news call_outcome_of(struct leg *l);
/* `l` has ended, or is given up: its party is called in another way, or the round is over when it was the last one. */
void call_leg_failed(struct leg *l);
/* Somebody has refused for all of them (6xx): the others are released with `n`. */
void call_round_refused(struct call *c, const struct leg_news *n);
void call_start_patience(struct leg *l);
/* The call is `l`'s: nobody else rings any more. */
void call_won(struct leg *l);
/* The media are joined with the winner's description (the task's): the caller gets it as its answer. */
void call_answer_ready(void *arg, struct media *m, int err, unsigned code);

/* The caller was to be offered that answer first (c->answer): it has followed, with this description, or cannot be offered anything yet. */
void call_answer_followed(struct call *c, struct sdp *sdp);
void call_answer_not_followed(struct call *c);

/* call_transfer.c: what those say who may come (l->joins) */
void call_transfer_begin(struct leg *by);
void call_transfer_progress(struct leg *l, const struct leg_news *n);
void call_transfer_answered(struct leg *l, const struct leg_news *n);
void call_transfer_lost(struct call *c, struct leg *l, unsigned status, const char *words);
void call_take_place(struct call *c, struct leg *l);
/* What the one who stays would like, told to one who may come: not the hold that the transferor has put it on (RFC 6337 5.3). */
int call_transfer_describe(const struct call *c, struct leg *to, struct media *m, struct buf *out);
/* It is to be `l`: nobody else is looked for, those who ring stop. */
void call_transfer_settle(struct call *c, const struct leg *l);
/* The plan has added some, or nobody is left. */
void call_transfer_hunted(struct call *c, int err, const struct leg_news *end);
/* To the transferor: how it goes. */
void call_transfer_tell(struct call *c, unsigned status);
/* The call ends: transfers that it was to take part in fail with `status`. */
void call_transfer_drop(struct call *c, unsigned status);
/* What the caller has been told, and its answer: a transfer may wait for it (c->awaited_by). */
void call_transfer_rings(struct call *c);
void call_transfer_reached(struct call *c);

/* call_replace.c: the one who stays has answered (c->reofferer->joins is set) */
void call_replace_answered(struct leg *stays, const struct leg_news *n);
/* The same for somebody whom a transfer rings: `l` comes instead. */
unsigned call_replace_coming(struct leg *theirs, struct leg *l, const struct leg_news *n);

/* call_reoffer.c */
/* From now on it is `l`'s re-offer that is under way. */
void call_reoffer_begin(struct call *c, struct leg *l);
/* What `l` has said before the answer is offered to the caller, as that one has agreed on something else already. */
void call_reoffer_caller(struct leg *l, struct sdp *sdp);
/* `l` has taken somebody's place: the other party has to follow its description. */
void call_reoffer_follow(struct leg *l, struct sdp *sdp);
void call_reoffer_confirmed(struct leg *l, const struct leg_news *n);
/* The call was answered, or the early dialog is gone, while a re-offer was under way: who made it is told to come back. */
void call_reoffer_abandon(struct call *c);

static inline bool call_over(const struct call *c)
{
	return c->state >= CALL_ENDING;
}

static inline void *unconst(const void *p)
{
	return (void *)(uintptr_t)p;
}
