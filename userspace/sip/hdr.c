// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of header fields (RFC 3261 20 and its extensions). A new header is a row here and an id in msg.h. */
#include "sip/hdr.h"
#include "sip/parse.h"

#define ROW(text, how) {SLICE(text), how}
enum { ONE = SIP_HDR_SINGLE, LIST = SIP_HDR_LIST };

const struct sip_hdr_row sip_hdr_table[SIP_HDR_MAX] = {
	[SIP_HDR_OTHER] = ROW("", 0),
	[SIP_HDR_ACCEPT] = ROW("Accept", LIST),
	[SIP_HDR_ALERT_INFO] = ROW("Alert-Info", LIST),
	[SIP_HDR_ALLOW] = ROW("Allow", LIST),
	[SIP_HDR_AUTHORIZATION] = ROW("Authorization", 0),
	[SIP_HDR_CALL_ID] = ROW("Call-ID", ONE),
	[SIP_HDR_CALL_INFO] = ROW("Call-Info", LIST),
	[SIP_HDR_CONTACT] = ROW("Contact", LIST),
	[SIP_HDR_CONTENT_DISPOSITION] = ROW("Content-Disposition", ONE),
	[SIP_HDR_CONTENT_ENCODING] = ROW("Content-Encoding", LIST),
	[SIP_HDR_CONTENT_LANGUAGE] = ROW("Content-Language", LIST),
	[SIP_HDR_CONTENT_LENGTH] = ROW("Content-Length", ONE),
	[SIP_HDR_CONTENT_TYPE] = ROW("Content-Type", ONE),
	[SIP_HDR_CSEQ] = ROW("CSeq", ONE),
	[SIP_HDR_DATE] = ROW("Date", ONE),
	[SIP_HDR_DIVERSION] = ROW("Diversion", LIST),
	[SIP_HDR_EVENT] = ROW("Event", ONE),
	[SIP_HDR_EXPIRES] = ROW("Expires", ONE),
	[SIP_HDR_FROM] = ROW("From", ONE),
	[SIP_HDR_GEOLOCATION] = ROW("Geolocation", LIST),
	[SIP_HDR_GEOLOCATION_ERROR] = ROW("Geolocation-Error", LIST),
	[SIP_HDR_GEOLOCATION_ROUTING] = ROW("Geolocation-Routing", ONE),
	[SIP_HDR_HISTORY_INFO] = ROW("History-Info", LIST),
	[SIP_HDR_IDENTITY] = ROW("Identity", LIST),
	[SIP_HDR_MAX_BREADTH] = ROW("Max-Breadth", ONE),
	[SIP_HDR_MAX_FORWARDS] = ROW("Max-Forwards", ONE),
	[SIP_HDR_MIME_VERSION] = ROW("MIME-Version", ONE),
	[SIP_HDR_MIN_EXPIRES] = ROW("Min-Expires", ONE),
	[SIP_HDR_MIN_SE] = ROW("Min-SE", ONE),
	[SIP_HDR_P_ASSERTED_IDENTITY] = ROW("P-Asserted-Identity", LIST),
	[SIP_HDR_P_ASSOCIATED_URI] = ROW("P-Associated-URI", LIST),
	[SIP_HDR_P_PREFERRED_IDENTITY] = ROW("P-Preferred-Identity", LIST),
	[SIP_HDR_PATH] = ROW("Path", LIST),
	[SIP_HDR_PRIORITY] = ROW("Priority", ONE),
	[SIP_HDR_PRIVACY] = ROW("Privacy", ONE),
	[SIP_HDR_PROXY_AUTHENTICATE] = ROW("Proxy-Authenticate", 0),
	[SIP_HDR_PROXY_AUTHORIZATION] = ROW("Proxy-Authorization", 0),
	[SIP_HDR_PROXY_REQUIRE] = ROW("Proxy-Require", LIST),
	[SIP_HDR_RACK] = ROW("RAck", ONE),
	[SIP_HDR_REASON] = ROW("Reason", LIST),
	[SIP_HDR_RECORD_ROUTE] = ROW("Record-Route", LIST),
	[SIP_HDR_REFER_TO] = ROW("Refer-To", ONE),
	[SIP_HDR_REFERRED_BY] = ROW("Referred-By", ONE),
	[SIP_HDR_REPLACES] = ROW("Replaces", ONE),
	[SIP_HDR_REQUIRE] = ROW("Require", LIST),
	[SIP_HDR_RESOURCE_PRIORITY] = ROW("Resource-Priority", LIST),
	[SIP_HDR_RETRY_AFTER] = ROW("Retry-After", ONE),
	[SIP_HDR_ROUTE] = ROW("Route", LIST),
	[SIP_HDR_RSEQ] = ROW("RSeq", ONE),
	[SIP_HDR_SERVER] = ROW("Server", 0),
	[SIP_HDR_SERVICE_ROUTE] = ROW("Service-Route", LIST),
	[SIP_HDR_SESSION_EXPIRES] = ROW("Session-Expires", ONE),
	[SIP_HDR_SUBJECT] = ROW("Subject", ONE),
	[SIP_HDR_SUPPORTED] = ROW("Supported", LIST),
	[SIP_HDR_TO] = ROW("To", ONE),
	[SIP_HDR_UNSUPPORTED] = ROW("Unsupported", LIST),
	[SIP_HDR_USER_AGENT] = ROW("User-Agent", 0),
	[SIP_HDR_USER_TO_USER] = ROW("User-to-User", LIST),
	[SIP_HDR_VIA] = ROW("Via", LIST),
	[SIP_HDR_WARNING] = ROW("Warning", LIST),
	[SIP_HDR_WWW_AUTHENTICATE] = ROW("WWW-Authenticate", 0),
};

