// SPDX-License-Identifier: GPL-3.0-or-later
/* The network's side of a channel: RTP in, through the de-jitter buffer to the line, and the line's octets out, with what the mode, the transponder and sounds
 * make of either. */
#include "mediagw/bearer_private.h"
#include "rtp/packet.h"
#include "rtp/rtp.h"

/* --- from the network ---------------------------------------------------------------------------------------------- */

/* What a payload type stands for, or -1. */
static int format_of(const struct bearer_connection *c, uint8_t pt)
{
	if (pt == c->pt || (c->pt_taken && pt == c->pt_taken))
		return (int)c->format;
	if (c->event_pt && pt == c->event_pt)
		return PLAYOUT_EVENT;
	if (c->format == PLAYOUT_CLEAR)
		return -1;
	return pt == RTP_PT_PCMU ? PLAYOUT_PCMU : pt == RTP_PT_PCMA ? PLAYOUT_PCMA : pt == RTP_PT_CN ? PLAYOUT_NOISE : -1;
}

void bearer_received(struct bearer *b, const struct inbox_packet *k)
{
	struct rtp_packet r;
	if (rtp_read(&r, k->data, k->len)) {
		b->count[BEARER_STRAY]++;
		return;
	}
	int format = format_of(&b->c, r.pt);
	if (format < 0) {
		b->count[BEARER_OTHER]++;
		return;
	}
	const struct playout_packet p = {.format = (enum playout_format)format, .marker = r.marker, .seq = r.seq, .ssrc = r.ssrc, .timestamp = r.timestamp,
		.arrival = (uint32_t)(k->arrival_ns / OCTET_NS), .ahead = bearer_turns_round(b) ? 0 : bearer_ahead(b, k->arrival_ns), .payload = r.payload, .len = r.len};
	playout_put(&b->playout, &p);
}

/* --- to the line --------------------------------------------------------------------------------------------------- */

static void idle(const struct bearer *b, uint8_t *out, size_t n)
{
	memset(out, law_idle[b->p.law], n);
}

/* The other party goes on in a sound's pauses where it lets it. */
static void sound(struct bearer *b, enum bearer_side side, uint8_t *out, size_t n)
{
	int16_t linear[BLOCK_MAX];
	if (!b->sound[side])
		return;
	enum sound_state state = sound_make(b->sound[side], linear, n);
	if (state == SOUND_ON)
		law_encode(b->p.law, out, linear, n);
	if (state == SOUND_OVER && !b->over[side])
		span_thread_heard(b, &(struct heard){.kind = HEARD_PLAYED, .side = side});
	b->over[side] = state == SOUND_OVER;
}

static void hear_test(struct bearer *b, const uint8_t *octets, size_t n)
{
	int16_t linear[BLOCK_MAX];
	law_decode(b->p.law, linear, octets, n);
	transponder_hear(&b->transponder, linear, n);
}

static void answer_test(struct bearer *b, uint8_t *out, size_t n)
{
	int16_t linear[BLOCK_MAX];
	transponder_make(&b->transponder, linear, n);
	law_encode(b->p.law, out, linear, n);
}

static void play(struct bearer *b, uint8_t *out, size_t n)
{
	playout_get(&b->playout, out, n);
	if (b->playout.flashes != b->flashes)
		span_thread_heard(b, &(struct heard){.kind = HEARD_FLASH});
	b->flashes = b->playout.flashes;
	bearer_hear_network(b, out, n);
}

size_t bearer_can_fill(struct bearer *b)
{
	size_t there = bearer_to_line(b) ? playout_ready(&b->playout) : b->block;
	if (b->sound[BEARER_LINE] && !b->over[BEARER_LINE] && bearer_to_line(b))
		return 0; /* RTP goes on being listened to at its own pace */
	return there < b->block ? there : b->block;
}

void bearer_fill(struct bearer *b, uint8_t *out, size_t n)
{
	if (bearer_to_line(b))
		play(b, out, n);
	else if (bearer_is_tested(b))
		answer_test(b, out, n);
	else
		idle(b, out, n);
	sound(b, BEARER_LINE, out, n);
}

/* --- to the network ------------------------------------------------------------------------------------------------ */

static void send_packet(struct bearer *b, const struct capture_packet *k)
{
	uint8_t *data = span_thread_room(b->thread);
	const uint8_t pt = k->format == PLAYOUT_EVENT ? b->c.event_pt_sent : k->format == PLAYOUT_NOISE ? RTP_PT_CN : b->c.pt;
	const struct rtp_packet r = {.pt = pt, .marker = k->marker, .seq = k->seq, .timestamp = k->timestamp, .ssrc = b->ssrc};
	rtp_write(&r, data);
	memcpy(data + RTP_HEADER_LEN, k->payload, k->len);
	if (span_thread_send(b->thread, b->c.slot, RTP_HEADER_LEN + k->len)) {
		b->count[BEARER_UNSENT]++;
		return;
	}
	b->count[BEARER_SENT]++;
	b->count[BEARER_SENT_OCTETS] += k->len;
}

static void capture(struct bearer *b, const uint8_t *octets, size_t n)
{
	struct capture_packet k;
	while (n) {
		size_t part = capture_put(b->capture, octets, n);
		while (capture_next(b->capture, &k))
			send_packet(b, &k);
		octets += part;
		n -= part;
	}
	if (b->telling && (int32_t)(b->capture->now - b->tell_end) >= 0) {
		event_end(&b->capture->events, b->tell_end);
		b->telling = false;
	}
}

void bearer_captured(struct bearer *b, uint8_t *octets, size_t n)
{
	const uint64_t late = b->capture->late, digits = b->capture->digits;
	if (bearer_turns_round(b)) {
		playout_get(&b->playout, octets, n);
		if (b->c.mode == BEARER_NETWTEST) {
			hear_test(b, octets, n);
			answer_test(b, octets, n);
		}
	} else if (bearer_is_tested(b)) {
		hear_test(b, octets, n);
	}
	bool sends = bearer_from_line(b) || bearer_turns_round(b) || (b->sound[BEARER_NETWORK] && !b->over[BEARER_NETWORK]);
	if (sends && !bearer_from_line(b) && !bearer_turns_round(b))
		idle(b, octets, n);
	sound(b, BEARER_NETWORK, octets, n);
	if (sends && bearer_connected(b))
		capture(b, octets, n);
	else
		capture_skip(b->capture, octets, n);
	b->count[BEARER_UNTOLD] += b->capture->late - late;
	b->count[BEARER_DIGITS] += b->capture->digits - digits;
}
