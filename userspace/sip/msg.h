/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SIP message (RFC 3261 7), parsed once into slices of its buffer, which it owns. Known headers are indexed by enum;
 * every header keeps its raw value, multi-line values unfolded in place (RFC 3261 7.3.1), compact names resolved. */
#pragma once
#include "net/addr.h"
#include "sip/uri.h"

struct sip_listener;

enum sip_method {
	SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_OPTIONS, SIP_REGISTER, SIP_PRACK, SIP_UPDATE, SIP_INFO, SIP_MESSAGE,
	SIP_SUBSCRIBE, SIP_NOTIFY, SIP_PUBLISH, SIP_REFER, SIP_METHOD_OTHER,
};

/* One row each in msg_hdr.c: name, compact form, whether a comma separates several values. */
enum sip_hdr_id {
	SIP_HDR_OTHER, SIP_HDR_ACCEPT, SIP_HDR_ALERT_INFO, SIP_HDR_ALLOW, SIP_HDR_AUTHORIZATION, SIP_HDR_CALL_ID, SIP_HDR_CALL_INFO,
	SIP_HDR_CONTACT, SIP_HDR_CONTENT_DISPOSITION, SIP_HDR_CONTENT_ENCODING, SIP_HDR_CONTENT_LANGUAGE,
	SIP_HDR_CONTENT_LENGTH, SIP_HDR_CONTENT_TYPE, SIP_HDR_CSEQ, SIP_HDR_DATE, SIP_HDR_DIVERSION, SIP_HDR_EVENT, SIP_HDR_EXPIRES,
	SIP_HDR_FROM, SIP_HDR_GEOLOCATION, SIP_HDR_GEOLOCATION_ERROR, SIP_HDR_GEOLOCATION_ROUTING, SIP_HDR_HISTORY_INFO,
	SIP_HDR_IDENTITY, SIP_HDR_MAX_BREADTH, SIP_HDR_MAX_FORWARDS, SIP_HDR_MIME_VERSION, SIP_HDR_MIN_EXPIRES, SIP_HDR_MIN_SE,
	SIP_HDR_P_ASSERTED_IDENTITY, SIP_HDR_P_ASSOCIATED_URI, SIP_HDR_P_PREFERRED_IDENTITY, SIP_HDR_PATH, SIP_HDR_PRIORITY, SIP_HDR_PRIVACY,
	SIP_HDR_PROXY_AUTHENTICATE, SIP_HDR_PROXY_AUTHORIZATION, SIP_HDR_PROXY_REQUIRE, SIP_HDR_RACK, SIP_HDR_REASON,
	SIP_HDR_RECORD_ROUTE, SIP_HDR_REFER_TO, SIP_HDR_REFERRED_BY, SIP_HDR_REPLACES, SIP_HDR_REQUIRE,
	SIP_HDR_RESOURCE_PRIORITY, SIP_HDR_RETRY_AFTER, SIP_HDR_ROUTE, SIP_HDR_RSEQ, SIP_HDR_SERVER, SIP_HDR_SERVICE_ROUTE, SIP_HDR_SESSION_EXPIRES,
	SIP_HDR_SUBJECT, SIP_HDR_SUPPORTED, SIP_HDR_TO, SIP_HDR_UNSUPPORTED, SIP_HDR_USER_AGENT, SIP_HDR_USER_TO_USER,
	SIP_HDR_VIA, SIP_HDR_WARNING, SIP_HDR_WWW_AUTHENTICATE,
	SIP_HDR_MAX,
};

struct sip_hdr {
	enum sip_hdr_id id;
	struct slice name;  /* as received */
	struct slice value; /* trimmed; one field line, which may hold several comma-separated values */
	int16_t next;       /* index of the next line of the same id, -1 at the end */
};

struct sip_via {
	struct slice transport, host, branch, received, maddr, params;
	uint16_t port; /* sent-by port, 0: none */
	bool rport;    /* present (with or without a value) */
	uint16_t rport_value;
};

/* From, To, Contact, Route, P-Asserted-Identity, Diversion...: [display] <uri>;params  */
struct sip_nameaddr {
	struct slice display; /* as received, quotes included */
	struct sip_uri uri;
	struct slice params;  /* header parameters, after ';' */
	struct slice tag;     /* ;tag= when there */
	struct slice text;    /* the whole value */
	bool star;            /* Contact: * */
};

struct sip_cseq {
	uint32_t number;
	enum sip_method method;
	struct slice method_text;
};

