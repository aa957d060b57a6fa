/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephone channels as endpoints. A line belongs to its endpoint, which exists from when its channel is first seen; it takes the channel
 * (tdm/channel.h) while something uses it. */
#pragma once
#include "mediagw/gateway.h"

/* What has a channel in use; several at once. */
enum line_use { LINE_CONNECTED = 1, LINE_SEIZED = 2, LINE_TESTED = 4 }; /* by a connection; on the line itself: off hook, ringing; lent to a test */

struct bearer;
struct circuit;

/* What is known of its service where that is told (line_service.h). */
enum line_service { LINE_OUT_OF_SERVICE, LINE_LEAVING, LINE_IN_SERVICE };

struct line {
	struct endpoint *ep;
	struct tdm_channel *channel;
	unsigned uses; /* or-ed enum line_use */
	int fd;        /* the open channel, -1 */
	struct bearer *bearer; /* of it, NULL */
	struct circuit *circuit; /* its signalling (line_signal.h) */
	enum line_service told;
	struct timer again;    /* until it is tried to open it again */
	bool stale;            /* it is to be set up anew, which waits until nothing uses it */
	struct timer renews;   /* then: never from within what ends a use */
};

/* The rows of endpoint_kinds. */
int line_new(struct endpoint *e, struct tdm_channel *c); /* e->line */
int line_any(struct gateway *gw, const struct endpoint_name *name, struct endpoint **ret);
unsigned line_admit(struct endpoint *e, const char **why);
int line_join(struct endpoint *e, struct conn *c);
void line_part(struct endpoint *e, struct conn *c);
void line_vacate(struct endpoint *e);

/* A channel is there that was not, or is set up as something else: it has an endpoint when it carries calls. */
void line_seen(struct gateway *gw, struct tdm_channel *c);
/* Why calls end on a channel that is out of service. */
enum conn_end line_end_reason(const struct tdm_channel *c);
/* The channel's state changed, or (`reset`) an operator wants it reset: what has it in use ends when it may not go on. */
void line_changed(struct gateway *gw, struct tdm_channel *c, bool reset);
/* What the channel's octets are. */
enum law line_law(const struct line *l);
/* Whether its signalling knows a hook, which may flash. */
bool line_has_hook(const struct line *l);
/* Whether the channel's own signalling makes calls; else somebody elsewhere does. */
bool line_is_signalled(const struct line *l);
/* A free channel is needed for an operator's loop or test, or is given back. */
void line_spare(struct gateway *gw, struct tdm_channel *c, bool spared);
/* The configuration says something else of its voice: the channel is set up anew, at once or when its call or test is over. */
void line_renew(struct gateway *gw, const struct tdm_channel *c);
/* Begins a use of the channel, for a call from the line (`incoming`) or from here: 0, or the response code and *why. */
unsigned line_begin(struct line *l, enum line_use use, bool incoming, const char **why);
/* Ends one; with the last the channel is given back. */
void line_end(struct line *l, enum line_use use);
