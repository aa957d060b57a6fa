/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Silence: neither RTP nor RTCP for so many seconds from a peer that should be sending (RFC 3660 2.10, event r/rto). Never while the
 * mode or the descriptions say that nothing flows; comfort noise and RTCP are signs of life. */
#pragma once
#include "mediagw/conn.h"

/* Starts, restarts or stops the watch after any change to the connection. */
void watch_update(struct conn *c);
/* Takes over what the endpoint's request asks about this connection, and starts the watch anew. */
void watch_asked(struct conn *c);
