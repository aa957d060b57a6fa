/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the steps of a proxy share. */
#pragma once
#include "proxy/proxy.h"
#include "base/list.h"
#include "base/timer.h"
#include <openssl/evp.h>

enum {
	BRANCHES_MAX = 64,
	BREADTH = 60, /* RFC 5393 5.3.3: Max-Breadth of requests without, and the most we take */
	MAC_LEN = 16, /* hexadecimal digits */
	LOOP_LEN = 8,
};

enum proxy_count {
	PROXY_CNT_REQUEST, PROXY_CNT_FORWARDED, PROXY_CNT_RESPONSE, PROXY_CNT_STATELESS, PROXY_CNT_FORKED, PROXY_CNT_RECURSED, PROXY_CNT_REDIRECTED,
	PROXY_CNT_LOOP, PROXY_CNT_HOPS, PROXY_CNT_BREADTH, PROXY_CNT_EXTENSION, PROXY_CNT_SCHEME, PROXY_CNT_NO_TARGET, PROXY_CNT_NO_HOP,
	PROXY_CNT_FORGED, PROXY_CNT_BAD_ROUTE, PROXY_CNT_TIMER_C, PROXY_CNT_SILENT, PROXY_CNT_RELAY, PROXY_CNT_NOMEM, PROXY_CNT_CONTEXTS_NOW, PROXY_CNT_MAX,
};
extern uint64_t proxy_counts[PROXY_CNT_MAX];

struct proxy {
	struct proxy_params params;
	EVP_MAC_CTX *mac;
	struct buf lines; /* header lines being written */
	struct buf uri;   /* a Request-URI without its maddr, until the next request is looked at */
	size_t contexts;
};

/* Where a request goes, as its Route and Request-URI say (16.4). Slices of the request. */
struct way {
	struct sip_uri uri;    /* Request-URI to forward: its text lasts until the targets are known */
	unsigned taken;        /* Route values at the front that were ours */
	bool last_taken;       /* the last Route value is the Request-URI now: a strict router sent this */
	bool dialog;           /* a Record-Route of ours proves that the dialog was admitted */
	const struct sip_listener *out; /* the side it leaves by, as the last of our routes says; NULL */
	struct sip_flow flow;   /* the connection it leaves on (RFC 5626 5.3); no listener: none */
	struct slice next;     /* the first Route value that remains; absent: none */
};

enum branch_state { BRANCH_WAITING, BRANCH_LOCATING, BRANCH_TRYING, BRANCH_PROCEEDING, BRANCH_DONE };

/* One target and the client transaction made for it. */
struct branch {
	struct link link;
	struct proxy_context *c;
	enum branch_state state;
	bool cancelled, gave_up; /* gave_up: cancelled by a timer of ours, not because somebody wanted it */
	unsigned q, number; /* number: its place in the order of all */
	uint32_t first_ms, answer_ms;
	unsigned status;    /* final one */
	struct sip_ctrans *ct;
	struct sip_location *pending; /* its context is referenced meanwhile */
	struct sip_servers *servers;  /* where a name leads; NULL: its hop was known */
	unsigned next_server, breadth;
	struct timer timer_c, timer_first;
	struct sip_flow hop;
	struct slice uri, path, instance, name, called;
	char text[];
};

struct proxy_context {
	struct proxy *proxy;
	struct sip_strans *st;
	const struct sip_msg *req; /* st's; NULL once that is answered */
	bool invite;
	struct way way;
	struct list branches; /* owned */
	unsigned n_branches, breadth;
	struct sip_msg *best; /* the best final answer; NULL: none, or one of our own making */
	unsigned best_status;
	struct buf challenges; /* lines of 401 and 407 answers that were not the best */
	uint32_t loop;
	bool started, cancelled, closed; /* closed: no further branch is begun */
	bool told;  /* of its end */
	void *call; /* of params.calls; NULL: there is none */
	struct proxy_outcome outcome;
	char to[128]; /* what outcome.to holds */
};

/* token.c: what only we can have made. */
struct slice token_make(struct proxy *p, char kind, const struct addr *peer, struct slice call_id, char out[64]);
/* The kind, 0: not ours. `peer` is set when the token has one. */
char token_read(struct proxy *p, struct slice text, struct slice call_id, struct addr *peer);
/* 16.6 step 8, RFC 5393 4.2: a branch for the `number`-th forwarding of what came with `via`; the same each time. */
struct slice token_branch(struct proxy *p, const struct sip_via *via, struct slice call_id, unsigned number, uint32_t loop, char out[SIP_FORWARD_BRANCH]);
/* Whether it is one, for the Via below it. */
bool token_is_branch(struct proxy *p, struct slice branch, const struct sip_via *below, struct slice call_id);
uint32_t token_loop(const struct sip_msg *req);

