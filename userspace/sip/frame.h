/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a message ends in a stream (RFC 3261 7.5, 18.3): by Content-Length. Between messages there may be line ends: two are a keep-alive that
 * wants to be answered with one (RFC 5626 3.5.1, 4.4.1). */
#pragma once
#include "base/slice.h"

enum sip_frame_kind {
	SIP_FRAME_MORE,    /* what is there is no whole message yet */
	SIP_FRAME_MESSAGE, /* of `len` bytes */
	SIP_FRAME_CRLF,    /* a line end of `len` bytes between messages */
	SIP_FRAME_BAD,     /* nobody knows where the next message begins: the connection is to be ended */
};

struct sip_frame {
	enum sip_frame_kind kind;
	size_t len;
	/* Bad: what to answer and why; of the message its header, for that answer, absent when it is not whole or no SIP. */
	unsigned status;
	const char *why;
	struct slice header;
};

/* The first frame of `data`; a message may have `max` bytes. */
struct sip_frame sip_frame(struct slice data, size_t max);
