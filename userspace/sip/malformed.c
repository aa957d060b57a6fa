// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/malformed.h"
#include "base/counter.h"

static const struct counter_def defs[SIP_PARTS] = {
	[SIP_PART_START_LINE] = {"start-line", "messages whose first line cannot be read, is of another version or has a URI that cannot be"},
	[SIP_PART_LINE_END] = {"line-end", "messages with a line end that is none to everybody"},
	[SIP_PART_CONTROL] = {"control", "messages with a control character in a header"},
	[SIP_PART_FIELD] = {"field", "messages with a header line that has no name"},
	[SIP_PART_CONFLICT] = {"conflict", "messages with two different values of what there is one of"},
	[SIP_PART_END] = {"end", "messages whose headers do not end"},
	[SIP_PART_SIZE] = {"size", "messages with more header lines than are read"},
	[SIP_PART_VIA] = {"via", "messages whose topmost Via is missing or cannot be read"},
	[SIP_PART_FROM] = {"from", "messages whose From is missing or cannot be read"},
	[SIP_PART_TO] = {"to", "messages whose To is missing or cannot be read"},
	[SIP_PART_CALL_ID] = {"call-id", "messages whose Call-ID is missing or cannot be read"},
	[SIP_PART_CSEQ] = {"cseq", "messages whose CSeq is missing, cannot be read or names another method"},
	[SIP_PART_MAX_FORWARDS] = {"max-forwards", "messages whose Max-Forwards cannot be read"},
	[SIP_PART_CONTENT_LENGTH] = {"content-length", "messages whose Content-Length cannot be read or is more than came"},
	[SIP_PART_CONTACT] = {"contact", "what would begin a dialog, but its Contact is missing, cannot be read or is no SIP URI"},
	[SIP_PART_RECORD_ROUTE] = {"record-route", "what would begin a dialog, but its Record-Route cannot be read"},
	[SIP_PART_REPLACES] = {"replaces", "INVITEs whose Replaces cannot be read, or that have several"},
	[SIP_PART_REFER_TO] = {"refer-to", "REFERs whose Refer-To is missing, cannot be read, or that have several"},
	[SIP_PART_EVENT] = {"event", "SUBSCRIBEs without an Event"},
	[SIP_PART_RACK] = {"rack", "PRACKs whose RAck is missing or cannot be read"},
	[SIP_PART_RSEQ] = {"rseq", "reliable provisional responses whose RSeq is missing or cannot be read: dropped"},
	[SIP_PART_SESSION_EXPIRES] = {"session-expires", "values of Session-Expires that cannot be read: as if there were none"},
	[SIP_PART_MIN_SE] = {"min-se", "values of Min-SE that cannot be read: as if there were none"},
};
static uint64_t counts[SIP_PARTS];
static struct counter_group group = COUNTER_GROUP("malformed", defs, counts);

void sip_malformed(enum sip_part part)
{
	counts[part]++;
}

void sip_malformed_show(void)
{
	counter_register(&group);
}