/* validate.c: 0, or the status to refuse with; `extra` gets the header lines for it. */
unsigned validate(struct proxy *p, const struct sip_msg *req, uint32_t loop, struct buf *extra);
uint32_t hops_left(const struct sip_msg *req);
/* RFC 5393 5.3.3: how many branches may run at once for this request, here and after us. */
unsigned breadth_of(const struct sip_msg *req);

/* route.c: 0, or the status to refuse with. */
unsigned route_of(struct proxy *p, const struct sip_msg *req, struct way *w);

/* targets.c */
unsigned targets_find(struct proxy_context *c);
struct proxy_target targets_of(const struct branch *b);

/* The instance has answered, or not: its other flows are not tried any more, or the next one is (RFC 5626 7). */
void forward_instance(struct branch *b, bool flow_failed);
/* forward.c: starts what may be tried now; the context's answer is due when nothing is left to try. */
void forward_next(struct proxy_context *c);
/* The message for one target: 0, or negative errno. `l` is where it came in. */
struct forward {
	const struct sip_listener *from;
	const struct sip_msg *req;
	const struct way *way;
	struct slice uri, path;
	struct sip_flow hop; /* no listener: found here */
	unsigned number, breadth;
	uint32_t loop;
};
int forward_next_uri(const struct forward *f, struct sip_uri *ret);
int forward_find_hop(struct proxy *p, struct forward *f);
const struct sip_listener *forward_listener(struct proxy *p, const struct sip_listener *like, enum sip_transport t, const struct addr *peer);
/* Sends to a target: 0 when it is under way, or negative errno. */
int forward_start(struct branch *b);

/* locate.c (RFC 3263): f->hop is where a name leads. 0; -EINPROGRESS: forward_start() is called again when that is known; or negative errno. */
int locate_hop(struct branch *b, struct forward *f);
/* The same for what has no branch. -EINPROGRESS: `fn` gets what leads there; when that is NULL, whoever sent it repeats it, and by then it is known. */
int locate_hop_once(struct proxy *p, struct forward *f, sip_locate_fn fn, void *arg);
/* Makes f->hop that server; false: we have no way to it. */
bool locate_use(struct proxy *p, struct forward *f, const struct sip_server *s);
/* Whether the place that was tried has a successor (4.3), and that is tried. */
bool locate_try_next(struct branch *b, const char *why);
void locate_cancel(struct branch *b);
/* Something came: the place it was sent to is alive. */
void locate_answered(const struct branch *b, int err, const struct sip_msg *rsp);
/* Lines live in p->lines. */
int forward_rewrite(struct proxy *p, const struct forward *f, struct sip_rewrite *how, char branch[SIP_FORWARD_BRANCH]);

/* response.c */
void response_take(void *arg, int err, const struct sip_msg *rsp);
/* Every branch is done: the best answer goes up. */
void response_finish(struct proxy_context *c);
/* Answers a request that is not to be forwarded. */
void response_reply(struct sip_strans *st, unsigned status, struct slice extra);
/* Nothing was forwarded. */
void response_refuse(struct proxy_context *c, unsigned status);
/* A failure that stands for an answer. */
void response_own(struct proxy_context *c, unsigned status);
/* A branch from which nothing has come is not waited for any more. */
void response_silent(struct branch *b);
/* No branch is left that could answer. */
void response_give_up(struct proxy_context *c);

/* best.c: whether `a` is to be preferred to `b` (16.7 step 6); 0 is none. */
bool best_is_better(unsigned a, unsigned b);
/* What goes up in its place. */
unsigned best_as_sent(unsigned status);

/* timer_c.c */
void timer_c_start(struct branch *b);
/* The time to the first response. */
void timer_first_start(struct branch *b);

/* cancel.c */
void cancel_branches(struct proxy_context *c, struct slice headers);
void cancel_take(void *arg, const struct sip_msg *cancel);

/* recurse.c: whether contacts of a 3xx became targets. */
bool recurse_take(struct proxy_context *c, const struct sip_msg *rsp);

/* proxy.c */
int context_new(struct proxy_context **ret, struct proxy *p, struct sip_strans *st, const struct sip_msg *req);
