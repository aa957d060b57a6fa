/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The call agent's view of a media gateway: connections created, modified and deleted by MGCP, whatever gateway it is. Deviations of
 * a gateway from RFC 3435 are a row of `struct mgcp_profile`, never a branch in the callers. */
#pragma once
#include "mgcp/mgcp.h"

/* What a kind of gateway does differently. */
struct mgcp_profile {
	const char *name;          /* "tandem", "osmo-mgw", "rfc3435" */
	const char *relay_any;     /* endpoint to ask for a free packet-relay endpoint: rtpbridge with the ANY wildcard, or as this gateway spells it; NULL: it has lines alone */
	bool audits;               /* answers AUEP/AUCX with lists */
	bool extensions;           /* knows our X- parameters */
	bool needs_domain;         /* endpoint must carry the gateway's own domain name */
	const char *relay_all;     /* all packet-relay endpoints, for audits and deletions */
	const char *lines_all[2];  /* likewise the endpoints of lines, when none of them can be another agent's */
	const char *probe;         /* endpoint to audit just to see whether somebody answers; any answer will do */
	const char *inactive;      /* mode to ask for where RFC 3435 says "inactive"; NULL: just that */
	unsigned gone;             /* code by which it, too, says that there is no such connection; 0 */
	bool wild_delete;          /* DLCX of relay_all deletes everything */
	unsigned habits;           /* enum mgcp_habit: what its message layer takes */
};
const struct mgcp_profile *mgcp_profile_find(const char *name);

enum mgcp_gw_state { MGCP_GW_UNKNOWN, MGCP_GW_UP, MGCP_GW_DOWN };

struct mgcp_gw;   /* one gateway: reference-counted */
struct mgcp_conn; /* one connection on it: reference-counted; mem_deref() of a live one deletes it (DLCX) without a callback */

struct mgcp_gw_params {
	const char *name;
	struct addr addr;   /* unset: where its RSIP comes from, or mgcp_gw_move() says */
	const char *domain; /* after '@' */
	const char *entity; /* whom its endpoints notify (N:), one or a list; NULL or empty: whoever asks them */
	const struct mgcp_profile *profile;
	/* The gateway went up or down, or restarted (RSIP restart: every connection on it is gone: their `lost` is called). */
	void (*on_state)(void *arg, struct mgcp_gw *gw, enum mgcp_gw_state state, const char *why);
	/* Whether its RSIP may come from there, and make that its address; NULL: it has a fixed one. */
	bool (*may_be_at)(void *arg, const struct mgcp_gw *gw, const struct addr *src);
	void (*on_moved)(void *arg, struct mgcp_gw *gw); /* it has another address; NULL */
	void *arg;
};
int mgcp_gw_new(struct mgcp_gw **ret, struct mgcp_peer *peer, const struct mgcp_gw_params *params);
enum mgcp_gw_state mgcp_gw_state(const struct mgcp_gw *gw);
const char *mgcp_gw_name(const struct mgcp_gw *gw);
/* It is there from now on; one that is down is asked for at once. */
void mgcp_gw_move(struct mgcp_gw *gw, const struct addr *addr);
/* Unset while it is not known. */
const struct addr *mgcp_gw_addr(const struct mgcp_gw *gw);
/* Whether it has packet relays, which any call can use. */
bool mgcp_gw_relays(const struct mgcp_gw *gw);
/* Asks what the gateway has (AUEP, AUCX) and deletes there the connections we do not know: after our own start, or RSIP disconnected. */
void mgcp_gw_resync(struct mgcp_gw *gw);
/* Gives a command of the peer (RSIP, NTFY, DLCX) to the gateway object it comes from: true when it was one of ours and has been answered. */
bool mgcp_gw_command(struct mgcp_gw *gw, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src);

/* What was lost: the media, for the time allowed; the connection; the connection, because the line under it failed (reason 902 of 2.5). */
enum mgcp_loss { MGCP_LOSS_SILENCE, MGCP_LOSS_CONNECTION, MGCP_LOSS_LINE };

struct mgcp_conn_handlers {
	/* CRCX or MDCX done: err 0 and the gateway's session description; or -ETIMEDOUT, -EBUSY (4xx transient: no port, no endpoint), -EINVAL
	 * (refused for good); `code` is the MGCP code. */
	void (*done)(void *arg, struct mgcp_conn *c, int err, unsigned code, struct slice sdp);
	/* The gateway says the media is gone (silence time-out) or the connection is lost (restart, forced delete): why is one line. */
	void (*lost)(void *arg, struct mgcp_conn *c, enum mgcp_loss what, const char *why);
	/* After mgcp_conn_delete(): the statistics (P: and X-Quality lines), absent when it timed out. */
	void (*deleted)(void *arg, struct mgcp_conn *c, struct slice params, struct slice quality);
};

struct mgcp_conn_setup {
	const char *call_id;     /* hex, RFC 3435 C: */
	const char *endpoint;    /* a line: "ds/e1-1/7", with or without "@domain", which may be the ANY wildcard ("aaln/$"); NULL: a packet relay */
	struct mgcp_conn *with;  /* put it on the same endpoint as this one (a relayed call); NULL: `endpoint`, or a new relay */
	const char *mode;        /* "sendrecv", "recvonly", "inactive", ... */
	const char *options;     /* LocalConnectionOptions, "p:20, a:PCMU;PCMA"; NULL */
	struct slice sdp;        /* remote description; empty: none yet */
	/* extensions, used when the profile knows them */
	const char *address;     /* name of the local address */
	struct addr signalling;  /* latching source; unset: strict */
	bool strict;             /* no latching: signalling only tells the family of the local port */
	uint32_t arm;
	uint32_t silence_s;
	uint8_t dscp;            /* t: 0: gateway's default */
};
/* CRCX. -EHOSTUNREACH at once while the gateway is down, -EBUSY while it announces to go out of service. When `with` is itself still being created, it is sent once that endpoint's name is known. */
int mgcp_conn_create(struct mgcp_conn **ret, struct mgcp_gw *gw, const struct mgcp_conn_setup *setup, const struct mgcp_conn_handlers *h, void *arg);
/* Takes over a connection that exists (kept across our own restart): no command is sent; a resync tells whether the gateway still has it. */
int mgcp_conn_adopt(struct mgcp_conn **ret, struct mgcp_gw *gw, const char *call_id, const char *endpoint, const char *id,
		    const struct mgcp_conn_handlers *h, void *arg);
/* MDCX: only fields set are sent (mode, sdp, signalling, arm). One at a time: a second waits for the first. */
int mgcp_conn_modify(struct mgcp_conn *c, const struct mgcp_conn_setup *change);
/* DLCX; `deleted` follows unless the connection is detached. */
void mgcp_conn_delete(struct mgcp_conn *c);
void mgcp_conn_detach(struct mgcp_conn *c);
const char *mgcp_conn_endpoint(const struct mgcp_conn *c); /* "" until known */
const char *mgcp_conn_id(const struct mgcp_conn *c);
