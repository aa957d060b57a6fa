/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transports of SIP (RFC 3261 18, RFC 7118) and what differs between them, as one table. */
#pragma once
#include "sip/uri.h"

enum sip_transport { SIP_UDP, SIP_TCP, SIP_TLS, SIP_WS, SIP_WSS, SIP_TRANSPORTS };

struct sip_transport_info {
	const char *name;  /* in configuration, trace and counters: "tls" */
	const char *via;   /* in Via: "TLS" */
	const char *param; /* ";transport=tls" as Contact and Record-Route carry it; empty: none, the default of sip: URIs */
	uint16_t port;     /* unless a URI or the configuration says another */
	bool reliable;     /* RFC 3261 17: nothing is sent twice */
	bool secure;
};
extern const struct sip_transport_info sip_transports[SIP_TRANSPORTS];

/* Messages received and sent over each, as counters "sip-transport". */
extern uint64_t sip_transport_rx[SIP_TRANSPORTS], sip_transport_tx[SIP_TRANSPORTS];
void sip_transport_counters(void);

/* RFC 7118: messages come whole, and only the client makes connections. */
static inline bool sip_transport_is_ws(enum sip_transport t)
{
	return t == SIP_WS || t == SIP_WSS;
}
/* Whether what asks for `wanted` is served over `has`: "ws" in a URI is said of both (RFC 7118 5.1). */
static inline bool sip_transport_fits(enum sip_transport wanted, enum sip_transport has)
{
	return wanted == has || (wanted == SIP_WS && has == SIP_WSS);
}

/* By name, without case ("TLS", "tls"): 0 or -EINVAL. */
int sip_transport_parse(enum sip_transport *ret, struct slice name);
/* The transport that a URI asks for by its transport parameter and scheme (RFC 3261 19.1.1, 26.2.2: sips means TLS; RFC 7118 5.1: sips with "ws" means
 * WSS). `asked` (may be NULL) is false when it says nothing, which means UDP. -EINVAL for a transport nobody here knows. */
int sip_uri_transport(const struct sip_uri *u, enum sip_transport *ret, bool *asked);
