/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stack whose datagrams stay in memory: what it sends is recorded with its time, and a test plays the peer by text. */
#pragma once
#include "unit.h"
#include "sip/check.h"
#include "sip/stack_priv.h"
#include <stdio.h>
#include <stdlib.h>

#define WIRE_MAX 128

struct sent {
	struct addr from, to;
	uint64_t at; /* ms since the wire was made */
	char text[3000];
};

struct wire {
	struct sip_stack *stack;
	struct addr local, peer;
	enum sip_transport over; /* what the peer says comes over it */
	uint64_t born;
	unsigned n;
	struct sent sent[WIRE_MAX];
	/* the last request the user of the stack got, and what it does with it */
	unsigned requests;
	unsigned answer; /* 0: keeps it in `st` */
	struct sip_strans *st;
	const struct sip_check *rules;
};

static inline struct addr test_addr(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, slice_str(text), 5060), 0);
	return a;
}

static inline int wire_send(void *arg, const struct addr *from, const struct addr *to, struct slice text)
{
	struct wire *w = arg;
	if (w->n < WIRE_MAX) {
		struct sent *s = &w->sent[w->n++];
		s->from = *from;
		s->to = *to;
		s->at = clock_ms() - w->born;
		assert_int_equal(slice_copy(text, s->text, sizeof s->text), 0);
	}
	return 0;
}

static inline void wire_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct wire *w = arg;
	(void)req;
	w->requests++;
	if (w->rules && sip_check_request(st, w->rules))
		return;
	if (w->answer) {
		sip_reply(st, w->answer, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else {
		mem_deref(w->st);
		w->st = mem_ref(st);
	}
}

static inline int wire_try_open_with(struct wire *w, const struct sip_stack_params *params)
{
	*w = (struct wire){.local = test_addr("192.0.2.1:5060"), .peer = test_addr("192.0.2.9:5070"), .born = clock_ms()};
	struct sip_stack_params p = *params;
	struct sip_listener l = {.name = "inside", .local = w->local, .fd = -1};
	if (!p.arg)
		p.arg = w;
	int err = sip_stack_open(&w->stack, &p);
	if (err)
		return err;
	sip_stack_wire(w->stack, wire_send, w);
	err = sip_stack_listen(w->stack, &l);
	if (err)
		w->stack = mem_deref(w->stack);
	return err;
}

/* A further place of the same name and address. */
static inline void wire_listen(struct wire *w, enum sip_transport transport)
{
	struct sip_listener l = {.name = "inside", .transport = transport, .local = w->local, .fd = -1};
	assert_int_equal(sip_stack_listen(w->stack, &l), 0);
}

static inline int wire_try_open(struct wire *w, uint32_t t1)
{
	return wire_try_open_with(w, &(struct sip_stack_params){.timers = {t1, t1 * 8, t1 * 10}, .server = "test", .on_request = wire_request});
}

static inline void wire_open(struct wire *w)
{
	assert_int_equal(wire_try_open(w, 500), 0);
}

static inline void wire_close(struct wire *w)
{
	w->st = mem_deref(w->st);
	w->stack = mem_deref(w->stack);
}

static inline struct sip_place *wire_place(const struct wire *w)
{
	struct sip_place *p, *at = NULL;
	list_foreach(p, &w->stack->places, link)
		if (p->l.transport == w->over && addr_eq(&p->l.local, &w->local))
			at = p;
	assert_non_null(at);
	return at;
}

static inline void wire_in(struct wire *w, const struct addr *src, const char *text, size_t len)
{
	struct sip_place *p = wire_place(w);
	char *copy = malloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	sip_stack_input(p, src, &w->local, copy, len);
	free(copy);
}

/* Lines are parted by "|" for CRLF; the message ends by itself with Content-Length 0 unless it has a body ("||"). */
static inline void wire_say(struct wire *w, const char *fmt, ...)
{
	char text[3000], out[3500];
	size_t n = 0;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (const char *p = text; *p; p++) {
		if (*p == '|')
			out[n++] = '\r';
		out[n++] = *p == '|' ? '\n' : *p;
	}
	if (!strstr(text, "||"))
		n += (size_t)snprintf(out + n, sizeof out - n, "\r\nContent-Length: 0\r\n\r\n");
	wire_in(w, &w->peer, out, n);
}

static inline const char *wire_last(const struct wire *w)
{
	return w->n ? w->sent[w->n - 1].text : "";
}

/* Value of a header of a recorded message, in a static buffer. */
static inline const char *wire_hdr(const char *text, const char *name)
{
	static char value[4][600];
	static unsigned i;
	char *v = value[++i % 4];
	struct slice lines = slice_str(text);
	slice_line(&lines);
	struct slice s = sip_text_hdr(lines, slice_str(name));
	assert_int_equal(slice_copy(s, v, sizeof value[0]), 0);
	return v;
}

static inline unsigned wire_status(const struct wire *w)
{
	unsigned status = 0;
	return sscanf(wire_last(w), "SIP/2.0 %u", &status) == 1 ? status : 0;
}

/* Answers the request recorded last, or `text`, as a peer with `tag` would. `more`: further lines, each beginning with "|". */
static inline void wire_answer(struct wire *w, const char *request, unsigned status, const char *tag, const char *more)
{
	char to[700];
	snprintf(to, sizeof to, "%s%s%s", wire_hdr(request, "To"), tag ? ";tag=" : "", tag ? tag : "");
	wire_say(w, "SIP/2.0 %u X|Via: %s|From: %s|To: %s|Call-ID: %s|CSeq: %s%s", status, wire_hdr(request, "Via"),
		 wire_hdr(request, "From"), to, wire_hdr(request, "Call-ID"), wire_hdr(request, "CSeq"), more ? more : "");
}