/* The ids are in alphabetical order: the names with one initial are the ids from its entry to the next letter's. */
static const uint8_t first_of['z' - 'a' + 2] = {
	['a' - 'a'] = SIP_HDR_ACCEPT,
	['b' - 'a' ... 'c' - 'a'] = SIP_HDR_CALL_ID,
	['d' - 'a'] = SIP_HDR_DATE,
	['e' - 'a'] = SIP_HDR_EVENT,
	['f' - 'a'] = SIP_HDR_FROM,
	['g' - 'a'] = SIP_HDR_GEOLOCATION,
	['h' - 'a'] = SIP_HDR_HISTORY_INFO,
	['i' - 'a'] = SIP_HDR_IDENTITY,
	['j' - 'a' ... 'm' - 'a'] = SIP_HDR_MAX_BREADTH,
	['n' - 'a' ... 'p' - 'a'] = SIP_HDR_P_ASSERTED_IDENTITY,
	['q' - 'a' ... 'r' - 'a'] = SIP_HDR_RACK,
	['s' - 'a'] = SIP_HDR_SERVER,
	['t' - 'a'] = SIP_HDR_TO,
	['u' - 'a'] = SIP_HDR_UNSUPPORTED,
	['v' - 'a'] = SIP_HDR_VIA,
	['w' - 'a'] = SIP_HDR_WARNING,
	['x' - 'a' ... 'z' - 'a' + 1] = SIP_HDR_MAX,
};

static const uint8_t compact[26] = {
	['b' - 'a'] = SIP_HDR_REFERRED_BY,      ['c' - 'a'] = SIP_HDR_CONTENT_TYPE,
	['e' - 'a'] = SIP_HDR_CONTENT_ENCODING, ['f' - 'a'] = SIP_HDR_FROM,
	['i' - 'a'] = SIP_HDR_CALL_ID,          ['k' - 'a'] = SIP_HDR_SUPPORTED,
	['l' - 'a'] = SIP_HDR_CONTENT_LENGTH,   ['m' - 'a'] = SIP_HDR_CONTACT,
	['o' - 'a'] = SIP_HDR_EVENT,            ['r' - 'a'] = SIP_HDR_REFER_TO,
	['s' - 'a'] = SIP_HDR_SUBJECT,          ['t' - 'a'] = SIP_HDR_TO,
	['v' - 'a'] = SIP_HDR_VIA,              ['x' - 'a'] = SIP_HDR_SESSION_EXPIRES,
	['y' - 'a'] = SIP_HDR_IDENTITY,
};

enum sip_hdr_id sip_hdr_lookup(struct slice name)
{
	unsigned letter = name.len ? ((unsigned char)name.p[0] | 0x20u) - 'a' : 26;
	if (letter > 25)
		return SIP_HDR_OTHER;
	if (name.len == 1)
		return compact[letter];
	for (unsigned id = first_of[letter]; id < first_of[letter + 1]; id++) {
		struct slice known = sip_hdr_table[id].name;
		/* Nearly everybody writes names as the standard does. */
		if (known.len == name.len && (!memcmp(known.p, name.p, name.len) || slice_caseeq(known, name)))
			return id;
	}
	return SIP_HDR_OTHER;
}

const char *sip_hdr_name(enum sip_hdr_id id)
{
	return id < SIP_HDR_MAX ? sip_hdr_table[id].name.p : "";
}
