// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/netwtest.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/timer.h"
#include "media/g711.h"
#include "media/transponder.h"
#include "mediagw/counters.h"
#include "mediagw/gateway.h"
#include "mediagw/inbox.h"
#include "rtp/packet.h"
#include "rtp/rtp.h"
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define LOOK_MS 10   /* what has come is answered so often */
#define SAMPLES 1600 /* of a packet, at most */

/* What one connection hears and says. */
struct netwtest {
	struct transponder transponder;
	uint16_t seq;
	uint32_t timestamp, ssrc;
};

/* All that go on: packets come from the threads that receive them. */
static struct {
	_Atomic(struct inbox *) inbox;
	unsigned n;
	struct gateway *gw;
	struct timer timer;
} tests;

bool netwtest_rtp(uint32_t slot, const uint8_t *data, size_t len, uint64_t now_ns)
{
	struct inbox *in = atomic_load(&tests.inbox);
	return in && inbox_put(in, slot, NETWTEST_DELIVER, data, len, now_ns);
}

static void answer(struct conn *c, const struct rtp_packet *r, enum law law)
{
	struct netwtest *t = c->netwtest;
	int16_t linear[SAMPLES];
	uint8_t out[RTP_HEADER_LEN + SAMPLES];
	const struct rtp_packet back = {.pt = r->pt, .seq = t->seq++, .timestamp = t->timestamp, .ssrc = t->ssrc};
	t->timestamp += (uint32_t)r->len;
	law_decode(law, linear, r->payload, r->len);
	transponder_hear(&t->transponder, linear, r->len);
	transponder_make(&t->transponder, linear, r->len);
	rtp_write(&back, out);
	law_encode(law, out + RTP_HEADER_LEN, linear, r->len);
	if (!fastpath_send(c->gw->p.fp, c->rtp.slot, out, RTP_HEADER_LEN + r->len)) {
		c->sent_packets++;
		c->sent_bytes += RTP_HEADER_LEN + r->len;
	}
}

static void take(struct gateway *gw, const struct inbox_packet *k)
{
	struct conn *c = conn_by_slot(gw, k->slot);
	struct rtp_packet r;
	if (!c || !c->netwtest)
		return;
	if (rtp_read(&r, k->data, k->len) || r.len > SAMPLES || (r.pt != RTP_PT_PCMU && r.pt != RTP_PT_PCMA))
		mg_count[MG_TEST_OTHER]++;
	else
		answer(c, &r, r.pt == RTP_PT_PCMU ? LAW_U : LAW_A);
}

static void look(void *arg)
{
	struct inbox *in = atomic_load(&tests.inbox);
	for (const struct inbox_packet *k; (k = inbox_first(in)); inbox_done(in))
		take(tests.gw, k);
	timer_start(&tests.timer, LOOK_MS, look, NULL);
}

static int begin(struct gateway *gw)
{
	struct inbox *in = inbox_new();
	if (!in)
		return -ENOMEM;
	tests.gw = gw;
	atomic_store(&tests.inbox, in);
	timer_start(&tests.timer, LOOK_MS, look, NULL);
	return 0;
}

static void end(void)
{
	struct inbox *in = atomic_exchange(&tests.inbox, NULL);
	timer_stop(&tests.timer);
	fastpath_settle(tests.gw->p.fp);
	mem_deref(in);
}

int netwtest_start(struct conn *c)
{
	if (c->netwtest)
		return 0;
	struct netwtest *t = mem_alloc(sizeof *t, NULL);
	int err = !t ? -ENOMEM : tests.n ? 0 : begin(c->gw);
	if (err) {
		mem_deref(t);
		return err;
	}
	transponder_init(&t->transponder, -1);
	random_bytes(&t->seq, sizeof t->seq);
	random_bytes(&t->timestamp, sizeof t->timestamp);
	random_bytes(&t->ssrc, sizeof t->ssrc);
	c->netwtest = t;
	tests.n++;
	return 0;
}

void netwtest_stop(struct conn *c)
{
	if (!c->netwtest)
		return;
	c->netwtest = mem_deref(c->netwtest);
	if (!--tests.n)
		end();
}
