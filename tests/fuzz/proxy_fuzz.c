// SPDX-License-Identifier: GPL-3.0-or-later
/* Message sequences through a proxy: the input is a play of two callers, two callees and the clock, one step a byte or two. Whatever happens, all of it ends,
 * and nothing is left. */
#include "base/mem.h"
#include "base/timer.h"
#include "proxy/proxy.h"
#include "sip/stack_priv.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SENT = 64, PEERS = 4, STEPS = 200 };

static struct {
	struct sip_stack *stack;
	struct proxy *proxy;
	struct addr peer[PEERS];
	char sent[SENT][4096];
	struct addr to[SENT];
	unsigned n;
	enum sip_core core;
} g;

static struct addr addr_of(const char *text)
{
	struct addr a = {0};
	addr_parse(&a, slice_str(text), 5060);
	return a;
}

static int on_wire(void *arg, const struct addr *from, const struct addr *to, struct slice text)
{
	g.to[g.n % SENT] = *to;
	slice_copy(text, g.sent[g.n++ % SENT], sizeof g.sent[0]);
	return 0;
}

static bool is_ours(void *arg, const struct sip_msg *req, const struct sip_uri *uri)
{
	return slice_eq(uri->host, SLICE("d"));
}

static bool admit(void *arg, struct sip_strans *st, const struct sip_msg *req, bool dialog)
{
	return true;
}

static bool admit_once(void *arg, const struct sip_listener *l, const struct sip_msg *req, bool dialog)
{
	return true;
}

/* The user part says who: each letter a target, of equal q unless it is a capital. */
static unsigned targets(void *arg, struct proxy_context *c, const struct sip_msg *req, const struct sip_uri *uri)
{
	for (size_t i = 0; i < uri->user.len; i++) {
		char to[40];
		snprintf(to, sizeof to, "sip:x@192.0.2.%u", 20 + (uri->user.p[i] & 3));
		struct proxy_target t = {.uri = slice_str(to), .q = uri->user.p[i] < 'a' ? 500 : 1000};
		if (uri->user.p[i] & 4)
			t.instance = SLICE("<i>");
		proxy_add(c, &t);
	}
	return 0;
}

static enum sip_core core(void *arg, const struct sip_listener *l, const struct sip_msg *req)
{
	return g.core;
}

static void on_proxy(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	proxy_request(g.proxy, st, req);
}

static bool on_stateless(void *arg, const struct sip_listener *l, const struct sip_msg *m)
{
	return proxy_once(g.proxy, l, m);
}

static void play_open(uint8_t how)
{
	const struct sip_listener l = {.name = "in", .local = addr_of("192.0.2.1"), .fd = -1};
	g.n = 0;
	g.core = how & 1 ? SIP_CORE_STATELESS : SIP_CORE_PROXY;
	for (unsigned i = 0; i < PEERS; i++) {
		char text[32];
		snprintf(text, sizeof text, "192.0.2.%u:5060", i < 2 ? 9 + i : 18 + i);
		g.peer[i] = addr_of(text);
	}
	if (sip_stack_open(&g.stack, &(struct sip_stack_params){.timers = {10, 80, 100}, .core = core, .on_proxy = on_proxy, .on_stateless = on_stateless}))
		abort();
	sip_stack_wire(g.stack, on_wire, NULL);
	const struct proxy_params p = {.stack = g.stack, .record_route = how & 2, .recurse = how & 4, .timer_c_ms = 3000, .next_ms = how & 8 ? 500 : 0,
				       .is_ours = is_ours, .admit = admit, .admit_once = admit_once, .targets = targets};
	if (sip_stack_listen(g.stack, &l) || proxy_new(&g.proxy, &p))
		abort();
}

static void say(unsigned peer, const char *text, size_t len)
{
	struct sip_place *p = container_of(list_first(&g.stack->places), struct sip_place, link);
	char *copy = malloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	sip_stack_input(p, &g.peer[peer % PEERS], &p->l.local, copy, len);
	free(copy);
}

