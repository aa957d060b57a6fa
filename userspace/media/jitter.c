// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/jitter_private.h"
#include <string.h>

#define IDLE 8000 /* so long nothing came: nothing is missed any more */
#define LOST_HOPE 5 /* packets in a row that came late: the sender's time has moved */

void jitter_init(struct jitter *j, const struct jitter_config *config)
{
	memset(j, 0, sizeof *j);
	j->config = *config;
	if (!j->config.max || j->config.max > JITTER_MAX)
		j->config.max = JITTER_MAX;
	if (j->config.depth > j->config.max)
		j->config.depth = j->config.max;
	j->window_left = JITTER_WINDOW;
}

void jitter_restart(struct jitter *j)
{
	memset(j->marks, 0, sizeof j->marks);
	j->end = j->read;
	j->running = j->suspect = false;
	j->gap = JITTER_IDLE;
	j->owed = 0;
}

const struct comfort_noise *jitter_noise(const struct jitter *j)
{
	return &j->noise[j->noise_at];
}

/* A timeline begins with this packet: behind what is still held, and not before the depth that the path needs. */
static void join(struct jitter *j, const struct jitter_packet *p)
{
	uint32_t depth = j->config.fixed ? j->config.depth : jitter_depth(j);
	uint32_t at = j->read + ((int32_t)depth > p->ahead ? depth - (uint32_t)p->ahead : 0);
	int32_t held = (int32_t)(j->end - j->read);
	if ((int32_t)(j->end - at) > 0 && held <= (int32_t)j->config.max)
		at = j->end;
	j->base = at - p->timestamp;
	j->end = at;
	j->transit_known = false;
	j->suspect = false;
	if (!j->running) {
		j->gap = JITTER_LOST;
		j->running = true;
	}
}

/* Whether a packet far from the timeline is the beginning of a new one: the second in a row that says so, or one that had reason to. */
static bool jumped(struct jitter *j, const struct jitter_packet *p)
{
	bool follows = j->suspect && p->seq == (uint16_t)(j->suspect_seq + 1) && p->timestamp - j->suspect_ts < JITTER_RING;
	if (!p->marker && j->gap != JITTER_IDLE && !follows) {
		j->suspect = true;
		j->suspect_seq = p->seq;
		j->suspect_ts = p->timestamp;
		j->stats.stray++;
		return false;
	}
	join(j, p);
	j->stats.jumps++;
	return true;
}

/* Counts the packet and finds its stream: false when it is to be dropped. */
static bool admit(struct jitter *j, const struct jitter_packet *p)
{
	if (!j->running || p->ssrc != j->ssrc) {
		j->stats.jumps += j->running;
		j->ssrc = p->ssrc;
		jitter_sequence_begin(j, p);
		join(j, p);
	} else if (!jitter_sequence(j, p)) {
		j->stats.duplicate++;
		return false;
	}
	j->stats.received++;
	return true;
}

static int32_t lead_of(const struct jitter *j, const struct jitter_packet *p)
{
	return (int32_t)(p->timestamp + j->base - j->read);
}

static void extend(struct jitter *j, uint32_t end)
{
	if ((int32_t)(end - j->end) > 0)
		j->end = end;
}

/* Copies octets to their places, which may wrap round the ring. */
static void store(struct jitter *j, uint32_t at, const uint8_t *octets, size_t n, const uint8_t *map)
{
	extend(j, at + (uint32_t)n);
	while (n) {
		size_t i = at % JITTER_RING, part = JITTER_RING - i < n ? JITTER_RING - i : n;
		if (map)
			for (size_t k = 0; k < part; k++)
				j->octets[i + k] = map[octets[k]];
		else
			memcpy(j->octets + i, octets, part);
		memset(j->marks + i, JITTER_VOICE, part);
		octets += part;
		at += (uint32_t)part;
		n -= part;
	}
}

/* What can be done for a packet whose turn has begun: its lead then. */
static int32_t in_time(struct jitter *j, const struct jitter_packet *p, int32_t lead)
{
	jitter_lead(j, lead + p->ahead);
	lead = jitter_deepen(j, lead, p->len);
	if (lead >= 0 || ++j->hopeless < LOST_HOPE)
		return lead;
	join(j, p);
	j->stats.jumps++;
	return lead_of(j, p);
}

static bool put_voice(struct jitter *j, const struct jitter_packet *p, int32_t lead, const uint8_t *map)
{
	uint32_t gone = 0;
	if (lead < 0) {
		j->stats.late++;
		lead = in_time(j, p, lead);
		gone = lead < 0 ? (uint32_t)-lead : 0;
		if (gone >= p->len) {
			j->stats.dropped++;
			return false;
		}
	} else {
		jitter_lead(j, lead + p->ahead);
	}
	j->hopeless = lead < 0 ? j->hopeless : 0;
	store(j, j->read + (uint32_t)lead + gone, p->payload + gone, p->len - gone, map);
	return true;
}

