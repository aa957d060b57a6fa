/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a request to a URI goes: the client's side of RFC 3263 (section 4), with the ordering of RFC 2782 and the WebSocket services of
 * RFC 7118. The result is every place to try, in order; places that lately failed come last. */
#pragma once
#include "net/dns.h"
#include "sip/transports.h"

/* One place to send a request to. */
struct sip_server {
	enum sip_transport transport;
	struct addr addr;
};

/* The places of one URI, best first; at least one. Reference-counted, never changed. */
struct sip_servers {
	const char *name; /* what a TLS peer's certificate must be for: the host of the URI (RFC 5922 4, 7.2), not what it led to */
	unsigned n;
	struct sip_server server[];
};

#define SIP_SERVERS_MAX 32

/* What can be reached at all: for each transport the families, as bits. */
enum { SIP_REACH_V4 = 1, SIP_REACH_V6 = 2 };
struct sip_reach {
	uint8_t families[SIP_TRANSPORTS];
};

struct sip_locator_params {
	struct dns *dns; /* NULL: names lead nowhere */
	bool v4_first;	 /* of names with addresses of both families; else IPv6 (RFC 6724, RFC 7984) */
	uint32_t dead_ms; /* how long a place that failed comes last */
	uint32_t (*random)(void *arg); /* 32 bits, for RFC 2782's weights; NULL: the system's */
	void *arg;
};

struct sip_locator; /* reference-counted: who looks for something holds one */
int sip_locator_new(struct sip_locator **ret, const struct sip_locator_params *params);
void sip_locator_reconfigure(struct sip_locator *l, const struct sip_locator_params *params);
struct dns *sip_locator_dns(const struct sip_locator *l);
/* A place has failed: it comes last for `retry_ms`, 0: as long as the locator's parameters say. `why` is a literal. Or it has answered. */
void sip_locator_failed(struct sip_locator *l, const struct sip_server *server, uint32_t retry_ms, const char *why);
void sip_locator_answered(struct sip_locator *l, const struct sip_server *server);
/* Places that come last, and why. */
json_t *sip_locator_dead_json(const struct sip_locator *l);

/* Whether the URI's host is a name that can lead somewhere: no address, nothing below ".invalid" (RFC 6761 6.4; RFC 7118 5.3 makes clients write it). */
bool sip_locate_is_name(const struct sip_uri *uri);

/* What is looked for: mem_deref() before the end means that it is not wanted any more. */
struct sip_location;

struct sip_locate_params {
	struct slice uri; /* SIP or SIPS */
	struct sip_reach reach;
	bool stable; /* always the same order for the same records: for a stateless proxy (4.4), and dead places stay where they are */
};

/* `servers` is borrowed; NULL with err < 0. Called once, never from inside sip_locate(). */
typedef void (*sip_locate_fn)(void *arg, int err, struct sip_servers *servers);

/* 0: known at once, *servers is a new reference, `fn` is not called. -EINPROGRESS: *pending is set and `fn` will be called. Else the error:
 * -EINVAL: no SIP URI, or one that cannot be served (sips over UDP); -EPROTONOSUPPORT, -EAFNOSUPPORT: it can be reached only by
 * a transport or family that we do not have; -ENOENT: it has no address; -ETIMEDOUT, -EREMOTEIO, -EBADMSG: DNS fails (dns.h); -ENOMEM. */
int sip_locate(struct sip_servers **servers, struct sip_location **pending, struct sip_locator *l, const struct sip_locate_params *p,
	       sip_locate_fn fn, void *arg);
/* The decision step by step, as far as is known: an array of {"step", "result"}. *known says whether that is all; else what is missing has
 * been asked for, and a later call tells more. */
json_t *sip_locate_explain(struct sip_locator *l, const struct sip_locate_params *p, bool *known);
