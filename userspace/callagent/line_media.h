/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The media of a leg that is a telephone line: one connection at the line's endpoint of a gateway. What the gateway says of it is the leg's description,
 * as a SIP phone sends one, and what the call describes to the leg is told to the gateway; so the call knows nothing of lines. What is asked is done
 * in order. */
#pragma once
#include "callagent/media.h"

struct line_media; /* reference-counted; dropping the last reference deletes the connection without waiting */

/* Once for everything asked with success. err as of mgcp_conn_handlers.done, or -ECANCELED when the media ended first; `code` is the gateway's. */
typedef void (*line_media_done_fn)(void *arg, int err, unsigned code);

struct line_media_params {
	struct mgcp_gw *gw;
	const char *endpoint;  /* "ds/e1-1/7" */
	const char *options;   /* LocalConnectionOptions: what it can do, as long as nothing is described to it; "a:PCMA;PCMU;telephone-event" */
	const char *object;    /* for the log; kept by the caller */
	struct media_party party; /* at which of the gateway's addresses: its name, and any address of the wished family; its name kept by the caller */
	/* The connection is gone for good; `why` is one line. */
	void (*lost)(void *arg, enum mgcp_loss what, const char *why);
	void *arg;
};

/* The direction in which media flow is what the description says, unless the line is only to be listened to: then the far side hears nothing of it; or is
 * to rest: then neither hears the other. */
enum line_media_way {
	LINE_MEDIA_HEARS,
	LINE_MEDIA_TALKS,
	LINE_MEDIA_RESTS,
	LINE_MEDIA_CONFERS, /* talks, and hears and is heard by the endpoint's other connections of this kind (RFC 3435 2.3, "confrnce") */
};

/* Makes the connection, for the audio stream of `offer`, or to make an offer (NULL). -EHOSTUNREACH: the gateway is down; -EINVAL: no audio there; -ENOMEM. */
int line_media_open(struct line_media **ret, const struct line_media_params *p, struct sdp *offer, enum line_media_way way, line_media_done_fn fn, void *arg);
/* What the other side describes: an answer to what line_media_describe() wrote, or an offer. NULL: as it was, only `way` changes. */
int line_media_set(struct line_media *m, struct sdp *remote, bool offer, enum line_media_way way, line_media_done_fn fn, void *arg);
/* Whether there is a connection. */
bool line_media_is_open(const struct line_media *m);
/* The leg's description: an answer to the last offer with all of its streams, those but one rejected; else an offer. 0, or out->err, -ENOTCONN. */
int line_media_describe(struct line_media *m, struct buf *out);
/* The same for one of several parties who share the connection, whoever is heard: with the streams of what that one described (NULL: one), flowing as `dir`
 * says, in the name of `origin`. */
int line_media_describe_as(const struct line_media *m, const struct sdp *theirs, enum sdp_dir dir, struct sdp_origin *origin, struct buf *out);
/* Whether the other side, as it described itself last, wants to hear nothing: the line is on hold there (RFC 3264 8.4). */
bool line_media_is_held(const struct line_media *m);
/* A further offer of the leg's, flowing as `dir` says, with the streams that were described last. */
int line_media_offer(struct line_media *m, enum sdp_dir dir, struct buf *out);
/* Deletes the connection; `fn` is called once, from the loop, with what was measured (NULL: nothing). Later calls do nothing. */
void line_media_close(struct line_media *m, void (*fn)(void *arg, const struct cdr_quality *q), void *arg);
/* For a store: appended to `out`; nothing while there is no connection. */
void line_media_save(const struct line_media *m, struct buf *out);
/* Takes over the connection of a saved one: `p` without endpoint and options. No command is sent. -EBADMSG, -ENOMEM. */
int line_media_restore(struct line_media **ret, const struct line_media_params *p, struct slice record);
