// SPDX-License-Identifier: GPL-3.0-or-later
/* Keep-alives of connections that we have made (RFC 5626 4.4.1): two line ends now and then keep NATs and firewalls on the way open. A peer that has answered
 * with one must go on to do so, or its connection has failed; who never has may not know of it (4.4), and is not expected to. */
#include "sip/conn.h"
#include "base/counter.h"

enum { PONG_MS = 10000, VARIES = 5 /* by up to that part, so that not all come together */ };

enum { CNT_SENT, CNT_ANSWERED, CNT_FAILED, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_SENT] = {"sent", "keep-alives sent over connections that we made"},
	[CNT_ANSWERED] = {"answered", "keep-alives that were answered"},
	[CNT_FAILED] = {"failed", "connections ended: their peer has ceased to answer keep-alives"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("keep-alive", counter_defs, counts);

static void on_ping(void *arg);

static void ping_later(struct sip_conn *c)
{
	struct sip_stack *s = c->place->stack;
	uint32_t ms = s->params.conns.keepalive_ms;
	if (ms)
		timer_start(&c->ping, ms - sip_random(s, ms / VARIES + 1), on_ping, c);
}

static void on_no_pong(void *arg)
{
	struct sip_conn *c = arg;
	if (c->last >= c->pinged) { /* something else has come */
		ping_later(c);
		return;
	}
	counts[CNT_FAILED]++;
	sip_conn_fail(c, "keep-alives are not answered any more");
}

static void on_ping(void *arg)
{
	struct sip_conn *c = arg;
	uint32_t ms = c->place->stack->params.conns.keepalive_ms;
	if (c->ending || stream_send(c->stream, SLICE("\r\n\r\n")))
		return;
	counts[CNT_SENT]++;
	c->pinged = clock_ms();
	c->asked = true;
	if (c->answers)
		timer_start(&c->ping, ms && ms < PONG_MS ? ms : PONG_MS, on_no_pong, c);
	else
		ping_later(c);
}

void sip_conn_keep_alive(struct sip_conn *c)
{
	counter_register(&counter_group);
	if (!c->accepted)
		ping_later(c);
}

bool sip_conn_is_pong(struct sip_conn *c)
{
	if (!c->asked)
		return false;
	counts[CNT_ANSWERED]++;
	c->asked = false;
	c->answers = true;
	ping_later(c);
	return true;
}
