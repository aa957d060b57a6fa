// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/msg.h"

static const struct slice methods[SIP_METHOD_OTHER] = {
	[SIP_INVITE] = SLICE("INVITE"),       [SIP_ACK] = SLICE("ACK"),
	[SIP_BYE] = SLICE("BYE"),             [SIP_CANCEL] = SLICE("CANCEL"),
	[SIP_OPTIONS] = SLICE("OPTIONS"),     [SIP_REGISTER] = SLICE("REGISTER"),
	[SIP_PRACK] = SLICE("PRACK"),         [SIP_UPDATE] = SLICE("UPDATE"),
	[SIP_INFO] = SLICE("INFO"),           [SIP_MESSAGE] = SLICE("MESSAGE"),
	[SIP_SUBSCRIBE] = SLICE("SUBSCRIBE"), [SIP_NOTIFY] = SLICE("NOTIFY"),
	[SIP_PUBLISH] = SLICE("PUBLISH"),     [SIP_REFER] = SLICE("REFER"),
};

/* Methods are case-sensitive (RFC 3261 7.1). */
enum sip_method sip_method_parse(struct slice text)
{
	for (enum sip_method m = 0; m < SIP_METHOD_OTHER; m++)
		if (slice_eq(methods[m], text))
			return m;
	return SIP_METHOD_OTHER;
}

const char *sip_method_name(enum sip_method m)
{
	return m < SIP_METHOD_OTHER ? methods[m].p : "OTHER";
}
