/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The call agent's view of an endpoint with events, be it a telephone or a trunk behind some gateway: what is asked of it (RQNT, RFC 3435
 * 2.3.3), what it reports (NTFY, 2.3.4), whether it is in service (RSIP, 2.3.12). */
#pragma once
#include "mgcp/agent.h"
#include "mgcp/request.h"

enum mgcp_service {
	MGCP_SERVICE_UNKNOWN, /* nothing heard yet */
	MGCP_SERVICE_IN,
	MGCP_SERVICE_LEAVING, /* graceful: what there is goes on, nothing new begins */
	MGCP_SERVICE_OUT,     /* out of service, or its gateway does not answer */
};
const char *mgcp_service_name(enum mgcp_service s);

/* What one request asks for, as the lines say it; NULL: that line is left out. Signals that are not named stop. */
struct mgcp_ask {
	const char *events;     /* R: "L/hu(N),D/[0-9*#T](D)" */
	const char *signals;    /* S: "L/dl" */
	const char *digitmap;   /* D: NULL: as it was */
	const char *quarantine; /* Q: NULL: process, step */
	unsigned tag;           /* comes back with the answer */
};

struct mgcp_ep; /* its owner's until mgcp_ep_end() */

/* Any of them may end the endpoint, or ask for more. */
struct mgcp_ep_handlers {
	/* One event of a notification, in order. `asked`: it was asked for by the last request that the endpoint has taken; else by one before, or
	 * it had been quarantined, or it is persistent. */
	void (*event)(void *arg, const struct mgcp_observed *o, bool asked);
	/* That was all of it: if none of them made its owner ask, the endpoint is in lockstep until it does (4.4.1). */
	void (*notified)(void *arg, bool asked);
	/* The oldest request without an answer has one: err 0, or as mgcp_conn_handlers.done with the code. -ETIMEDOUT goes before `service`. */
	void (*answered)(void *arg, unsigned tag, int err, unsigned code);
	/* It comes into service, or leaves it. `fresh`: it has forgotten what it was asked for, and has no connections. */
	void (*service)(void *arg, enum mgcp_service s, bool fresh);
	/* After mgcp_ep_audit(): the hook, or -ENODATA when it does not say; other errors as above. */
	void (*audited)(void *arg, int err, enum mgcp_hook hook);
};

/* `name` is the local part or has a domain; wildcards name none. The handlers are kept, not copied. -EINVAL, -EEXIST: somebody has it, -ENOMEM. */
int mgcp_ep_new(struct mgcp_ep **ret, struct mgcp_gw *gw, const char *name, mgcp_packages packages, const struct mgcp_ep_handlers *h, void *arg);
/* Its owner has no more to do with it, and hears of it no more; nothing is sent. Returns NULL. */
struct mgcp_ep *mgcp_ep_end(struct mgcp_ep *e);
/* RQNT; they go out one at a time, in order (4.4.1). -EHOSTUNREACH: its gateway is down; -EBUSY: too many wait; -ENOMEM. */
int mgcp_ep_request(struct mgcp_ep *e, const struct mgcp_ask *ask);
/* AUEP for the states of its events. 0 or negative errno. */
int mgcp_ep_audit(struct mgcp_ep *e);
/* In lockstep: it has notified, and has not been asked since. */
bool mgcp_ep_waits(const struct mgcp_ep *e);
enum mgcp_service mgcp_ep_service(const struct mgcp_ep *e);
const char *mgcp_ep_name(const struct mgcp_ep *e); /* with its domain */
struct mgcp_gw *mgcp_ep_gw(const struct mgcp_ep *e);