struct sip_msg {
	/* first line */
	bool request;
	enum sip_method method; /* of the request, or of CSeq for a response */
	struct slice method_text, ruri_text, reason;
	struct sip_uri ruri;
	unsigned status;
	/* headers */
	struct sip_hdr *hdrs;
	unsigned n_hdrs;
	int16_t first[SIP_HDR_MAX]; /* index of the first line of each id, -1: absent */
	/* parsed from them */
	struct sip_via via; /* the topmost */
	struct sip_nameaddr from, to;
	struct sip_cseq cseq;
	struct slice call_id;
	uint32_t max_forwards; /* UINT32_MAX: header absent */
	struct slice body;     /* Content-Length applied */
	/* where it came from and to: set by the transport */
	struct addr src, dst;
	const struct sip_listener *listener; /* NULL: not from a wire */
	bool stranger; /* from nobody we know */
	/* storage */
	char *data;
	size_t len;
};

enum {
	SIP_BADMSG_IGNORE = 1, /* *bad_status: not even an answer can be built: drop silently */
};

/* Parses one datagram; copies it. Reference-counted: mem_deref(). On a malformed request returns -EBADMSG; then, when it
 * can be answered (it has a topmost Via with a host and is no ACK), *ret is set all the same and *status and *why hold
 * the response to give (400 mostly, 414, 505, 513): From, To, Call-ID and CSeq are then copied from the raw header lines, any of which may be
 * absent. Otherwise *ret is NULL and *status SIP_BADMSG_IGNORE, as for every malformed response. -ENOMEM. */
int sip_msg_parse(struct sip_msg **ret, const char *data, size_t len, unsigned *status, const char **why);

/* First line of a header, NULL when absent; and the next one of the same id. */
const struct sip_hdr *sip_msg_hdr(const struct sip_msg *m, enum sip_hdr_id id);
const struct sip_hdr *sip_msg_next(const struct sip_msg *m, const struct sip_hdr *h);
/* Value of the first line, or absent. */
struct slice sip_msg_value(const struct sip_msg *m, enum sip_hdr_id id);
/* First header with that name when its id is SIP_HDR_OTHER. */
const struct sip_hdr *sip_msg_named(const struct sip_msg *m, struct slice name);
/* Walks the comma-separated values of all lines of `id`, quotes and <> respected: false at the end. Start with a zeroed iter. */
struct sip_values {
	const struct sip_hdr *h;
	struct slice rest;
	bool started;
};
bool sip_msg_each(const struct sip_msg *m, enum sip_hdr_id id, struct sip_values *it, struct slice *value);
/* Cuts the first value off a comma-separated list, quotes and <> respected; *rest is absent when that was the last. */
struct slice sip_values_cut(struct slice *rest);
/* Whether a token (option tag, method, event) is in a comma list header, case-insensitively. */
bool sip_msg_has_token(const struct sip_msg *m, enum sip_hdr_id id, struct slice token);

/* Whether there is a control character but HTAB anywhere: behind the "\" of a quoted string it may come in (RFC 3261 25.1), but what
 * has one is not passed on. */
bool sip_has_control(struct slice s);
int sip_via_parse(struct sip_via *ret, struct slice value);
int sip_nameaddr_parse(struct sip_nameaddr *ret, struct slice value);
int sip_cseq_parse(struct sip_cseq *ret, struct slice value);
/* `;name=value` in a parameter string; quoted values come without quotes. Absent: p == NULL. */
struct slice sip_param(struct slice params, struct slice name);
enum sip_method sip_method_parse(struct slice text);
const char *sip_method_name(enum sip_method m);
enum sip_hdr_id sip_hdr_lookup(struct slice name);
const char *sip_hdr_name(enum sip_hdr_id id);
/* The standard reason phrase of a status code. */
const char *sip_reason(unsigned status);
/* RFC 3398-style Q.850 cause of a final status, and the other way round; one table. */
unsigned sip_cause_of_status(unsigned status);
unsigned sip_status_of_cause(unsigned cause);

/* Writing: append "Name: value\r\n". */
void sip_write_hdr(struct buf *out, enum sip_hdr_id id, struct slice value);
void sip_write_hdrf(struct buf *out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Text as a quoted string; control characters in it become spaces. */
void sip_write_quoted(struct buf *out, struct slice text);
/* A display name as parsed, quoted when it must be and was not, control characters made spaces, and a space after it; nothing for an
 * empty one. */
void sip_write_display(struct buf *out, struct slice display);
/* The name that it is, without quotes and what escapes in them (RFC 3261 25.1); empty when there is no room for it. */
void sip_display_text(struct slice display, char *out, size_t size);
/* Content-Type (when body is not empty), Content-Length, blank line, body. */
void sip_write_body(struct buf *out, struct slice type, struct slice body);
