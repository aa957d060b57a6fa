/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the call agent's side share. A connection is two objects: the handle its owner holds (struct mgcp_conn), and what
 * lives until the gateway has no such connection any more (struct cx, owned by the gateway object and by the handle). */
#pragma once
#include "base/hash.h"
#include "base/timer.h"
#include "mgcp/ep.h"

struct audit;

struct mgcp_gw {
	struct mgcp_gw_params p;
	char *name, *domain;
	char *entity; /* N: of what we ask; NULL: none is named */
	char object[80]; /* for the log */
	struct mgcp_peer *peer;
	enum mgcp_gw_state state;
	bool draining; /* it said "graceful": nothing new */
	struct list cxs;
	struct list creating; /* oldest first */
	struct hash ids, endpoints; /* those that are known */
	struct list eps;            /* with events; they hold the gateway, not it them */
	struct hash eps_by_name;
	struct timer probe;
	struct audit *audit;
	uint32_t audits; /* begun so far */
};

enum cx_state { CX_WAITING, CX_CREATING, CX_UP, CX_MODIFYING, CX_DELETING, CX_GONE };

struct cx {
	struct link link;        /* in the gateway */
	struct link creating;    /* there as well */
	struct hash_link by_id, by_endpoint;
	struct mgcp_gw *gw;      /* NULL once it is gone or the gateway object is */
	struct mgcp_conn *handle; /* NULL: its owner dropped it */
	enum cx_state state;
	char *call_id, *endpoint, *id; /* endpoint: with domain, or the wildcard asked for; id NULL until known */
	bool endpoint_known;
	bool delete_wanted;
	bool report_deleted; /* `timer` reports the end */
	int report_err;      /* `timer` reports a creation that failed */
	uint64_t since;      /* of the CRCX, then of its answer */
	uint32_t tid;        /* of the CRCX */
	struct buf create;   /* what a CRCX carries */
	struct list ops;     /* modifications in order; the first is under way in CX_MODIFYING */
	struct cx *with;     /* whose endpoint it wants, which is not known yet */
	struct link follow;  /* in with->followers */
	struct list followers;
	bool in_flight;      /* a command of ours is unanswered */
	uint32_t seen_in, asked_in; /* serial numbers of audits: that found it, that asked its endpoint for it */
	struct timer timer;
};

#define EP_RETRY_MS 500 /* when there was no memory to send */
#define EP_BACK_MS 30000 /* until an endpoint that the gateway did not know is asked for again */

struct mgcp_ep {
	struct link link; /* in the gateway */
	struct hash_link by_name;
	struct mgcp_gw *gw;
	char *name; /* with its domain */
	mgcp_packages packages;
	const struct mgcp_ep_handlers *h;
	void *arg;
	enum mgcp_service service;
	struct list asks; /* in order; the first is under way when `in_flight` */
	bool in_flight;
	bool waits;
	uint32_t id, taken; /* of the last request that was sent, and that was taken */
	struct timer retry;
	bool absent; /* the gateway says that there is none */
	struct timer back;
};

struct mgcp_conn {
	struct cx *cx;
	struct mgcp_gw *gw;
	struct mgcp_conn_handlers h;
	void *arg;
};

/* gw.c: what an exchange with the gateway says about it. */
void gw_answered(struct mgcp_gw *gw);
void gw_timed_out(struct mgcp_gw *gw);
/* "local@domain"; as it is when it has a domain already. */
char *gw_endpoint(const struct mgcp_gw *gw, const char *local);
int gw_send(struct mgcp_gw *gw, uint32_t tid, const struct buf *text, mgcp_response_fn fn, void *arg);

/* conn.c */
void cx_lost(struct cx *c, enum mgcp_loss what, const char *why);
/* Media are gone, the connection is not. */
void cx_silent(struct cx *c, const char *why);
struct cx *cx_find(const struct mgcp_gw *gw, struct slice endpoint, struct slice id);
/* What the gateway's connections are filed under, whether the domain is said or not. */
uint32_t cx_endpoint_hash(struct slice endpoint);
/* Each one that `is` picks; the owners that hear of it may end others meanwhile. */
void cx_lose_all(struct mgcp_gw *gw, bool (*is)(const struct cx *c, const void *arg), const void *arg, const char *why);
/* The gateway object ends. */
void cx_orphan(struct cx *c);

/* body.c: the parameters of CRCX and MDCX. */
void body_write(struct buf *out, const struct mgcp_profile *profile, const struct mgcp_conn_setup *s);

/* ep.c */
struct mgcp_ep *gw_ep_find(const struct mgcp_gw *gw, struct slice name);
void ep_notified(struct mgcp_ep *e, const struct mgcp_msg *cmd);
void ep_service(struct mgcp_ep *e, enum mgcp_service s, bool fresh, const char *why);

/* audit.c */
int audit_start(struct mgcp_gw *gw);
