// SPDX-License-Identifier: GPL-3.0-or-later
/* What becomes of a packet: it is judged by its slot with the logic the kernel uses. */
#include "fastpath/null.h"
#include "tandem/dtmf.h"
#include <sched.h>

#define ASK_MS 100 /* a next hop that is not known is asked for at most so often */

void fp_worker_refuse(struct fp_worker *w, struct tandem_slot *s, enum tandem_reason why)
{
	fp_bump(&w->counters[why]);
	if (s && fp_is_open(s))
		__atomic_fetch_add(&s->policy.refused, 1, __ATOMIC_RELAXED);
}

/* To the main loop, at once when this is it. */
static void tell(struct fp_worker *w, enum fp_message_kind kind, uint32_t slot, uint32_t value, uint32_t more)
{
	struct fp_message here, *m = w->handover ? fp_handover_room(w->handover) : &here;
	if (!m)
		return fp_bump(&w->lost);
	m->kind = kind;
	m->slot = slot;
	m->value = value;
	m->more = more;
	if (w->handover)
		fp_handover_publish(w->handover);
	else
		fp_null_message(w->null, m);
}

static void changed(struct fp_worker *w, uint32_t slot, uint32_t update)
{
	if (update & (TANDEM_UP_SOURCE | TANDEM_UP_SSRC))
		tell(w, FP_MESSAGE_EVENT, slot, tandem_event_of(update), 0);
	else
		tell(w, FP_MESSAGE_RESOLVE, slot, 0, 0);
}

static struct tandem_slot *peer_of(const struct fastpath *fp, const struct tandem_in *in)
{
	return in->peer < fp->n_slots ? &fp->slots[in->peer] : NULL;
}

/* Four bytes of the payload `off` bytes on, as a number; false when there are none. */
static bool word_at(const struct fp_arrival *a, size_t off, uint32_t *ret)
{
	if (off + sizeof *ret > a->len)
		return false;
	memcpy(ret, a->data + off, sizeof *ret);
	*ret = ntohl(*ret);
	return true;
}

/* An accepted telephone-event. */
static void telephone_event(struct fp_worker *w, const struct fp_arrival *a, const struct tandem_packet *p)
{
	struct tandem_dtmf_news news;
	uint32_t off = tandem_rtp_behind_sources(a->data[0]), word;
	if (!word_at(a, off, &word) || (a->data[0] & TANDEM_RTP_EXTENDED && !word_at(a, off + tandem_rtp_extension(word), &word)))
		return;
	tandem_dtmf_hear(&w->fp->slots[a->slot].policy, p, word, &news);
	for (uint32_t i = 0; i < news.n && w->null->fp; i++)
		tell(w, FP_MESSAGE_EVENT, a->slot, news.event[i].kind, news.event[i].value);
}

/* The kernel's engines wait for the next hop that packets leave by from `slot`. */
static void ask_hop(struct fp_worker *w, uint32_t slot)
{
	uint32_t now = (uint32_t)(w->now_ns / 1000000) | 1, *asked = &w->null->asked[slot];
	if (!__atomic_load_n(&w->fp->hops, __ATOMIC_RELAXED) || (*asked && now - *asked < ASK_MS))
		return;
	*asked = now;
	tell(w, FP_MESSAGE_RESOLVE, slot, 0, 0);
}

static void send_on(struct fp_worker *w, const struct fp_packet *p, uint32_t from)
{
	int err, fd = -1;
	if (!fp_sender_raw(w->sender, p->family)) {
		fd = fp_null_port_fd(w->null, from);
		err = fd < 0 ? -ENOTCONN : fp_sender_by_port(w->sender, p, fd);
	} else {
		uint32_t mtu = fp_sender_mtu(w->sender, p);
		if (p->len + sizeof(struct udphdr) + (p->family == 4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr)) > mtu)
			return fp_worker_too_big(w, p, mtu);
		err = fp_sender_queue(w->sender, p);
	}
	if (err)
		fp_bump(&w->counters[err == -EMSGSIZE ? TANDEM_TOO_BIG : TANDEM_SEND_FAILED]);
}

