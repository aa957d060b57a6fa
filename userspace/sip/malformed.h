/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What could not be read, counted by the part of the message that it was: whether the message was refused for it, dropped, or went on
 * without that part (RFC 3261 8.2.2 and 16.3 have what does not matter ignored). */
#pragma once

enum sip_part {
	SIP_PART_START_LINE, SIP_PART_LINE_END, SIP_PART_CONTROL, SIP_PART_FIELD, SIP_PART_CONFLICT, SIP_PART_END, SIP_PART_SIZE,
	SIP_PART_VIA, SIP_PART_FROM, SIP_PART_TO, SIP_PART_CALL_ID, SIP_PART_CSEQ, SIP_PART_MAX_FORWARDS, SIP_PART_CONTENT_LENGTH,
	SIP_PART_CONTACT, SIP_PART_RECORD_ROUTE, SIP_PART_REPLACES, SIP_PART_REFER_TO, SIP_PART_EVENT, SIP_PART_RACK, SIP_PART_RSEQ,
	SIP_PART_SESSION_EXPIRES, SIP_PART_MIN_SE,
	SIP_PARTS
};

/* One more of these. */
void sip_malformed(enum sip_part part);
/* Shows the counters "malformed". */
void sip_malformed_show(void);
