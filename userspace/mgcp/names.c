// SPDX-License-Identifier: GPL-3.0-or-later
/* Verbs and parameter names (RFC 3435 3.2.1.1, 3.2.2): the grammar is case-insensitive. */
#include "mgcp/internal.h"

static const struct slice verbs[] = {
	[MGCP_EPCF] = SLICE("EPCF"), [MGCP_CRCX] = SLICE("CRCX"), [MGCP_MDCX] = SLICE("MDCX"), [MGCP_DLCX] = SLICE("DLCX"),
	[MGCP_RQNT] = SLICE("RQNT"), [MGCP_NTFY] = SLICE("NTFY"), [MGCP_AUEP] = SLICE("AUEP"), [MGCP_AUCX] = SLICE("AUCX"),
	[MGCP_RSIP] = SLICE("RSIP"), [MGCP_MESG] = SLICE("MESG"),
};

/* The X- names of ours are longer than the six characters of RFC 3435 appendix A; they go only to gateways whose profile knows them. */
static const struct slice params[MGCP_P_MAX] = {
	[MGCP_P_BEARER_INFO] = SLICE("B"),
	[MGCP_P_CALL_ID] = SLICE("C"),
	[MGCP_P_CAPABILITIES] = SLICE("A"),
	[MGCP_P_CONNECTION_ID] = SLICE("I"),
	[MGCP_P_CONNECTION_MODE] = SLICE("M"),
	[MGCP_P_CONNECTION_PARAMS] = SLICE("P"),
	[MGCP_P_DETECT_EVENTS] = SLICE("T"),
	[MGCP_P_DIGIT_MAP] = SLICE("D"),
	[MGCP_P_EVENT_STATES] = SLICE("ES"),
	[MGCP_P_LOCAL_OPTIONS] = SLICE("L"),
	[MGCP_P_MAX_ENDPOINTS] = SLICE("ZM"),
	[MGCP_P_MAX_MGCP_DATAGRAM] = SLICE("MD"),
	[MGCP_P_NOTIFIED_ENTITY] = SLICE("N"),
	[MGCP_P_NUM_ENDPOINTS] = SLICE("ZN"),
	[MGCP_P_OBSERVED_EVENTS] = SLICE("O"),
	[MGCP_P_PACKAGE_LIST] = SLICE("PL"),
	[MGCP_P_QUARANTINE] = SLICE("Q"),
	[MGCP_P_REASON_CODE] = SLICE("E"),
	[MGCP_P_REQUEST_ID] = SLICE("X"),
	[MGCP_P_REQUESTED_EVENTS] = SLICE("R"),
	[MGCP_P_REQUESTED_INFO] = SLICE("F"),
	[MGCP_P_RESPONSE_ACK] = SLICE("K"),
	[MGCP_P_RESTART_DELAY] = SLICE("RD"),
	[MGCP_P_RESTART_METHOD] = SLICE("RM"),
	[MGCP_P_SECOND_CONNECTION] = SLICE("I2"),
	[MGCP_P_SECOND_ENDPOINT] = SLICE("Z2"),
	[MGCP_P_SIGNAL_REQUESTS] = SLICE("S"),
	[MGCP_P_SPECIFIC_ENDPOINT] = SLICE("Z"),
	[MGCP_P_X_SIGNALLING] = SLICE("X-Signalling"),
	[MGCP_P_X_LATCH] = SLICE("X-Latch"),
	[MGCP_P_X_ARM] = SLICE("X-Arm"),
	[MGCP_P_X_ADDRESS] = SLICE("X-Address"),
	[MGCP_P_X_SILENCE] = SLICE("X-Silence"),
	[MGCP_P_X_WITH] = SLICE("X-With"),
	[MGCP_P_X_QUALITY] = SLICE("X-Quality"),
};

/* Most rows differ in length or in the first letter already. */
static bool is(struct slice row, struct slice text)
{
	return row.len == text.len && text.len && !((row.p[0] ^ text.p[0]) & ~('a' - 'A')) && slice_caseeq(row, text);
}

enum mgcp_verb mgcp_verb_parse(struct slice text)
{
	for (unsigned v = 0; v < sizeof verbs / sizeof *verbs; v++)
		if (is(verbs[v], text))
			return v;
	return MGCP_VERB_OTHER;
}

const char *mgcp_verb_name(enum mgcp_verb v)
{
	return v < sizeof verbs / sizeof *verbs ? verbs[v].p : "OTHER";
}

const char *mgcp_param_name(enum mgcp_param_id id)
{
	return id < MGCP_P_MAX && slice_is_set(params[id]) ? params[id].p : "";
}

/* Most names have one letter: MGCP_P_OTHER stands for those that none has. */
static enum mgcp_param_id named_by(char letter)
{
	static uint8_t ids[32];
	static bool known;
	for (unsigned i = 0; i < MGCP_P_MAX && !known; i++)
		if (params[i].len == 1)
			ids[params[i].p[0] & 31] = (uint8_t)i;
	known = true;
	return (letter | 0x20) >= 'a' && (letter | 0x20) <= 'z' ? ids[letter & 31] : MGCP_P_OTHER;
}

enum mgcp_param_id mgcp_param_parse(struct slice name)
{
	if (name.len == 1)
		return named_by(name.p[0]);
	for (unsigned i = 0; i < MGCP_P_MAX; i++)
		if (is(params[i], name))
			return i;
	return MGCP_P_OTHER;
}
