/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A proxy on a wire in memory: it listens at 192.0.2.1 (inside), 198.51.100.1 and 2001:db8::1 (outside); the test plays every peer by text. */
#pragma once
#include "../sip/wire.h"
#include "proxy/private.h"
#include <errno.h>

#define CALLER "192.0.2.9:5070"
#define TARGETS 4

struct proxied {
	struct wire w;
	struct proxy *proxy;
	struct sip_locator *locator;
	enum sip_core core;
	const char *domain; /* that is ours, besides the addresses */
	/* where requests for the domain go; NULL ends the list */
	struct {
		const char *uri, *addr, *path, *instance, *name;
		unsigned q, first_ms, answer_ms;
	} target[TARGETS];
	unsigned status; /* instead of targets */
	bool refuse, redirects, no_relay;
	unsigned admitted, along; /* of these along a route of ours */
	bool counted, full; /* a call is made of each INVITE; when full, none is */
	const char *unwanted, *last; /* names of targets: not to be tried; none behind it is */
	char tried[64], failed[64];  /* names and statuses */
	unsigned done, within; /* within: the last status */
	struct proxy_outcome outcome;
};

static struct proxied x;

/* Our side of a peer's network. */
static inline struct addr x_side(const struct addr *peer)
{
	char text[ADDR_STR_LEN];
	addr_str(peer, text);
	return test_addr(peer->family == AF_INET6 ? "[2001:db8::1]:5060" : !strncmp(text, "198.", 4) ? "198.51.100.1:5060" : "192.0.2.1:5060");
}

static inline const struct sip_listener *x_listener(const struct addr *peer)
{
	char host[ADDR_STR_LEN];
	struct addr side = x_side(peer);
	return sip_stack_listener_at(x.w.stack, SIP_UDP, slice_str(addr_ip_str(&side, host)), 5060);
}

static inline bool x_is_ours(void *arg, const struct sip_msg *req, const struct sip_uri *uri)
{
	return slice_caseeq(uri->host, slice_str(x.domain)) || sip_stack_listener_at(x.w.stack, SIP_TRANSPORTS, uri->host, uri->port);
}

static inline bool x_admit(void *arg, struct sip_strans *st, const struct sip_msg *req, bool dialog)
{
	if (x.refuse)
		sip_reply_once(st, 407, NULL, SLICE_NONE);
	x.admitted++;
	x.along += dialog;
	return !x.refuse;
}

static inline bool x_admit_once(void *arg, const struct sip_listener *l, const struct sip_msg *req, bool dialog)
{
	x.admitted++;
	x.along += dialog;
	return !x.refuse;
}

static inline unsigned x_targets(void *arg, struct proxy_context *c, const struct sip_msg *req, const struct sip_uri *uri)
{
	for (unsigned i = 0; i < TARGETS && x.target[i].uri; i++) {
		struct proxy_target t = {.uri = slice_str(x.target[i].uri), .q = x.target[i].q ? x.target[i].q : 1000, .path = slice_str(x.target[i].path),
					 .instance = slice_str(x.target[i].instance), .name = slice_str(x.target[i].name),
					 .first_ms = x.target[i].first_ms, .answer_ms = x.target[i].answer_ms};
		if (x.target[i].addr) {
			t.hop.peer = test_addr(x.target[i].addr);
			t.hop.listener = x_listener(&t.hop.peer);
		}
		if (proxy_add(c, &t) == -ENOMEM)
			return 500;
	}
	return x.status;
}

static inline bool x_relays(void *arg, const struct sip_msg *req)
{
	return !x.no_relay;
}

static inline bool x_begin(void *arg, struct sip_strans *st, const struct sip_msg *req, void **call)
{
	if (x.full)
		sip_reply_once(st, 503, "Full", SLICE_NONE);
	*call = x.counted && !x.full ? mem_alloc(1, NULL) : NULL;
	return !x.full;
}

static inline unsigned x_try(void *arg, void *call, const struct proxy_target *t)
{
	strncat(x.tried, t->name.p, t->name.len);
	return x.unwanted && slice_eq(t->name, slice_str(x.unwanted)) ? 403 : 0;
}

static inline bool x_failed(void *arg, void *call, const struct proxy_target *t, unsigned status, const struct sip_msg *rsp)
{
	char now[32];
	snprintf(now, sizeof now, "%.*s%u%s ", (int)t->name.len, t->name.p, status, rsp ? "" : "-");
	strncat(x.failed, now, sizeof x.failed - strlen(x.failed) - 1);
	return !x.last || !slice_eq(t->name, slice_str(x.last));
}

static inline void x_within(void *arg, const struct sip_msg *m, unsigned status)
{
	x.within = status;
}

static inline void x_done(void *arg, void *call, const struct proxy_outcome *o)
{
	x.done++;
	x.outcome = *o;
}

static inline enum sip_core x_core(void *arg, const struct sip_listener *l, const struct sip_msg *req)
{
	return x.core;
}

static inline void x_on_proxy(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	if (!x.redirects)
		proxy_request(x.proxy, st, req);
	else
		proxy_redirect(x.proxy, st, req);
}

static inline bool x_on_stateless(void *arg, const struct sip_listener *l, const struct sip_msg *m)
{
	return proxy_once(x.proxy, l, m);
}

