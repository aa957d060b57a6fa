/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sip/: overload control by feedback (RFC 7339), loss-based (5.10): a server tells its clients in the Via of its responses how
 * much of what they would send they shall hold back; a client does so until that is taken back or no longer valid. */
#pragma once
#include "base/hash.h"
#include "sip/msg.h"

struct sip_oc {
	bool ask;      /* our own requests ask for it */
	unsigned loss; /* percent that our clients are told to hold back */
	uint64_t seq;  /* UTC milliseconds of when that changed (4.4) */
	struct hash peers; /* servers that told us */
	struct list order; /* the latest last */
	unsigned n;
};

int sip_oc_init(struct sip_oc *oc);
void sip_oc_fini(struct sip_oc *oc);
/* Parameters of our own Via; those of a response to a client with `params` in its Via, when it knows the algorithm. */
void sip_oc_put_request(struct buf *out, const struct sip_oc *oc);
void sip_oc_put_response(struct buf *out, const struct sip_oc *oc, struct slice params);
/* Whether a Via parameter is one of these. */
bool sip_oc_is_param(struct slice name);
/* A response of the server at `peer` came with these parameters in our Via. */
void sip_oc_heard(struct sip_oc *oc, const struct addr *peer, struct slice params);
/* Whether a request that begins something is to be held back from that server. */
bool sip_oc_holds_back(struct sip_oc *oc, const struct addr *peer);
