/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much a message may have of each thing that whoever reads it works or remembers for. */
#pragma once
#include "sip/msg.h"

/* Bytes, or how many values; 0: no limit but the parser's own. */
struct sip_limits {
	uint32_t message, headers, header, uri, via, route, contact, body;
};

/* The first limit the message is over, with its status and reason for the answer, counted: false when it is within all of them. */
bool sip_limits_exceeded(const struct sip_limits *l, const struct sip_msg *m, unsigned *status, const char **why);
