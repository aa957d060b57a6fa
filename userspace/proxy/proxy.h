/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SIP proxy (RFC 3261 16), redirect server (8.3) and stateless proxy (16.11) on the transactions of sip/. It knows no configuration: whom it
 * serves and where things are it asks. */
#pragma once
#include "sip/forward.h"

struct proxy;         /* reference-counted; its contexts hold one too */
struct proxy_context; /* a response context (16.2): one request and what became of it */

#define PROXY_KEY_LEN 16

/* One place to send a request to; copied. */
struct proxy_target {
	struct slice uri;   /* Request-URI */
	struct slice path;  /* Route values to go through, in order (RFC 3327); may be absent */
	struct slice instance; /* whose it is: of several with the same one at a time, the next when the flow of one has failed (RFC 5626 7) */
	struct sip_flow hop; /* where it is; no listener: that follows from path or uri */
	unsigned q;         /* thousandths: equal ones are tried at once, lower ones when all higher have failed */
	struct slice name, number; /* whose place it is and what is called there, for try() and failed(); may be absent */
	uint32_t first_ms;  /* nothing came in this time, not even 100: the next one is tried; 0: when Timer B ends it */
	uint32_t answer_ms; /* how long it may ring; 0: as long as all (next_ms, Timer C) */
};

/* How an attempt ended, for records of calls. The texts live during the call of `done`. */
struct proxy_outcome {
	const struct sip_msg *req;
	const struct sip_msg *rsp; /* the 2xx that answered it; NULL: there was none */
	struct slice name;      /* of that branch's target */
	struct slice to;        /* Request-URI of the branch that gave the answer; absent: none did */
	struct addr peer;       /* that branch's */
	unsigned status;        /* 0: nothing was sent upstream (RFC 4320) */
	uint64_t began, rang, answered; /* UTC milliseconds, 0: never */
	bool cancelled;
};

/* What becomes of calls, for whoever counts and limits them; each may be NULL, and gets the `arg` of all. */
struct proxy_calls {
	/* An INVITE outside a dialog was admitted. *call is what the others are told of it, a reference that the proxy gives back (it may stay NULL).
	 * False: it has been answered. */
	bool (*begin)(void *arg, struct sip_strans *st, const struct sip_msg *req, void **call);
	/* One of its targets is about to be tried: 0, or the status that stands for its answer. */
	unsigned (*try)(void *arg, void *call, const struct proxy_target *t);
	/* That one has failed: whether those of less preference are tried. `rsp` NULL: it said nothing, or nothing reached it. */
	bool (*failed)(void *arg, void *call, const struct proxy_target *t, unsigned status, const struct sip_msg *rsp);
	/* It got its final answer; once a call. */
	void (*done)(void *arg, void *call, const struct proxy_outcome *o);
	/* A final answer within a dialog, to the INVITE once more (a further 2xx), or to what an earlier process forwarded: `m` is the answer, or the
	 * request when the answer is ours. */
	void (*within)(void *arg, const struct sip_msg *m, unsigned status);
};

struct proxy_params {
	struct sip_stack *stack;
	struct sip_locator *locator; /* NULL: names lead nowhere; outlives the proxy */
	uint8_t key[PROXY_KEY_LEN]; /* signs routes, paths and branches: kept across restarts by whoever wants dialogs to outlive them */
	bool record_route;  /* stay in the path of dialogs */
	bool path;          /* put Path into REGISTERs that go elsewhere (RFC 3327) */
	bool recurse;       /* try the contacts of 3xx answers */
	uint32_t timer_c_ms;
	uint32_t next_ms;   /* how long one group of targets may ring while others wait; 0: until they give up */
	/* Whether a host is ours: requests for it go to targets(), routes that name it are taken off. */
	bool (*is_ours)(void *arg, const struct sip_msg *req, const struct sip_uri *uri);
	/* Whether the sender may use this proxy; when not, it has been answered. `dialog`: the request goes along a Record-Route of ours, so
	 * that whoever made the dialog was admitted. */
	bool (*admit)(void *arg, struct sip_strans *st, const struct sip_msg *req, bool dialog);
	/* Whether the sender, who was admitted, may send through us to places that are not ours: nobody else's relay. NULL: everybody. */
	bool (*relays)(void *arg, const struct sip_msg *req);
	/* As admit() for what passes without a transaction; nothing is answered. */
	bool (*admit_once)(void *arg, const struct sip_listener *l, const struct sip_msg *req, bool dialog);
	/* The Proxy-Authorization line that was meant for us: it does not pass (22.3). NULL: none, also for the function. */
	const struct sip_hdr *(*consumed)(void *arg, const struct sip_msg *req);
	/* 16.5: adds the targets of a Request-URI of ours by proxy_add(). 0, or the status to refuse with. */
	unsigned (*targets)(void *arg, struct proxy_context *c, const struct sip_msg *req, const struct sip_uri *uri);
	struct proxy_calls calls;
	void *arg;
};

int proxy_new(struct proxy **ret, const struct proxy_params *params);
/* Takes what a reload may have changed: all but the stack and the key. */
void proxy_reconfigure(struct proxy *p, const struct proxy_params *params);

/* The three roles. proxy_once() also takes ACKs, stray CANCELs and responses: false when they are none of ours. */
void proxy_request(struct proxy *p, struct sip_strans *st, const struct sip_msg *req);
bool proxy_once(struct proxy *p, const struct sip_listener *l, const struct sip_msg *m);
void proxy_redirect(struct proxy *p, struct sip_strans *st, const struct sip_msg *req);

/* From within targets(): -ENOMEM, -ENOSPC, -EEXIST when it is there already. */
int proxy_add(struct proxy_context *c, const struct proxy_target *t);
/* Requests now in progress. */
size_t proxy_contexts(const struct proxy *p);
enum { PROXY_CALLER, PROXY_CALLED, PROXY_SIDES };

/* What a dialog that passed here needs to be ended from here. Borrowed texts. */
struct proxy_dialog {
	struct slice call_id, from, to;   /* values as in the caller's requests, with tags */
	struct slice contact[PROXY_SIDES]; /* URIs */
	struct slice routes;              /* Record-Route values, one list, as in the 2xx */
	uint32_t cseq[PROXY_SIDES];       /* the last of each side's requests */
};

/* Sends one side BYE in the name of the other; `headers` are lines for it. 0, also when it waits for DNS, or why it cannot
 * be sent. */
int proxy_bye(struct proxy *p, const struct proxy_dialog *d, bool to_caller, struct slice headers);
/* Whether it follows a Record-Route of ours, made for this dialog. */
bool proxy_is_on_route(struct proxy *p, const struct sip_msg *req);
