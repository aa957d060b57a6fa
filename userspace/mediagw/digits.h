/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits in telephone-events (RFC 4733) that pass through a connection, and how MGCP's DTMF package (RFC 3660 2.2) names them. */
#pragma once
#include "mediagw/conn.h"

/* The payload type by which the peer of `c` sends telephone-events, 0 when none can be read: it is the one it was offered, which is what the
 * other connection's peer described; where that is not known, its own, and before it described itself the one we offer. */
uint8_t digits_payload_type(const struct conn *c);
/* The event's name, or '\0' for one that is no digit. */
char digits_name(uint32_t code);
