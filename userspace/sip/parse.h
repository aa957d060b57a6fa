/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sip/: characters by class and cutting text where SIP's grammar allows it (RFC 3261 25.1). */
#pragma once
#include "base/slice.h"

enum {
	SIP_C_TOKEN = 1,      /* token */
	SIP_C_SCHEME = 2,     /* scheme: alphanum + - . */
	SIP_C_HOST = 4,       /* host name or IPv4 address; "_" is tolerated */
	SIP_C_V6 = 8,         /* between the brackets of an IPv6 reference */
	SIP_C_USER = 16,      /* user part, "%" aside */
	SIP_C_PASSWORD = 32,  /* password, "%" aside */
	SIP_C_PARAM = 64,     /* URI parameters with ";" and "=", "%" aside */
	SIP_C_HEADERS = 128,  /* URI headers with "&" and "=", "%" aside */
	SIP_C_VALUE = 256,    /* parameter value without quotes: hosts, times and extensions too */
	SIP_C_CUT = 512,      /* what sip_cut() must look at: " < > ; , */
};
extern const uint16_t sip_class[256];

static inline bool sip_is(char c, uint16_t mask)
{
	return sip_class[(unsigned char)c] & mask;
}

/* Not empty and every character in the class. */
bool sip_all(struct slice s, uint16_t mask);
/* Every character in the class or a well-formed %HH. */
bool sip_all_escaped(struct slice s, uint16_t mask);
/* The value of one hexadecimal digit, -1 for others. */
int sip_hex(char c);

static inline bool sip_is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Length of the quoted string that `s` starts with, both quotes included; 0 when it has no end. */
size_t sip_quoted_len(struct slice s);
/* Like slice_cut(), but a separator ("," or ";") inside a quoted string or <> does not count. The part is trimmed. */
struct slice sip_cut(struct slice *s, char sep);
/* One parameter of `;`-separated ones: false at the end of *rest. Empty ones are skipped and counted in *empty unless NULL.
 * `value` is absent without "=", and comes without quotes. */
struct sip_param_item {
	struct slice name, value;
	bool quoted;
};
bool sip_param_next(struct slice *rest, struct sip_param_item *ret, unsigned *empty);
/* Whether the name is a token and the value nothing that the next one who parses it could read differently. */
bool sip_param_valid(const struct sip_param_item *it);
