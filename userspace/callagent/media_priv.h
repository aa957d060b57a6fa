/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What media.c and media_save.c share. */
#pragma once
#include "base/list.h"
#include "callagent/media.h"

/* A connection, seen from its side. */
struct end {
	struct stream *stream;
	enum side side;
	struct mgcp_conn *conn;
	struct sdp_local_media local; /* what the gateway gave us */
	uint32_t local_hash;          /* of the text it said it in */
	bool created;                 /* the gateway has confirmed it */
	bool in_job;                  /* the current job waits for it */
	bool dying;                   /* being deleted */
	uint32_t remote_hash;         /* of the description it was last given */
	uint32_t silence_s;
	const char *mode;
	uint32_t arm;
};

struct stream {
	struct media *media;
	unsigned index;
	bool made_by_offer; /* by the offer that is not answered yet */
	struct end end[2];
};

struct job {
	struct link link;
	bool is_answer, final, started;
	enum side from;
	struct sdp *sdp;
	media_done_fn fn;
	void *arg;
	unsigned pending;
	int err;
	unsigned code;
};

struct media {
	struct media_params p;
	struct stream *stream[SDP_MAX_MEDIA];
	struct list jobs; /* the first is being done */
	struct sdp *offer; /* the last one */
	enum side offerer;
	unsigned round;   /* completed re-offers: each re-arms the latches */
	unsigned conns;   /* made and not reported deleted yet */
	bool starting, ending;
	struct cdr_quality quality[2];
	void (*end_fn)(void *arg, struct media *m);
	void *end_arg;
};

extern const struct mgcp_conn_handlers media_conn_handlers;
/* Made when it is not there; NULL when memory is out. */
struct stream *media_stream_at(struct media *m, unsigned i);
