/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be seen of a connection's stream (RFC 3660 2.10, package R; G/ld of 2.1): that media has started, packets are lost, it sounds bad, other packets
 * come than before, it lasts for long. It is looked at once a second while somebody asks. Silence has its own clock (watch.h). */
#pragma once
#include "base/timer.h"
#include "mgcp/request.h"

struct conn;
struct endpoint;

/* What a connection's last look found. */
struct stream_seen {
	struct timer timer;
	bool media, lost, bad, lasting; /* told */
	uint64_t packets, missing;      /* when package R's pl was asked for */
	uint32_t depth_ms, ptime_ms;
	int pt;
};

/* A request was taken over on its endpoint, or the connection is new. */
void streams_asked(struct conn *c);
/* The first packet has come. */
void streams_media(struct conn *c);
/* Whether the event is one of these, and can be seen where there are lines, or relays. */
bool streams_have(const struct mgcp_requested *r, bool line);
/* Whether its parameters mean something. */
bool streams_params(const struct mgcp_requested *r);
