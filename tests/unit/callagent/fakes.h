/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gateway and parties under the test's hand. What call.c asks of them is written into one transcript; their answers come when the test
 * says so. */
#pragma once
#include "transcript.h"
#include "callagent/call.h"
#include "callagent/gateways.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Port of a description's media `i`, with its direction when it is not both ways: "4000", "4000/sendonly". */
static void say_sdp(struct slice text)
{
	struct sdp *s;
	const char *why;
	if (slice_empty(text))
		return;
	if (sdp_parse(&s, text, &why)) {
		say(" unreadable");
		return;
	}
	for (unsigned i = 0; i < s->n_media; i++) {
		say("%s%u", i ? "," : " ", s->media[i].port);
		if (s->media[i].dir != SDP_SENDRECV)
			say("/%s", sdp_dir_name(s->media[i].dir));
	}
	mem_deref(s);
}

/* --- gateway ------------------------------------------------------------------------------------------------------- */

struct mgcp_gw {
	int unused;
};

struct mgcp_conn {
	struct link link;
	struct mgcp_conn_handlers h;
	void *arg;
	unsigned id;
	uint16_t port;
	unsigned pending; /* answers */
	bool deleting, live, detached;
};

static struct list conns;
static unsigned conns_made;
static int gateway_err;
static unsigned gateway_err_from; /* the first connection that gets it */
static unsigned gateway_err_to;   /* the last one; 0: all */
static unsigned gateway_slow_from; /* the connection from which on it does not answer yet; 0: none */

static void conn_destroy(void *obj)
{
	struct mgcp_conn *c = obj;
	if (c->live && !c->deleting)
		say("gw: drop %u\n", c->id);
	list_remove(&c->link);
}

int mgcp_conn_create(struct mgcp_conn **ret, struct mgcp_gw *gw, const struct mgcp_conn_setup *s, const struct mgcp_conn_handlers *h, void *arg)
{
	struct mgcp_conn *c = mem_alloc(sizeof(*c), conn_destroy);
	if (!c)
		return -ENOMEM;
	c->h = *h;
	c->arg = arg;
	c->id = ++conns_made;
	c->port = (uint16_t)(20000 + 2 * c->id);
	c->pending = 1;
	c->live = true;
	list_append(&conns, &c->link);
	say("gw: crcx %u", c->id);
	if (s->endpoint)
		say(" at %s", s->endpoint);
	if (s->with)
		say(" with %u", s->with->id);
	say(" %s", s->mode);
	say_sdp(s->sdp);
	say("\n");
	*ret = c;
	return 0;
}

int mgcp_conn_modify(struct mgcp_conn *c, const struct mgcp_conn_setup *s)
{
	say("gw: mdcx %u %s", c->id, s->mode);
	say_sdp(s->sdp);
	if (s->arm)
		say(" arm %u", s->arm);
	say("\n");
	c->pending++;
	return 0;
}

int mgcp_conn_adopt(struct mgcp_conn **ret, struct mgcp_gw *gw, const char *call_id, const char *endpoint, const char *id,
		    const struct mgcp_conn_handlers *h, void *arg)
{
	struct mgcp_conn *c = mem_alloc(sizeof(*c), conn_destroy);
	if (!c)
		return -ENOMEM;
	c->h = *h;
	c->arg = arg;
	c->id = (unsigned)atoi(id);
	c->port = (uint16_t)(20000 + 2 * c->id);
	c->live = true;
	list_append(&conns, &c->link);
	say("gw: adopt %u on %s\n", c->id, endpoint);
	*ret = c;
	return 0;
}

const char *mgcp_conn_endpoint(const struct mgcp_conn *c)
{
	return "rtpbridge/1";
}

const char *mgcp_conn_id(const struct mgcp_conn *c)
{
	static char text[16];
	snprintf(text, sizeof(text), "%u", c->id);
	return text;
}

void mgcp_conn_delete(struct mgcp_conn *c)
{
	say("gw: dlcx %u\n", c->id);
	c->deleting = true;
}

void mgcp_conn_detach(struct mgcp_conn *c)
{
	c->detached = true;
}

const char *mgcp_gw_name(const struct mgcp_gw *gw)
{
	return "fake";
}

void gateways_served(struct mgcp_gw *gw, int err, unsigned code)
{
	if (err)
		say("alarm: %u\n", code);
}

