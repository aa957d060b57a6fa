/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The media of a call between two sides: for each stream of the description one packet-relay endpoint of a gateway with two
 * connections, one a side. An offer makes what is missing; the answer to it sets both connections (addresses, direction). A
 * refused re-offer therefore has nothing to put back. What is asked is done in order, one thing at a time. */
#pragma once
#include "cdr/cdr.h"
#include "mgcp/agent.h"
#include "sdp/sdp.h"

enum side { SIDE_A, SIDE_B };

static inline enum side side_other(enum side s)
{
	return s == SIDE_A ? SIDE_B : SIDE_A;
}

/* What the gateway has to know of the party at one side. */
struct media_party {
	const char *address;    /* name of the local address to use; kept by the caller */
	struct addr signalling; /* where its signalling comes from */
	bool latch;             /* behind NAT: media may latch to the signalling address (RFC 7362) */
};

struct media; /* reference-counted; dropping the last reference deletes its connections without waiting */

/* Called once for everything asked with success. err as of mgcp_conn_handlers.done, or -ECANCELED when the media ended
 * first; `code` is the gateway's. */
typedef void (*media_done_fn)(void *arg, struct media *m, int err, unsigned code);

struct media_params {
	struct mgcp_gw *gw;
	const char *call_id; /* hex; kept by the caller, as is object */
	const char *object;  /* for the log: "call 7f3a" */
	struct media_party party[2];
	uint32_t silence_s;  /* report when due media stay away this long, 0: never */
	/* Media are gone for good: nothing came in time, or the gateway has them no more; `why` is one line. */
	void (*lost)(void *arg, struct media *m, enum mgcp_loss what, const char *why);
	/* What media_save() writes has changed. */
	void (*changed)(void *arg);
	void *arg;
};

int media_new(struct media **ret, const struct media_params *p);
/* Another party takes the place at that side (a fork that answers). */
void media_set_party(struct media *m, enum side side, const struct media_party *party);
/* `from` offers: afterwards the other side's connections exist and media_describe() can write to it. */
int media_offer(struct media *m, enum side from, struct sdp *offer, media_done_fn fn, void *arg);
/* `from` answers the last offer of the other side; `final`: media are due from now on (not for early answers). */
int media_answer(struct media *m, enum side from, struct sdp *answer, bool final, media_done_fn fn, void *arg);
/* The last offer was refused: streams made for it go again. */
void media_refused(struct media *m);
/* Writes `from`'s description, as the side `to` shall see it. `dir_of` overrides the direction of streams when not NULL. */
int media_describe(const struct media *m, enum side to, const struct sdp *from, struct sdp_origin *origin,
		   const enum sdp_dir *dir_of, struct buf *out);
/* Deletes all connections; `fn` is called once, when the gateway has answered or given up. Later calls do nothing. */
void media_end(struct media *m, void (*fn)(void *arg, struct media *m), void *arg);
bool media_ended(const struct media *m);
/* What the first stream measured of packets from that side; zeroes before the end. */
const struct cdr_quality *media_quality(const struct media *m, enum side side);
/* The connections, for a store: appended to `out`. */
void media_save(const struct media *m, struct buf *out);
/* Takes over the connections of a saved one, into new media with the same parameters: -EBADMSG, -ENOMEM. No command is sent. */
int media_restore(struct media *m, struct slice record);
/* The offer of that side is still to be answered. */
void media_resume_offer(struct media *m, enum side from, struct sdp *offer);
/* An error of media_done_fn in words, for the caller and the record. */
const char *media_failure(int err);
