// SPDX-License-Identifier: GPL-3.0-or-later
/* The packet logic: packets of any content, from any of a few sources, against a pair of joined slots. Whatever comes, nobody is heard who is
 * neither signalled nor latched, who lost a stream does not win it back, lines are free afterwards, statistics stay sane, and telephone-events
 * begin and end in turn. Input: records of a byte that chooses source, side and time, a length, and so many bytes of UDP payload; source 7
 * is an offer/answer instead. */
#include "tandem/classify.h"
#include "tandem/dtmf.h"
#include "tandem/slot.h"
#include "tandem/stats.h"
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SOURCES 8

static struct tandem_ip source_ip(unsigned n)
{
	return (struct tandem_ip){{0, 0, __builtin_bswap32(0xffff), 10 + n / 2}};
}

static uint16_t source_port(unsigned n)
{
	return (uint16_t)(4000 + n % 2);
}

/* Slot 0 hears a peer behind a NAT, slot 1 is strict. Sources 0 and 2 are the signalled ones. */
static void start(struct tandem_slot s[2])
{
	memset(s, 0, 2 * sizeof *s);
	for (uint32_t i = 0; i < 2; i++) {
		s[i].in.flags = TANDEM_OPEN | TANDEM_RECEIVE | TANDEM_SEND | TANDEM_REMOTE | TANDEM_ARMED | TANDEM_MUX | (i ? 0 : TANDEM_LATCH);
		s[i].in.media = source_ip(i * 2);
		s[i].in.media_port = source_port(i * 2);
		s[i].in.clock = 34359;
		s[i].in.event_pt = TANDEM_EVENT_PT | 101;
		s[i].in.peer = 1 - i;
		s[i].policy.signalling = source_ip(i * 2);
		s[i].policy.hop_media = i;
		s[i].policy.hop_signalling = TANDEM_NONE;
		s[i].out.family = 4;
		s[i].out.src = source_ip(6);
		tandem_out_point(&s[i].out, &s[1 - i].in.media, s[1 - i].in.media_port, 0);
	}
}

/* An offer/answer: the media address stays, moves, or is none at all. */
static void on_answer(struct tandem_slot *s, uint8_t what)
{
	s->in.flags |= TANDEM_ARMED;
	if (what % 3 == 0)
		return;
	s->in.media = source_ip(what & 6);
	s->in.media_port = source_port(what & 6);
	if (s->in.flags & TANDEM_LATCHED && (what & 1))
		s->in.flags |= TANDEM_MOVED;
}

/* Beginning and end of events take turns, but for an event whose beginning falls into the packet that ends it. */
static void on_event(struct tandem_slot *s, const struct tandem_packet *p, const uint8_t *payload, size_t len)
{
	struct tandem_dtmf_news news;
	uint32_t off = tandem_rtp_behind_sources(payload[0]), word;
	int open = s->policy.event_state == TANDEM_DTMF_BEGUN;
	if (!tandem_dtmf_is(&s->in, p->pt) || off + 4 > len)
		return;
	memcpy(&word, payload + off, 4);
	tandem_dtmf_hear(&s->policy, p, __builtin_bswap32(word), &news);
	assert(news.n <= 3);
	for (uint32_t i = 0; i < news.n; i++) {
		assert(news.event[i].kind == (open ? TANDEM_EV_DTMF_END : TANDEM_EV_DTMF));
		open = !open;
	}
	assert(open == (s->policy.event_state == TANDEM_DTMF_BEGUN));
}

