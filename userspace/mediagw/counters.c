// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/counters.h"

static const struct counter_def defs[MG_COUNTERS] = {
	[MG_COMMANDS] = {"commands", "MGCP commands executed"},
	[MG_REFUSED] = {"refused", "MGCP commands answered with 4xx or 5xx"},
	[MG_CRCX] = {"crcx", "connections created"},
	[MG_MDCX] = {"mdcx", "connections modified"},
	[MG_DLCX] = {"dlcx", "connections deleted"},
	[MG_CONNECTIONS] = {"connections", "connections that exist now"},
	[MG_ENDPOINTS] = {"endpoints", "endpoints that exist now: relays in use, and telephone channels"},
	[MG_PORTS_USED] = {"port-pairs", "pairs of media ports in use now"},
	[MG_PORTS_EXHAUSTED] = {"ports-exhausted", "connections refused because the port range of their address was exhausted"},
	[MG_PORT_IN_USE] = {"port-in-use", "ports passed over because another program has them"},
	[MG_RTCP_IN] = {"rtcp-in", "RTCP packets received"},
	[MG_RTCP_REWRITTEN] = {"rtcp-rewritten", "RTCP packets sent on with our names in them"},
	[MG_RTCP_PASSED] = {"rtcp-passed", "SRTCP packets sent on unchanged"},
	[MG_RTCP_MALFORMED] = {"rtcp-malformed", "RTCP packets dropped: lengths or types do not fit"},
	[MG_RTCP_NO_PEER] = {"rtcp-no-peer", "RTCP packets that had no other connection to go to"},
	[MG_RTCP_UNSENT] = {"rtcp-unsent", "RTCP packets not sent on: the other side has no address yet, or sending failed"},
	[MG_RTCP_EMPTY] = {"rtcp-empty", "RTCP packets of which nothing may pass"},
	[MG_RTCP_OWN] = {"rtcp-own", "RTCP packets of our own, from connections of telephone channels"},
	[MG_LATCHED] = {"latched", "streams whose source was learned after an offer and answer"},
	[MG_SILENCE] = {"silence", "silence time-outs reported"},
	[MG_NOTIFY_LOST] = {"notify-lost", "notifications nobody answered, or that had nobody to go to"},
	[MG_RSIP_SENT] = {"rsip-sent", "RestartInProgress commands sent"},
	[MG_ADOPTED] = {"adopted", "connections taken over from an earlier process"},
	[MG_ADOPT_FAILED] = {"adopt-failed", "stored connections that could not be taken over"},
	[MG_REBOUND] = {"rebound", "streams that moved by themselves: a NAT gave them another address or port"},
	[MG_NEW_SSRC] = {"new-ssrc", "streams that went on with another SSRC"},
	[MG_DIGITS] = {"digits", "telephone-events (RFC 4733) that began"},
	[MG_ENDED] = {"ended", "connections ended by us, with their channel: the call agent was told"},
	[MG_TEST_OTHER] = {"test-other", "packets of relays under a continuity test (netwtest) that are not G.711: unanswered"},
	[MG_STORE_FAILED] = {"store-failed", "connections that could not be queued for the store"},
};

uint64_t mg_count[MG_COUNTERS];
struct counter_group mg_counters = COUNTER_GROUP("mg", defs, mg_count);

const struct alarm_def alarm_ports = {
	"media-ports-exhausted", ALARM_MAJOR,
	"No free pair of media ports is left on this address: new calls are refused. Widen its `ports`, or give it more addresses.", 0, 5000,
};
const struct alarm_def alarm_engine = {
	"media-engine-degraded", ALARM_WARNING,
	"Packets are forwarded by a slower engine than the configuration asks for; `show engines` tells why.", 0, 0,
};
const struct alarm_def alarm_agent = {
	"call-agent-silent", ALARM_MAJOR,
	"The call agent does not answer: no calls can be set up. See that tandem-ca runs and that `agent` in the configuration is right.", 0, 0,
};
const struct alarm_def alarm_lines = {
	"tdm-configuration", ALARM_MAJOR,
	"What system.conf or the sections span, dynamic and channels say cannot be understood: no telephone line is set up. The log has each mistake.", 0, 0,
};
const struct alarm_def alarm_channel = {
	"tdm-channel-unusable", ALARM_MAJOR, "A telephone channel cannot be opened: another program has it, or its driver refuses. It is tried again every ten seconds.", 0, 0,
};
const struct alarm_def alarm_line_test = {
	"line-test-failed", ALARM_MAJOR,
	"A test call that a section line-test repeats did not go as it should: `tandemctl test` shows each check of the last one. It clears when the test passes, or is planned no more.", 0, 0,
};
