// SPDX-License-Identifier: GPL-3.0-or-later
/* One socket and its transactions. */
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "mgcp/internal.h"
#include "net/udp.h"
#include <errno.h>
#include <sys/random.h>

const struct mgcp_timers mgcp_default_timers = {
	.rto_ms = 400, .rto_max_ms = 4000, .t_max_ms = 20000, .t_hist_ms = 30000, .longtran_ms = 5000,
};

static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_COMMAND_SENT] = {"command-sent", "commands sent"},
	[CNT_RETRANSMIT] = {"retransmit", "messages sent again because nothing came back in time"},
	[CNT_RESPONSE] = {"response", "final responses to our commands"},
	[CNT_PROVISIONAL] = {"provisional", "provisional responses to our commands"},
	[CNT_TIMEOUT] = {"timeout", "commands given up without a final response"},
	[CNT_COMMAND] = {"command", "commands received, repetitions not counted"},
	[CNT_REPEATED_ANSWERED] = {"repeated-answered", "repeated commands answered from memory"},
	[CNT_REPEATED_EXECUTING] = {"repeated-executing", "repeated commands that were still being executed"},
	[CNT_REPEATED_CONFIRMED] = {"repeated-confirmed", "repeated commands dropped: their answer had been confirmed"},
	[CNT_EXECUTION_TIMEOUT] = {"execution-timeout", "commands answered 406: their execution took too long"},
	[CNT_PIGGYBACKED] = {"piggybacked", "messages sent in the datagram of another one"},
	[CNT_ACK_SENT] = {"ack-sent", "response acknowledgements sent"},
	[CNT_ACK_RECEIVED] = {"ack-received", "responses of ours that were confirmed"},
	[CNT_RX_REFUSED] = {"rx-refused", "datagrams dropped: from an address that is not listened to"},
	[CNT_RX_MALFORMED] = {"rx-malformed", "messages that cannot be read"},
	[CNT_RX_STRAY] = {"rx-stray", "responses to nothing that is waiting"},
	[CNT_RX_FOREIGN] = {"rx-foreign", "responses dropped: from another host than the command went to"},
	[CNT_RX_OVERLOAD] = {"rx-overload", "commands refused with 409: no memory for them"},
	[CNT_REFUSED_TRANSIENT] = {"refused-transient", "commands of ours answered with a code from 400 to 499"},
	[CNT_REFUSED_PERMANENT] = {"refused-permanent", "commands of ours answered with a code from 500 on"},
	[CNT_WE_REFUSED_TRANSIENT] = {"we-refused-transient", "commands we answered with a code from 400 to 499"},
	[CNT_WE_REFUSED_PERMANENT] = {"we-refused-permanent", "commands we answered with a code from 500 on"},
	[CNT_SEND_FAILED] = {"send-failed", "datagrams that could not be sent"},
};
uint64_t mgcp_counts[CNT_MAX];
static struct counter_group counter_group = COUNTER_GROUP("mgcp", counter_defs, mgcp_counts);

uint32_t mgcp_random(uint32_t below)
{
	static uint64_t state;
	while (!state)
		if (getrandom(&state, sizeof state, 0) != sizeof state)
			state = clock_utc_ms();
	/* xorshift64*: spreads retransmissions, keeps no secrets */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32) % below;
}

void mgcp_insert_line(struct buf *out, struct slice message, struct slice line)
{
	struct slice rest = message;
	slice_line(&rest);
	buf_add(out, message.p, message.len - rest.len);
	buf_slice(out, line);
	buf_slice(out, rest);
}

static void peer_destroy(void *obj)
{
	struct mgcp_peer *p = obj;
	incoming_end_all(p);
	outgoing_end_all(p);
	/* What was said last is still sent. */
	bundle_flush(p);
	bundle_drop(p);
	loop_defer_cancel(&p->flush);
	timer_stop(&p->linger);
	remote_free_all(p);
	mem_deref(p->udp);
}

