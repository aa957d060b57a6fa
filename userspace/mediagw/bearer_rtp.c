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

/* RTP that comes is taken, in its time: not before the channel's clock is known. */
static bool hears(const struct bearer *b, const struct stream *s)
{
	return b->started && !b->test && (stream_to_line(s) || (s == &b->first && bearer_turns_round(b)));
}

void bearer_received(struct bearer *b, struct stream *s, const struct inbox_packet *k)
{
	struct rtp_packet r;
	if (rtp_read(&r, k->data, k->len)) {
		s->count[BEARER_STRAY]++;
		return;
	}
	int format = format_of(&s->c, r.pt);
	if (format < 0) {
		s->count[BEARER_OTHER]++;
		return;
	}
	if (format <= PLAYOUT_CLEAR)
		s->heard = (struct bearer_heard){r.pt, (unsigned)r.len / 8};
	if (format < PLAYOUT_CLEAR)
		bearer_hear_packet(b, format == PLAYOUT_PCMU ? LAW_U : LAW_A, r.payload, r.len);
	if (!hears(b, s)) {
		s->count[BEARER_RECEIVED]++;
		s->count[BEARER_UNHEARD]++;
		return;
	}
	const struct playout_packet p = {.format = (enum playout_format)format, .marker = r.marker, .seq = r.seq, .ssrc = r.ssrc, .timestamp = r.timestamp,
		.arrival = (uint32_t)(k->arrival_ns / OCTET_NS), .ahead = bearer_turns_round(b) ? 0 : bearer_ahead(b, k->arrival_ns), .payload = r.payload, .len = r.len};
	playout_put(&s->playout, &p);
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
	int octet = sound_octet(b->sound[side]);
	if (octet >= 0)
		memset(out, octet, n);
	else if (state == SOUND_ON)
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

void bearer_play_stream(struct bearer *b, struct stream *s, uint8_t *out, size_t n)
{
	playout_get(&s->playout, out, n);
	if (s->playout.flashes != s->flashes)
		span_thread_heard(b, &(struct heard){.kind = HEARD_FLASH});
	s->flashes = s->playout.flashes;
}

static void play(struct bearer *b, uint8_t *out, size_t n)
{
	bearer_play_stream(b, &b->first, out, n);
	bearer_hear_network(b, out, n);
}

void bearer_waited(struct bearer *b, uint32_t n)
{
	jitter_waited(&b->first.playout.jitter, n);
	if (b->mix)
		bearer_mix_waited(b, n);
}

/* Of what is made here little is written at once: a connection that begins to be heard is not to wait behind it. */
size_t bearer_can_fill(struct bearer *b)
{
	if (b->test || (!b->mix && !bearer_to_line(b)) || (b->sound[BEARER_LINE] && !b->over[BEARER_LINE]))
		return 0;
	size_t there = b->mix ? bearer_mix_ready(b) : playout_ready(&b->first.playout);
	return there < b->block ? there : b->block;
}

void bearer_fill(struct bearer *b, uint8_t *out, size_t n)
{
	if (b->mix && !b->test)
		bearer_mix_fill(b, out, n);
	else if (bearer_to_line(b))
		play(b, out, n);
	else if (bearer_is_tested(b))
		answer_test(b, out, n);
	else
		idle(b, out, n);
	sound(b, BEARER_LINE, out, n);
}

/* --- to the network ------------------------------------------------------------------------------------------------ */

static void send_packet(struct bearer *b, struct stream *s, const struct capture_packet *k)
{
	uint8_t *data = span_thread_room(b->thread);
	const uint8_t pt = k->format == PLAYOUT_EVENT ? s->c.event_pt_sent : k->format == PLAYOUT_NOISE ? RTP_PT_CN : s->c.pt;
	const struct rtp_packet r = {.pt = pt, .marker = k->marker, .seq = k->seq, .timestamp = k->timestamp, .ssrc = s->ssrc};
	rtp_write(&r, data);
	memcpy(data + RTP_HEADER_LEN, k->payload, k->len);
	if (span_thread_send(b->thread, s->c.slot, RTP_HEADER_LEN + k->len)) {
		s->count[BEARER_UNSENT]++;
		return;
	}
	s->count[BEARER_SENT]++;
	s->count[BEARER_SENT_OCTETS] += k->len;
}

static void capture(struct bearer *b, struct stream *s, const uint8_t *octets, size_t n)
{
	struct capture_packet k;
	while (n) {
		size_t part = capture_put(s->capture, octets, n);
		while (capture_next(s->capture, &k))
			send_packet(b, s, &k);
		octets += part;
		n -= part;
	}
	if (b->telling && s == &b->first && (int32_t)(s->capture->now - b->tell_end) >= 0) {
		event_end(&s->capture->events, b->tell_end);
		b->telling = false;
	}
}

void bearer_capture_stream(struct bearer *b, struct stream *s, const uint8_t *octets, size_t n, bool sends)
{
	const uint64_t late = s->capture->late, digits = s->capture->digits;
	if (sends)
		capture(b, s, octets, n);
	else
		capture_skip(s->capture, octets, n);
	s->count[BEARER_UNTOLD] += s->capture->late - late;
	s->count[BEARER_DIGITS] += s->capture->digits - digits;
}

void bearer_captured(struct bearer *b, uint8_t *octets, size_t n)
{
	if (bearer_turns_round(b)) {
		playout_get(&b->first.playout, octets, n);
		if (b->first.c.mode == BEARER_NETWTEST) {
			hear_test(b, octets, n);
			answer_test(b, octets, n);
		}
	} else if (bearer_is_tested(b)) {
		hear_test(b, octets, n);
	}
	if (b->mix && !b->test) {
		sound(b, BEARER_NETWORK, octets, n);
		bearer_mix_captured(b, octets, n);
		return;
	}
	bool sends = bearer_from_line(b) || bearer_turns_round(b) || (b->sound[BEARER_NETWORK] && !b->over[BEARER_NETWORK]);
	if (sends && !bearer_from_line(b) && !bearer_turns_round(b))
		idle(b, octets, n);
	sound(b, BEARER_NETWORK, octets, n);
	bearer_capture_stream(b, &b->first, octets, n, sends && bearer_connected(b));
}