/* Noise and events are marks in the ring where they begin; one whose turn has passed begins now, unless voice is being played. */
static bool put_mark(struct jitter *j, enum jitter_kind kind, int32_t lead, uint8_t value)
{
	if (lead < 0) {
		bool newest = (int32_t)(j->read + (uint32_t)lead - j->end) >= 0;
		if (!j->gap_len || (kind == JITTER_NOISE && !newest))
			return false;
		j->gap = kind;
		j->noise_at = kind == JITTER_NOISE ? value : j->noise_at;
		return true;
	}
	uint32_t at = (j->read + (uint32_t)lead) % JITTER_RING;
	if (j->marks[at] == JITTER_VOICE)
		return false;
	j->octets[at] = value;
	j->marks[at] = (uint8_t)kind;
	extend(j, j->read + (uint32_t)lead + 1);
	return true;
}

static bool put_noise(struct jitter *j, const struct jitter_packet *p, int32_t lead)
{
	uint8_t at = j->noise_next++ % JITTER_NOISES;
	if (comfort_read(&j->noise[at], p->payload, p->len)) {
		j->stats.stray++;
		return false;
	}
	return put_mark(j, JITTER_NOISE, lead, at);
}

bool jitter_put(struct jitter *j, const struct jitter_packet *p, const uint8_t *map)
{
	if (p->kind == JITTER_VOICE && (!p->len || p->len > JITTER_PACKET)) {
		j->stats.stray++;
		return false;
	}
	if (!admit(j, p))
		return false;
	int32_t lead = lead_of(j, p), max = (int32_t)j->config.max + JITTER_PACKET / 4;
	if (p->kind == JITTER_EVENT) /* many packets of one timestamp, which tell nothing of when they came */
		return lead <= max && put_mark(j, JITTER_EVENT, lead, 0);
	if (lead > max || lead < -max) {
		if (!jumped(j, p))
			return false;
		lead = lead_of(j, p);
	}
	jitter_arrived(j, p);
	return p->kind == JITTER_NOISE ? put_noise(j, p, lead) : put_voice(j, p, lead, map);
}

/* How many marks in a row, at most `n`, are `mark`. */
static size_t run(const uint8_t *marks, uint8_t mark, size_t n)
{
	const uint64_t eight = mark * 0x0101010101010101ull;
	uint64_t word;
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		memcpy(&word, marks + i, sizeof word);
		if (word != eight)
			break;
	}
	while (i < n && marks[i] == mark)
		i++;
	return i;
}

size_t jitter_ready(struct jitter *j)
{
	if (j->running && j->owed)
		jitter_slip(j, 1);
	return jitter_present(j);
}

size_t jitter_present(const struct jitter *j)
{
	size_t i = j->read % JITTER_RING, first = run(j->marks + i, JITTER_VOICE, JITTER_RING - i);
	return i + first < JITTER_RING ? first : first + run(j->marks, JITTER_VOICE, i);
}

size_t jitter_take(struct jitter *j, uint8_t *out, size_t n, enum jitter_kind *kind)
{
	size_t i = j->read % JITTER_RING;
	if (n > JITTER_RING - i)
		n = JITTER_RING - i;
	if (j->marks[i] == JITTER_VOICE) {
		n = run(j->marks + i, JITTER_VOICE, n);
		if (out)
			memcpy(out, j->octets + i, n);
		memset(j->marks + i, 0, n);
		j->gap = JITTER_LOST;
		*kind = JITTER_VOICE;
		j->gap_len = 0;
	} else {
		if (j->marks[i]) {
			j->gap = j->marks[i];
			j->noise_at = j->gap == JITTER_NOISE ? j->octets[i] : j->noise_at;
			j->marks[i] = 0;
		}
		n = run(j->marks + i, 0, n);
		*kind = j->gap;
		j->gap_len += (uint32_t)n;
		if (j->gap == JITTER_LOST && j->gap_len >= IDLE)
			j->gap = JITTER_IDLE;
	}
	j->read += (uint32_t)n;
	if ((int32_t)(j->read - j->end) > IDLE)
		j->end = j->read - IDLE;
	return n;
}

size_t jitter_get(struct jitter *j, uint8_t *out, size_t n, enum jitter_kind *kind)
{
	if (!j->running) {
		*kind = JITTER_IDLE;
		return n;
	}
	if (j->owed)
		jitter_slip(j, n);
	n = jitter_take(j, out, n, kind);
	j->stats.voice += *kind == JITTER_VOICE ? n : 0;
	j->stats.concealed += *kind == JITTER_LOST ? n : 0;
	j->stats.noise += *kind == JITTER_NOISE ? n : 0;
	jitter_passed(j, (uint32_t)n);
	return n;
}
