/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters and alarms of tandem-mg. */
#pragma once
#include "base/alarm.h"
#include "base/counter.h"

enum mg_counter {
	MG_COMMANDS, MG_REFUSED, MG_CRCX, MG_MDCX, MG_DLCX, MG_CONNECTIONS, MG_ENDPOINTS, MG_PORTS_USED, MG_PORTS_EXHAUSTED, MG_PORT_IN_USE,
	MG_RTCP_IN, MG_RTCP_REWRITTEN, MG_RTCP_PASSED, MG_RTCP_MALFORMED, MG_RTCP_NO_PEER, MG_RTCP_UNSENT, MG_RTCP_EMPTY, MG_RTCP_OWN,
	MG_LATCHED, MG_SILENCE, MG_NOTIFY_LOST, MG_RSIP_SENT, MG_ADOPTED, MG_ADOPT_FAILED, MG_TEST_OTHER, MG_STORE_FAILED,
	MG_REBOUND, MG_NEW_SSRC, MG_DIGITS, MG_ENDED,
	MG_COUNTERS
};

extern uint64_t mg_count[MG_COUNTERS];
extern struct counter_group mg_counters;
extern const struct alarm_def alarm_line_test; /* by section line-test */
extern const struct alarm_def alarm_ports, alarm_engine, alarm_agent, alarm_lines, alarm_channel;