/* RFC 7915 5.1: what comes from IPv6 and fitted its smallest path is for IPv4 routers to fragment. A socket does not tell whether an IPv4 packet
 * could be: it may, so that it arrives in any case. */
static bool is_whole(const struct fp_arrival *a, const struct fp_packet *p)
{
	return !tandem_ip_is_v4(&a->src) && a->len + sizeof(struct udphdr) + sizeof(struct iphdr) > 1260;
}

/* Accepted RTP goes on to the joined slot's remote. */
static void forward(struct fp_worker *w, const struct fp_arrival *a, const struct tandem_in *in)
{
	struct tandem_slot *s = &w->fp->slots[a->slot];
	struct tandem_out out;
	fp_out_read(s, &out);
	if (!out.family || !out.dst_port)
		return fp_worker_refuse(w, s, TANDEM_NO_PEER);
	if (a->hop_limit <= 1)
		return fp_worker_refuse(w, s, TANDEM_HOP_LIMIT);
	if (out.hop == TANDEM_NONE && in->peer < w->fp->n_slots)
		ask_hop(w, in->peer);
	struct fp_packet p = {
		.src = out.src,
		.dst = out.dst,
		.src_port = out.src_port,
		.dst_port = out.dst_port,
		.family = out.family,
		.vrf = fp_vrf_of(w->fp, in->peer),
		.tos = (uint8_t)(out.tos | (a->tos & 3)),
		.hop_limit = (uint8_t)(a->hop_limit - 1),
		.headroom = true,
		.arrival = a,
		.data = a->data,
		.len = a->len,
	};
	p.whole = is_whole(a, &p);
	send_on(w, &p, in->peer);
}

/* Accepted RTP goes to somebody in this process. */
static void deliver(struct fp_worker *w, const struct fp_arrival *a, uint32_t to)
{
	const struct fastpath *fp = w->fp;
	if (!fp->handlers.rtp || !fp->handlers.rtp(fp->arg, a->slot, to, a->data, a->len, w->now_ns))
		return fp_worker_refuse(w, &fp->slots[a->slot], TANDEM_NO_PEER);
	w->delivered++;
	fp_bump(&w->counters[TANDEM_FORWARDED]);
}

/* False when somebody else held or changed the slot meanwhile; who is not running must be let. A packet that changes nothing is counted only
 * by a slot that still is what it was judged by: another stream may have begun there. */
static bool commit(struct tandem_slot *s, struct tandem_slot *peer, uint32_t seq, const struct tandem_packet *p, uint32_t update)
{
	if (update ? tandem_commit(s, peer, seq, p, update) : tandem_seq_good(&s->in.seq, seq))
		return true;
	sched_yield();
	return false;
}

static void on_rtp(struct fp_worker *w, const struct fp_arrival *a, struct tandem_packet *p)
{
	struct tandem_slot *s = &w->fp->slots[a->slot];
	struct tandem_in in;
	uint32_t update, seq;
	enum tandem_reason why;
	do {
		fp_in_read(s, &in, &seq);
		update = 0;
		if (in.flags & TANDEM_IS_RTCP)
			return fp_worker_refuse(w, s, TANDEM_RTP_ON_RTCP);
		if (!(in.flags & TANDEM_RECEIVE))
			return fp_worker_refuse(w, s, TANDEM_DIRECTION);
		why = tandem_judge(&in, &s->policy, TANDEM_GET(s->stats.ext_max), p, &update);
	} while (why == TANDEM_FORWARDED && !commit(s, peer_of(w->fp, &in), seq, p, update));
	if (why != TANDEM_FORWARDED)
		return fp_worker_refuse(w, s, why);
	tandem_stats_rtp(&s->stats, p, in.clock, w->now_ns, TANDEM_BY_NULL, update & TANDEM_UP_SSRC);
	if (tandem_dtmf_is(&in, p->pt))
		telephone_event(w, a, p);
	if (update && w->null->fp)
		changed(w, a->slot, update);
	if (w->null->fp && in.deliver)
		deliver(w, a, in.deliver);
	else if (w->null->fp)
		forward(w, a, &in);
}

/* --- RTCP ---------------------------------------------------------------------------------------------------------- */