/* Answers everything the gateway was asked, in order. */
static void gateway_answers(void)
{
	for (bool again = true; again;) {
		struct mgcp_conn *c;
		again = false;
		list_foreach(c, &conns, link) {
			char sdp[160];
			if ((!c->pending && !c->deleting) || (gateway_slow_from && c->id >= gateway_slow_from))
				continue;
			again = true;
			mem_ref(c);
			if (c->deleting) {
				c->deleting = c->live = false;
				c->pending = 0;
				if (!c->detached)
					c->h.deleted(c->arg, c, SLICE("PS=1, OS=160, PR=10, OR=1600, PL=2, JI=3, LA=4"), SLICE("MOS=4.2"));
			} else {
				c->pending--;
				int n = snprintf(sdp, sizeof(sdp), "v=0\r\no=- 1 1 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\nt=0 0\r\n"
						 "m=audio %u RTP/AVP 0\r\n", c->port);
				int err = c->id >= gateway_err_from && (!gateway_err_to || c->id <= gateway_err_to) ? gateway_err : 0;
				if (err)
					c->live = false;
				c->h.done(c->arg, c, err, err ? 403 : 200, err ? SLICE_NONE : slice_of(sdp, (size_t)n));
			}
			mem_deref(c);
			break;
		}
	}
}

/* --- parties -------------------------------------------------------------------------------------------------------- */

struct party {
	struct leg leg;
	const char *name;
	char kept[8]; /* a restored one's name */
	int refuse; /* of the next verb */
};

static const char *name_of(const struct leg *l)
{
	return container_of(l, struct party, leg)->name;
}

static int verb(struct leg *l, const char *what, const struct leg_news *n)
{
	struct party *p = container_of(l, struct party, leg);
	say("%s: %s", p->name, what);
	if (n && n->status)
		say(" %u", n->status);
	if (n && n->digit)
		say(" %c", n->digit);
	if (n && n->who && *n->who->display && !strcmp(what, "reoffer"))
		say(" %s", n->who->display);
	if (n)
		say_sdp(n->sdp);
	say("\n");
	int err = p->refuse;
	p->refuse = 0;
	return err;
}

static int party_offer(struct leg *l, const struct leg_news *n) { return verb(l, "offer", n); }
static int party_progress(struct leg *l, const struct leg_news *n) { return verb(l, "progress", n); }
static int party_answer(struct leg *l, const struct leg_news *n) { return verb(l, "answer", n); }
static int party_reoffer(struct leg *l, const struct leg_news *n) { return verb(l, "reoffer", n); }
static int party_reply(struct leg *l, const struct leg_news *n) { return verb(l, "reply", n); }
static int party_info(struct leg *l, const struct leg_news *n) { return verb(l, "info", n); }

static bool nothing_went_out; /* what is taken back has not been told yet */

static bool party_withdraw(struct leg *l)
{
	verb(l, "withdraw", NULL);
	return nothing_went_out;
}

static int party_confirm(struct leg *l, struct slice sdp)
{
	return verb(l, "confirm", &(struct leg_news){.sdp = sdp});
}

static void party_release(struct leg *l, const struct leg_news *n)
{
	verb(l, "release", n);
}

static void party_transferred(struct leg *l, const struct leg_news *n)
{
	verb(l, "transfer", n);
}

static void party_describe(const struct leg *l, struct cdr_leg *out)
{
	CDR_SET(out->call_id, slice_str(name_of(l)));
}

static void party_save(const struct leg *l, struct buf *out)
{
	buf_str(out, name_of(l));
}

static const struct leg_kind kind_fake = {
	.name = "fake", .conditions = true, .offer = party_offer, .progress = party_progress, .answer = party_answer, .confirm = party_confirm,
	.reoffer = party_reoffer, .withdraw = party_withdraw, .reoffer_reply = party_reply, .info = party_info, .transferred = party_transferred, .release = party_release, .describe = party_describe,
	.save = party_save,
};

static void party_destroy(void *obj)
{
	struct party *p = obj;
	leg_fini(&p->leg);
}

static struct leg *party_new(const char *name, enum side side, sa_family_t family)
{
	struct party *p = mem_alloc(sizeof(*p), party_destroy);
	if (!p)
		return NULL;
	p->name = name;
	leg_init(&p->leg, &kind_fake, side);
	p->leg.party.address = "inside";
	p->leg.party.signalling.family = family;
	return &p->leg;
}

#define AUDIO(port) "m=audio " #port " RTP/AVP 0 8\r\n"

/* A description with those "m" lines, as a party would write them; until the next one. */
static inline struct slice sdp(const char *addr, const char *media)
{
	static char text[1024];
	struct buf b = buf_fixed(text, sizeof(text));
	buf_printf(&b, "v=0\r\no=x 7 7 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n%s", addr, addr, media);
	return buf_text(&b);
}

static inline void news(void (*fn)(struct leg *, const struct leg_news *), struct leg *l, unsigned status, struct slice body)
{
	fn(l, &(struct leg_news){.status = status, .sdp = body});
}