static void on_rtp(struct tandem_slot s[2], unsigned at, const struct tandem_packet *p, uint64_t now, const uint8_t *payload, size_t len)
{
	uint32_t update = 0, seq = tandem_seq_read(&s[at].in.seq), before = tandem_stats_packets(&s[at].stats);
	const struct tandem_in was = s[at].in;
	const struct tandem_policy policy = s[at].policy;
	const struct tandem_out out = s[1 - at].out;
	if (tandem_judge(&s[at].in, &s[at].policy, s[at].stats.ext_max, p, &update) != TANDEM_FORWARDED)
		return;
	if (update)
		assert(tandem_commit(&s[at], &s[1 - at], seq, p, update));
	tandem_stats_rtp(&s[at].stats, p, s[at].in.clock, now, TANDEM_BY_NULL, !!(update & TANDEM_UP_SSRC));
	assert(tandem_stats_packets(&s[at].stats) == before + 1);
	on_event(&s[at], p, payload, len);
	/* Heard is the signalled one, the latched one, one that shares the signalling's IP address where that may, or one that knows the SSRC. */
	int latched = was.flags & TANDEM_LATCHED && tandem_ip_eq(&was.src, &p->src) && was.src_port == p->src_port;
	int signalled = tandem_from_media(&was, p), near = !at && tandem_ip_eq(&p->src, &policy.signalling);
	int knows = !at && was.flags & TANDEM_LATCHED && p->ssrc == was.ssrc;
	assert(signalled || latched || near || knows);
	assert(was.flags & TANDEM_ARMED || latched || knows);
	/* Who lost the stream is not let in again unless an offer/answer said so. */
	if (was.flags & TANDEM_LATCHED && !latched && !signalled && !(was.flags & TANDEM_MOVED))
		assert(!(p->src_port == policy.prev_port && tandem_ip_eq(&p->src, &policy.prev)));
	/* A new place is where the other side's packets now go; while a move waits for its first packet, nothing turns them elsewhere. */
	int turned = s[1 - at].out.dst_port != out.dst_port || !tandem_ip_eq(&s[1 - at].out.dst, &out.dst);
	if (s[at].in.flags & TANDEM_MOVED || !(update & (TANDEM_UP_SOURCE | TANDEM_UP_DISARM)))
		assert(!turned);
	else if (update & TANDEM_UP_SOURCE)
		assert(s[1 - at].out.dst_port == p->src_port && tandem_ip_eq(&s[1 - at].out.dst, &p->src));
}

static void on_rtcp(struct tandem_slot s[2], unsigned at, const struct tandem_packet *p)
{
	uint32_t update = 0;
	if (tandem_judge_rtcp(&s[at].in, &s[at].policy, &s[at].in, p, &update) == TANDEM_RTCP)
		assert(!update); /* with rtcp-mux it moves nothing */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tandem_slot s[2];
	uint64_t now = 1;
	start(s);
	while (size >= 2) {
		unsigned from = data[0] & (SOURCES - 1), at = data[0] >> 3 & 1;
		size_t len = data[1] < size - 2 ? data[1] : size - 2;
		const uint8_t *payload = data + 2;
		struct tandem_packet p = {.src = source_ip(from), .src_port = source_port(from), .len = (uint32_t)len};
		now += (uint64_t)(data[0] >> 4) << 27;
		if (from == SOURCES - 1)
			on_answer(&s[at], data[1]);
		switch (from == SOURCES - 1 ? TANDEM_KIND_OTHER : tandem_classify(len ? payload[0] : 0, len > 1 ? payload[1] : 0, p.len)) {
		case TANDEM_KIND_RTP: {
			struct tandem_rtp h;
			assert(len >= sizeof h);
			memcpy(&h, payload, sizeof h);
			tandem_rtp_load(&p, &h);
			on_rtp(s, at, &p, now, payload, len);
			break;
		}
		case TANDEM_KIND_RTCP:
			memcpy(&p.ssrc, payload + 4, 4);
			on_rtcp(s, at, &p);
			break;
		default:
			break;
		}
		for (int i = 0; i < 2; i++)
			assert(!((s[i].in.seq | s[i].out.seq) & 1) && tandem_stats_lost(&s[i].stats) < 1u << 31);
		data += 2 + len;
		size -= 2 + len;
	}
	return 0;
}