int mgcp_peer_new(struct mgcp_peer **ret, const struct mgcp_peer_params *params, const struct mgcp_transport *out)
{
	struct mgcp_peer *p = mem_alloc(sizeof *p, peer_destroy);
	if (!p)
		return -ENOMEM;
	p->p = *params;
	p->out = *out;
	p->next_tid = mgcp_random(999999999) + 1;
	list_init(&p->executing);
	list_init(&p->answered);
	list_init(&p->bundles);
	int err = hash_init(&p->outgoing, 64);
	if (!err)
		err = hash_init(&p->incoming, 64);
	if (!err)
		err = hash_init(&p->remotes, 8);
	if (err)
		mem_deref(p);
	else
		*ret = p;
	return err;
}

static void receive_command(struct mgcp_peer *p, const struct mgcp_msg *m, const struct addr *src)
{
	if (p->p.on_command)
		incoming_command(p, m, src);
}

static void receive_message(struct mgcp_peer *p, const struct addr *src, struct slice *rest)
{
	struct mgcp_msg m;
	unsigned code;
	if (mgcp_parse(&m, rest, &code)) {
		mgcp_counts[CNT_RX_MALFORMED]++;
		/* Only commands are answered: two gateways must not throw errors at each other. */
		if (!code || !m.command)
			return;
		char mem[128];
		struct buf b = buf_fixed(mem, sizeof mem);
		mgcp_write_response(&b, code, m.tid, NULL);
		bundle_add(p, src, buf_text(&b));
	} else if (m.command) {
		receive_command(p, &m, src);
	} else if (m.code == 0) {
		incoming_acknowledged(p, m.tid, src);
	} else {
		outgoing_response(p, &m, src);
	}
}

void mgcp_peer_receive(struct mgcp_peer *p, const struct addr *src, struct slice datagram)
{
	if (p->p.allowed && !p->p.allowed(p->p.arg, src)) {
		mgcp_counts[CNT_RX_REFUSED]++;
		return;
	}
	if (p->trace && p->p.on_trace)
		p->p.on_trace(p->p.arg, false, src, datagram);
	mem_ref(p);
	while (!slice_empty(slice_trim(datagram)))
		receive_message(p, src, &datagram);
	mem_deref(p);
}

static void on_datagram(void *arg, const struct udp_packet *packet)
{
	mgcp_peer_receive(arg, &packet->src, slice_of(packet->data, packet->len));
}

static int send_udp(void *arg, const struct addr *dst, struct slice datagram)
{
	struct mgcp_peer *p = arg;
	return p->udp ? udp_send(p->udp, dst, datagram) : -ENOTCONN;
}

int mgcp_peer_open(struct mgcp_peer **ret, const struct mgcp_peer_params *params)
{
	struct mgcp_peer *p = NULL;
	struct mgcp_transport out = {.send = send_udp};
	int err = mgcp_peer_new(&p, params, &out);
	if (err)
		return err;
	p->out.arg = p;
	counter_register(&counter_group);
	struct udp_params up = {.local = params->local, .fd = params->fd, .dscp = params->dscp, .recv = on_datagram, .arg = p};
	err = udp_open(&p->udp, &up);
	if (err)
		mem_deref(p);
	else
		*ret = p;
	return err;
}

int mgcp_peer_fd(const struct mgcp_peer *p)
{
	return p->udp ? udp_fd(p->udp) : -1;
}

const struct addr *mgcp_peer_local(const struct mgcp_peer *p)
{
	return p->udp ? udp_local(p->udp) : &p->p.local;
}

void mgcp_peer_trace(struct mgcp_peer *p, bool on)
{
	p->trace = on;
}

uint32_t mgcp_next_tid(struct mgcp_peer *p)
{
	uint32_t tid = p->next_tid;
	p->next_tid = tid == 999999999 ? 1 : tid + 1;
	return tid;
}

size_t mgcp_peer_pending(const struct mgcp_peer *p)
{
	return p->outgoing.count + list_count(&p->executing) + p->waiting_ack;
}
