/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line's channel, open, and its voice: the bearer between the channel's octets and the RTP of a connection. A bearer channel is open while it is used, one with
 * a hook always: somebody has to hear it. tandem-keep holds what is open, so that no line goes on hook when this process dies. */
#pragma once
#include "mediagw/bearer.h"
#include "mediagw/line.h"

/* Opens the channel: 0, -EBUSY when another program has it, or what the driver says; an alarm then, and it is tried again until the line can be used. */
int line_open(struct line *l);
void line_close(struct line *l);
/* Closes it for a while: its call agent, who hears nothing of that, goes on waiting for what it has asked for. */
void line_interrupt(struct line *l);
/* Opens one that is to be open; of any other finds out whether it can be opened. */
void line_try(struct line *l);
/* Lends the channel, which nothing uses, with a descriptor of the borrower's own: 0, -EBUSY when it is not free, or what the driver says. */
int line_lend(struct line *l, int *fd);
/* It is given back, and the descriptor closed. */
void line_return(struct line *l);
/* The connection's media flows as the connection says: 0 or negative errno. */
int line_connect(struct line *l, const struct conn *c);
void line_disconnect(struct line *l, const struct conn *c);
/* RTP packets sent on a connection since it is there, and octets of their payload. */
void line_sent(const struct line *l, const struct conn *c, uint64_t *packets, uint64_t *octets);
/* What the voice of its first connection has been through since that is there, by the names of bearer_defs; a new reference. */
json_t *line_counters(const struct line *l);
/* For struct fp_stream. */
uint32_t line_deliver(const struct line *l);
