/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Relays as transponders: a connection of one in the mode netwtest (RFC 3435 2.1.3, 3.2.2.6) answers the tone of a continuity test with the other one. Its RTP, G.711, comes
 * here instead of going to the other connection, and each packet is answered by one. */
#pragma once
#include "fastpath/fastpath.h"

struct conn;
struct gateway;
struct netwtests;

/* fp_stream.deliver of such a connection. */
#define NETWTEST_DELIVER (1u << 31)

/* The connection has that mode, or has it still: 0 or -ENOMEM. */
int netwtest_start(struct conn *c);
/* It has another, or ends. */
void netwtest_stop(struct conn *c);
/* fp_handlers.rtp, of packets that are delivered to NETWTEST_DELIVER. */
bool netwtest_rtp(uint32_t slot, const uint8_t *data, size_t len, uint64_t now_ns);
