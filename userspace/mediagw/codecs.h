/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a connection of a telephone channel speaks: codec selection (RFC 3435 2.6) between what the channel can, what the call agent allows and what the
 * peer described. G.711 of the channel's own law comes first; CLEARMODE (RFC 4040) is for who asks for it. */
#pragma once
#include "media/playout.h"
#include "mediagw/options.h"
#include "sdp/sdp.h"

#define CODECS_MAX 3
#define NO_PT      128

/* Each has two payload types: what we described, for what comes, and what the peer did, for what is sent. */
struct codec {
	enum playout_format format;
	uint8_t ours, theirs;
};

struct codecs {
	struct codec list[CODECS_MAX]; /* the first is sent, all are taken */
	unsigned n;
	struct codec events, noise;    /* NO_PT: none */
	bool flash, flash_taken;       /* of events, the hook flash too: of ours, and of those that the peer takes */
	bool offered;                  /* we described ourselves before the peer did: our payload types stay */
	unsigned ptime_ms;
	bool echo, suppress;           /* the canceller is on; silence is not sent */
	int gain_db;
};

/* Before anything was said, of a channel with that law; with a `hook`, which may flash. */
void codecs_init(struct codecs *c, bool hook);
/* What follows from a command: `m` is what the peer described, NULL when the command had no description. 0, or the response code and *why; *c changes on success only. */
unsigned codecs_select(struct codecs *c, enum law law, const struct options *o, const struct sdp_media *m, const char **why);
/* The formats of the m= line, to the end of it, and their a= lines. */
void codecs_write(const struct codecs *c, struct buf *b);
/* Of telephone-events as the peer sends them; 0: none. */
static inline uint8_t codecs_event_pt(const struct codecs *c)
{
	return c->events.ours == NO_PT ? 0 : c->events.ours;
}
const char *codecs_name(const struct codecs *c); /* of the first: "PCMA" */
