/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What RTP (RFC 3550) and its audio and video profile (RFC 3551) fix, as far as a relay needs it. Packets themselves are judged by the
 * packet logic in kernel/include; rtcp.h is the control protocol. */
#pragma once
#include "base/slice.h"

#define RTP_PT_PCMU 0
#define RTP_PT_PCMA 8
#define RTP_PT_CN   13 /* comfort noise, RFC 3389 */

/* RTP clock rate in Hz of a static payload type (RFC 3551 tables 4 and 5); 0 when it is dynamic or reserved. */
uint32_t rtp_clock(uint8_t pt);
/* Encoding name of a static payload type; absent when it is dynamic or reserved. */
struct slice rtp_encoding(uint8_t pt);
