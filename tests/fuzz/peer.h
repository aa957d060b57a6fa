/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A peer that says what the input tells it to: message sequences against a stack whose wire is memory, on the test clock. Identities come from
 * small sets, so that messages meet transactions and dialogs often. */
#pragma once
#include "base/mem.h"
#include "base/timer.h"
#include "sip/session.h"
#include "sip/stack_priv.h"
#include <stdio.h>
#include <stdlib.h>

struct peer {
	const uint8_t *data; /* what is left of the input */
	size_t size;
	struct sip_stack *stack;
	struct addr local, remote;
	char request[4096], response[4096]; /* the last ones the stack sent */
	void (*on_request)(struct peer *p, struct sip_strans *st, const struct sip_msg *req);
	/* the user */
	struct sip_strans *st;
	struct sip_ctrans *ct;
	struct sip_session *ss;
	bool outgoing, answered, offered, closed;
};

static inline uint8_t next_byte(struct peer *p)
{
	if (!p->size)
		return 0;
	p->size--;
	return *p->data++;
}

static inline int keep_sent(void *arg, const struct addr *from, const struct addr *to, struct slice text)
{
	struct peer *p = arg;
	char *into = slice_starts(text, SLICE("SIP/2.0 ")) ? p->response : p->request;
	(void)from;
	(void)to;
	/* Whatever came in, what goes out is sound. */
	struct sip_msg *m;
	unsigned status;
	const char *why;
	size_t limit = sizeof p->request;
	if (sip_msg_parse(&m, text.p, text.len, &status, &why))
		abort();
	mem_deref(m);
	(void)slice_copy(text, into, limit);
	return 0;
}

static inline void peer_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct peer *p = arg;
	p->on_request(p, st, req);
}

/* The stack, of this process or of the next. */
static inline void peer_stack(struct peer *p)
{
	const struct sip_stack_params params = {.timers = {500, 4000, 5000}, .server = "fuzz", .on_request = peer_request, .arg = p};
	struct sip_listener l = {.name = "inside", .fd = -1, .local = p->local};
	if (sip_stack_open(&p->stack, &params))
		abort();
	sip_stack_wire(p->stack, keep_sent, p);
	if (sip_stack_listen(p->stack, &l))
		abort();
}

static inline void peer_open(struct peer *p, const uint8_t *data, size_t size)
{
	p->data = data;
	p->size = size;
	addr_parse(&p->local, SLICE("192.0.2.1:5060"), 0);
	addr_parse(&p->remote, SLICE("192.0.2.9:5070"), 0);
	peer_stack(p);
}

/* Everything ends by itself in the end, and nothing is left. */
static inline void peer_close(struct peer *p)
{
	if (p->ss) {
		if (!p->closed)
			sip_session_bye(p->ss, 0, SLICE_NONE, SLICE_NONE);
		clock_test_advance(600000);
		if (!p->closed)
			abort();
		mem_deref(p->ss);
	}
	if (p->ct)
		sip_ctrans_detach(p->ct);
	mem_deref(p->ct);
	mem_deref(p->st);
	clock_test_advance(600000);
	mem_deref(p->stack);
	if (mem_blocks())
		abort();
}

static inline void say(struct peer *p, const char *text, size_t len)
{
	struct sip_place *place = container_of(list_first(&p->stack->places), struct sip_place, link);
	char *copy = malloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	sip_stack_input(place, &p->remote, &p->local, copy, len);
	free(copy);
}

static inline struct slice line_of(const char *text, struct slice name)
{
	struct slice lines = slice_str(text);
	slice_line(&lines);
	return sip_text_hdr(lines, name);
}

/* A tag: none, of ours in the last message, or another. */
static inline void put_tag(struct buf *b, unsigned which, struct slice from)
{
	struct sip_nameaddr na;
	if (which == 1)
		buf_str(b, ";tag=other");
	else if (which == 2 && !sip_nameaddr_parse(&na, from) && na.tag.len)
		buf_printf(b, ";tag=" SLICE_FMT, SLICE_ARG(na.tag));
}