/* The `in` of the RTP port that an RTCP packet's stream uses: the same one with rtcp-mux, else the port below. */
static const struct tandem_in *rtp_of(struct fastpath *fp, uint32_t slot, const struct tandem_in *in, struct tandem_in *copy)
{
	uint32_t seq;
	if (!(in->flags & TANDEM_IS_RTCP))
		return in;
	struct addr local;
	fp_slot_local(fp, slot, &local);
	if (!(local.port & 1) || !slot)
		return NULL;
	fp_in_read(&fp->slots[slot - 1], copy, &seq);
	return copy->flags & TANDEM_OPEN && !(copy->flags & TANDEM_IS_RTCP) ? copy : NULL;
}

void fp_null_rtcp(struct fp_null *n, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len)
{
	struct fastpath *fp = n->fp;
	struct tandem_slot *s = &fp->slots[slot];
	struct tandem_packet p = {.src_port = htons(src->port), .len = (uint32_t)len};
	struct tandem_in in, copy;
	uint32_t update, seq;
	fp_ip(src, &p.src);
	memcpy(&p.ssrc, data + 4, sizeof p.ssrc);
	do {
		fp_in_read(s, &in, &seq);
		if (!(in.flags & (TANDEM_IS_RTCP | TANDEM_MUX)))
			return fp_worker_refuse(&n->main, s, TANDEM_RTCP_ON_RTP);
		if (tandem_judge_rtcp(&in, &s->policy, rtp_of(fp, slot, &in, &copy), &p, &update) != TANDEM_RTCP)
			return fp_worker_refuse(&n->main, s, TANDEM_RTCP_STRANGER);
	} while (!commit(s, peer_of(fp, &in), seq, &p, update));
	fp_bump(&n->main.counters[TANDEM_RTCP]);
	if (in.flags & TANDEM_IS_RTCP) {
		TANDEM_ADD(s->stats.packets[TANDEM_BY_NULL], 1);
		TANDEM_ADD(s->stats.bytes, len);
		TANDEM_PUT(s->stats.last_ns, fp_now_ns());
	}
	if (fp->handlers.rtcp)
		fp->handlers.rtcp(fp->arg, slot, src, data, len);
}

static void on_rtcp(struct fp_worker *w, const struct fp_arrival *a)
{
	struct addr src;
	fp_addr(&a->src, a->src_port, &src);
	if (!w->handover)
		return fp_null_rtcp(w->null, a->slot, &src, a->data, a->len);
	if (a->len > FP_MESSAGE_BYTES)
		return fp_worker_refuse(w, &w->fp->slots[a->slot], TANDEM_TOO_BIG);
	struct fp_message *m = fp_handover_room(w->handover);
	if (!m)
		return fp_bump(&w->lost);
	m->kind = FP_MESSAGE_RTCP;
	m->slot = a->slot;
	m->peer = src;
	m->len = a->len;
	memcpy(m->data, a->data, a->len);
	fp_handover_publish(w->handover);
}

/* --- any packet ------------------------------------------------------------------------------------------------------ */

void fp_worker_packet(struct fp_worker *w, const struct fp_arrival *a)
{
	static const enum tandem_reason refused[] = {
		[TANDEM_KIND_STUN] = TANDEM_STUN,
		[TANDEM_KIND_DTLS] = TANDEM_DTLS,
		[TANDEM_KIND_RUNT] = TANDEM_RUNT,
		[TANDEM_KIND_OTHER] = TANDEM_JUNK,
	};
	struct tandem_slot *s = &w->fp->slots[a->slot];
	if (!fp_is_open(s))
		return fp_worker_refuse(w, NULL, TANDEM_NO_STREAM);
	struct tandem_packet p = {.src = a->src, .src_port = a->src_port, .len = (uint32_t)a->len};
	enum tandem_kind kind = tandem_classify(a->len ? a->data[0] : 0, a->len > 1 ? a->data[1] : 0, p.len);
	if (kind == TANDEM_KIND_RTCP)
		return on_rtcp(w, a);
	if (kind != TANDEM_KIND_RTP)
		return fp_worker_refuse(w, s, refused[kind]);
	struct tandem_rtp h;
	memcpy(&h, a->data, sizeof h);
	tandem_rtp_load(&p, &h);
	on_rtp(w, a, &p);
}
