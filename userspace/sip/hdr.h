/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sip/: what is known of each header field. */
#pragma once
#include "sip/msg.h"

enum {
	SIP_HDR_LIST = 1,   /* a comma separates several values, and so do several lines (RFC 3261 7.3.1) */
	SIP_HDR_SINGLE = 2, /* one value a message: lines that differ make it malformed (RFC 4475 3.3.8) */
};

struct sip_hdr_row {
	struct slice name;
	uint8_t flags;
};
extern const struct sip_hdr_row sip_hdr_table[SIP_HDR_MAX];
