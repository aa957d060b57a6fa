/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One media stream of a description, as it travels to and from a gateway, and what the gateway has measured of it. */
#pragma once
#include "cdr/cdr.h"
#include "sdp/sdp.h"

/* A description of that stream alone. Writes nothing while the party has no address (hold by 0.0.0.0). 0, or out->err. */
int media_sdp_write(struct buf *out, const struct sdp_media *m);
/* LocalConnectionOptions (RFC 3435 3.2.2.10): packet time and codecs. */
void media_sdp_options(struct buf *out, const struct sdp_media *m);
/* Where the gateway receives, from the description it returned: 0 or -EBADMSG, -ENOMEM. */
int media_sdp_read(struct sdp_local_media *ret, struct slice text);
/* The P: and X-Quality values that a gateway returns at the end of a connection (RFC 3435 3.2.2.8). */
void media_quality_read(struct cdr_quality *q, struct slice params, struct slice quality);
/* Connection mode (RFC 3435 3.2.2.6) of a connection that sends and receives as `dir` says. */
const char *media_mode(enum sdp_dir dir);