/* Further header text or a body, as the input has them: a length, then the bytes. */
static inline void put_raw(struct peer *p, struct buf *b)
{
	size_t n = next_byte(p);
	n = n > p->size ? p->size : n;
	buf_add(b, p->data, n);
	p->data += n;
	p->size -= n;
}

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/* Two bytes: method and CSeq, then branch, dialog and what else it has. A request in our own dialog goes by the Contact we sent. */
static inline void say_request(struct peer *p)
{
	static const char *const methods[] = {"INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "INFO", "OPTIONS"};
	uint8_t a = next_byte(p), c = next_byte(p);
	const char *method = methods[a & 7];
	struct buf b = buf_growing();
	bool ours = c & 32 && p->request[0]; /* in the dialog that the stack began */
	struct slice call = ours ? line_of(p->request, SLICE("Call-ID")) : c & 16 ? SLICE("call-2") : SLICE("call-1");
	buf_printf(&b, "%s sip:b@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK%u;rport\r\n", method, c & 3u);
	if (ours) {
		buf_printf(&b, "From: " SLICE_FMT "\r\nTo: " SLICE_FMT "\r\n", SLICE_ARG(line_of(p->request, SLICE("To"))), SLICE_ARG(line_of(p->request, SLICE("From"))));
	} else {
		buf_str(&b, "From: <sip:a@192.0.2.9>;tag=a\r\nTo: <sip:b@192.0.2.1>");
		put_tag(&b, c >> 2 & 3, line_of(p->response, SLICE("To")));
		buf_str(&b, "\r\n");
	}
	buf_printf(&b, "Call-ID: " SLICE_FMT "\r\nCSeq: %u %s\r\nContact: <sip:a@192.0.2.9:5070>\r\nMax-Forwards: 70\r\n", SLICE_ARG(call), a >> 3 & 7u, method);
	if (a & 64)
		buf_str(&b, "RAck: 1 1 INVITE\r\nSupported: 100rel, timer\r\nSession-Expires: 90\r\n");
	if (c & 128)
		put_raw(p, &b);
	if (c & 64)
		buf_printf(&b, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", sizeof sdp - 1, sdp);
	else
		buf_str(&b, "Content-Length: 0\r\n\r\n");
	say(p, b.p, b.len);
	buf_reset(&b);
}

/* An answer to what the stack sent last. */
static inline void say_response(struct peer *p)
{
	static const unsigned statuses[] = {100, 180, 183, 199, 200, 202, 302, 401, 422, 481, 487, 491, 500, 503, 603, 408};
	uint8_t a = next_byte(p);
	struct buf b = buf_growing();
	if (!p->request[0])
		return;
	buf_printf(&b, "SIP/2.0 %u X\r\n", statuses[a & 15]);
	static const char *const copied[] = {"Via", "From", "Call-ID", "CSeq"};
	for (size_t i = 0; i < 4; i++)
		buf_printf(&b, "%s: " SLICE_FMT "\r\n", copied[i], SLICE_ARG(line_of(p->request, slice_str(copied[i]))));
	buf_printf(&b, "To: <sip:b@192.0.2.9>;tag=%u\r\nContact: <sip:b@192.0.2.9:5070>\r\n", a >> 4 & 3u);
	if (a & 64)
		buf_printf(&b, "Require: 100rel\r\nRSeq: %u\r\nMin-SE: 90\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", next_byte(p));
	if (a & 128)
		buf_printf(&b, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", sizeof sdp - 1, sdp);
	else
		buf_str(&b, "Content-Length: 0\r\n\r\n");
	say(p, b.p, b.len);
	buf_reset(&b);
}

static inline void let_pass(struct peer *p)
{
	static const unsigned ms[] = {1, 100, 500, 1000, 4000, 32000, 64000, 200000};
	clock_test_advance(ms[next_byte(p) & 7]);
}

static inline void say_anything(struct peer *p)
{
	struct buf b = buf_growing();
	put_raw(p, &b);
	if (b.len)
		say(p, b.p, b.len);
	buf_reset(&b);
}