static inline struct proxy_params x_params(void)
{
	return (struct proxy_params){.stack = x.w.stack, .locator = x.locator, .key = "0123456789abcde", .record_route = true, .path = true, .timer_c_ms = 180000,
				     .is_ours = x_is_ours, .admit = x_admit, .relays = x_relays, .admit_once = x_admit_once, .targets = x_targets,
				     .calls = {.begin = x_begin, .try = x_try, .failed = x_failed, .done = x_done, .within = x_within}};
}

static inline int x_try_open(void)
{
	x = (struct proxied){.core = SIP_CORE_PROXY, .domain = "example.com"};
	int err = wire_try_open_with(&x.w, &(struct sip_stack_params){.timers = {500, 4000, 5000}, .server = "test", .on_request = wire_request,
								      .core = x_core, .on_proxy = x_on_proxy, .on_stateless = x_on_stateless});
	if (err)
		return err;
	const char *more[] = {"198.51.100.1:5060", "[2001:db8::1]:5060"};
	for (unsigned i = 0; i < 2 && !err; i++)
		err = sip_stack_listen(x.w.stack, &(struct sip_listener){.name = "outside", .local = test_addr(more[i]), .fd = -1});
	struct proxy_params p = x_params();
	err = err ? err : proxy_new(&x.proxy, &p);
	if (err)
		wire_close(&x.w);
	return err;
}

static inline void x_open(void)
{
	assert_int_equal(x_try_open(), 0);
}

/* Everything ends by itself. */
static inline void x_close(void)
{
	clock_test_advance(64000);
	clock_test_advance(200000);
	clock_test_advance(64000);
	assert_int_equal(proxy_contexts(x.proxy), 0);
	assert_int_equal(sip_stack_transactions(x.w.stack), 0);
	assert_int_equal(timer_count(), 0);
	wire_close(&x.w);
	x.proxy = mem_deref(x.proxy);
}

/* A message of a peer at `from`, to the listener its address can reach. */
static inline void x_from(const char *from, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void x_from(const char *from, const char *fmt, ...)
{
	char text[3000];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	x.w.peer = test_addr(from);
	x.w.local = x_side(&x.w.peer);
	wire_say(&x.w, "%s", text);
}

/* A request of the caller's: `uri`, branch, further lines each beginning with "|". */
static inline void x_ask(const char *method, const char *uri, const char *branch, const char *more)
{
	x_from(CALLER, "%s %s SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK%s|Max-Forwards: 70|From: <sip:a@example.com>;tag=f|To: <sip:b@example.com>|"
	       "Call-ID: c1|CSeq: 3 %s|Contact: <sip:a@192.0.2.9:5070>%s", method, uri, branch, method, more);
}

static inline const char *x_sent(unsigned i)
{
	return i < x.w.n ? x.w.sent[i].text : "";
}

static inline void x_to(unsigned i, const char *addr)
{
	char text[ADDR_STR_LEN];
	assert_true(i < x.w.n);
	assert_string_equal(addr_str(&x.w.sent[i].to, text), addr);
}

static inline bool x_is(unsigned i, const char *start)
{
	return !strncmp(x_sent(i), start, strlen(start));
}

/* All values of a header of a sent message, parted by " | ". */
static inline const char *x_all(const char *text, const char *name)
{
	static char out[4][2000];
	static unsigned turn;
	char *to = out[++turn % 4];
	struct slice lines = slice_str(text), line;
	struct buf b = buf_fixed(to, sizeof out[0]);
	for (line = slice_line(&lines); line.len; line = slice_line(&lines)) {
		struct slice value = line, head = slice_cut(&value, ':');
		if (!slice_is_set(value) || !slice_caseeq(head, slice_str(name)))
			continue;
		if (b.len)
			buf_str(&b, " | ");
		buf_slice(&b, slice_trim(value));
	}
	buf_z(&b);
	return to;
}

/* A peer answers what it was sent: all Via lines and Record-Routes as it got them. */
static inline void x_answer(unsigned i, unsigned status, const char *tag, const char *more)
{
	char request[3000], peer[ADDR_STR_LEN], vias[2000] = "", routes[1500] = "";
	snprintf(request, sizeof request, "%s", x_sent(i));
	addr_str(&x.w.sent[i].to, peer);
	struct slice lines = slice_str(request), line;
	for (line = slice_line(&lines); line.len; line = slice_line(&lines)) {
		bool via = slice_casestarts(line, SLICE("Via:")), route = slice_casestarts(line, SLICE("Record-Route:"));
		char *to = via ? vias : routes;
		size_t n = strlen(to);
		if (via || (route && status > 100))
			snprintf(to + n, (via ? sizeof vias : sizeof routes) - n, "|" SLICE_FMT, SLICE_ARG(line));
	}
	x_from(peer, "SIP/2.0 %u Some Reason%s%s|From: %s|To: %s%s%s|Call-ID: %s|CSeq: %s%s", status, vias, routes, wire_hdr(request, "From"),
	       wire_hdr(request, "To"), tag ? ";tag=" : "", tag ? tag : "", wire_hdr(request, "Call-ID"), wire_hdr(request, "CSeq"), more ? more : "");
}