/* A request of a caller's: the method, which call, and how far its dialog has come are in `what`. */
static void ask(uint8_t what, uint8_t which)
{
	static const char *const methods[] = {"INVITE", "CANCEL", "ACK", "BYE", "MESSAGE", "OPTIONS", "PRACK", "REGISTER"};
	static const char *const users[] = {"abc", "aBC", "ae", "efA", "a", "", "aeb", "AB"};
	char text[1200], route[200] = "";
	const char *method = methods[what & 7], *rr = g.n ? strstr(g.sent[which % (g.n < SENT ? g.n : SENT)], "Record-Route: ") : NULL;
	if (what & 8 && rr)
		snprintf(route, sizeof route, "Route: %.*s\r\n", (int)strcspn(rr + 14, "\r"), rr + 14);
	int n = snprintf(text, sizeof text, "%s sip:%s@d SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK%u\r\n%sFrom: <sip:q@d>;tag=%u\r\nTo: <sip:a@d>%s\r\nCall-ID: c%u\r\n"
			 "CSeq: %u %s\r\nMax-Forwards: %u\r\n%sContact: <sip:q@192.0.2.9>\r\nContent-Length: 0\r\n\r\n", method, users[which & 7], which & 15,
			 route, which & 3, what & 16 ? ";tag=t" : "", which & 3, which & 3, method, what & 32 ? 1 : 70, what & 64 ? "Max-Breadth: 1\r\n" : "");
	say(what >> 7, text, (size_t)n);
}

/* An answer to something that was sent. */
static void answer(uint8_t what, uint8_t which)
{
	static const unsigned statuses[] = {100, 180, 183, 200, 200, 302, 401, 404, 407, 408, 430, 481, 486, 487, 503, 603};
	const char *m = g.n ? g.sent[which % (g.n < SENT ? g.n : SENT)] : "";
	struct slice lines = slice_str(m), line = slice_line(&lines);
	char text[5000];
	if (slice_starts(line, SLICE("SIP/2.0")))
		return;
	int n = snprintf(text, sizeof text, "SIP/2.0 %u Because\r\n", statuses[what & 15]);
	for (line = slice_line(&lines); line.len && n < 4500; line = slice_line(&lines)) {
		static const char *const copied[] = {"Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"};
		for (unsigned i = 0; i < 5; i++)
			if (slice_starts(line, slice_str(copied[i])))
				n += snprintf(text + n, sizeof text - (size_t)n, SLICE_FMT "\r\n", SLICE_ARG(line));
		if (slice_starts(line, SLICE("To:")))
			n += snprintf(text + n, sizeof text - (size_t)n, SLICE_FMT "%s\r\n", SLICE_ARG(line), what & 16 ? ";tag=t" : ";tag=u");
	}
	n += snprintf(text + n, sizeof text - (size_t)n, "Contact: <sip:z@192.0.2.2%u>\r\nWWW-Authenticate: Digest realm=\"x\"\r\nContent-Length: 0\r\n\r\n", what & 3);
	say(2 + (what >> 7), text, (size_t)n);
}

static void step(uint8_t op, uint8_t a, uint8_t b)
{
	switch (op % 5) {
	case 0:
	case 1:
		ask(a, b);
		break;
	case 2:
		answer(a, b);
		break;
	case 3:
		clock_test_advance((uint64_t)a * (b & 1 ? 1 : 20));
		break;
	default:
		if (g.n)
			sip_stack_undelivered(g.stack, &g.to[b % (g.n < SENT ? g.n : SENT)], -ECONNREFUSED, slice_str(g.sent[b % (g.n < SENT ? g.n : SENT)]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t before = mem_blocks();
	if (!size)
		return 0;
	play_open(data[0]);
	for (size_t i = 1; i + 2 < size && i < 3 * STEPS; i += 3)
		step(data[i], data[i + 1], data[i + 2]);
	for (unsigned i = 0; i < 40; i++)
		clock_test_advance(1000);
	if (proxy_contexts(g.proxy) || sip_stack_transactions(g.stack) || timer_count())
		abort();
	mem_deref(g.stack);
	mem_deref(g.proxy);
	if (mem_blocks() != before)
		abort();
	return 0;
}
