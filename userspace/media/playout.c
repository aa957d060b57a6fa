// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/playout.h"
#include <string.h>

#define CHUNK        160
#define DTMF_LEVEL   (-7)  /* dBm0 of each frequency when the sender does not say */
#define DTMF_WEAKEST (-20) /* what every receiver hears (Q.24) */

void playout_init(struct playout *p, enum law law, const struct jitter_config *config)
{
	jitter_init(&p->jitter, config);
	event_player_init(&p->events);
	conceal_init(&p->conceal, law);
	comfort_init(&p->comfort, 1);
	p->noise = (struct comfort_noise){.level = COMFORT_SILENCE};
	p->law = law;
	p->transparent = false;
	p->flashes = 0;
	p->code = EVENT_NONE;
}

void playout_moved(struct playout *p)
{
	p->player.tone = &p->tone;
}

void playout_transparent(struct playout *p)
{
	p->transparent = true;
	jitter_fix(&p->jitter);
}

void playout_put(struct playout *p, const struct playout_packet *k)
{
	static const enum jitter_kind kinds[] = {[PLAYOUT_NOISE] = JITTER_NOISE, [PLAYOUT_EVENT] = JITTER_EVENT,
		[PLAYOUT_PCMU] = JITTER_VOICE, [PLAYOUT_PCMA] = JITTER_VOICE, [PLAYOUT_CLEAR] = JITTER_VOICE};
	const enum law other = p->law == LAW_U ? LAW_A : LAW_U;
	const bool convert = k->format == (other == LAW_U ? PLAYOUT_PCMU : PLAYOUT_PCMA);
	const struct jitter_packet j = {.ssrc = k->ssrc, .timestamp = k->timestamp, .arrival = k->arrival, .ahead = k->ahead, .seq = k->seq, .marker = k->marker,
		.kind = kinds[k->format], .payload = k->payload, .len = k->len};
	jitter_put(&p->jitter, &j, convert ? law_other[other] : NULL);
	if (k->format == PLAYOUT_EVENT)
		event_hear(&p->events, k->ssrc, k->timestamp, k->marker, k->payload, k->len);
	else if (p->events.count)
		event_audio(&p->events, k->ssrc, k->timestamp);
}

static void make_noise(struct playout *p, uint8_t *out, size_t n)
{
	int16_t linear[CHUNK];
	const struct comfort_noise *noise = jitter_noise(&p->jitter);
	if (memcmp(&p->noise, noise, sizeof *noise)) {
		p->noise = *noise;
		comfort_set(&p->comfort, noise);
	}
	for (size_t part; n; out += part, n -= part) {
		part = n < CHUNK ? n : CHUNK;
		comfort_make(&p->comfort, linear, part);
		law_encode(p->law, out, linear, part);
	}
}

static void fill(struct playout *p, uint8_t *out, size_t n, enum jitter_kind kind)
{
	if (kind == JITTER_VOICE && !p->transparent)
		conceal_heard(&p->conceal, out, n);
	else if (kind == JITTER_LOST && !p->transparent)
		conceal_fill(&p->conceal, out, n);
	else if (kind == JITTER_NOISE && !p->transparent)
		make_noise(p, out, n);
	else if (kind != JITTER_VOICE)
		memset(out, law_idle[p->law], n);
}

/* The two frequencies of a key, of the power its sender measured. */
static void dial(struct playout *p, int code)
{
	static const char layout[] = "123A456B789C*0#D";
	static const uint16_t rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
	const unsigned at = (unsigned)(strchr(layout, event_key(code)) - layout);
	const int volume = event_volume(&p->events), level = volume ? -volume - 3 : DTMF_LEVEL;
	p->tone = (struct tone){.level = level < DTMF_WEAKEST ? DTMF_WEAKEST : level, .count = 1};
	p->tone.step[0] = (struct tone_step){.hz = {rows[at / 4], columns[at % 4]}};
	tone_start(&p->player, &p->tone);
}

static void begin(struct playout *p, int code)
{
	p->code = code;
	if (code == EVENT_FLASH)
		p->flashes++;
	else if (code >= 0)
		dial(p, code);
}

/* Lays an event over what the buffer gave: it is played alone, whether audio came with it or not (RFC 4733 2.5.2.2). */
static void overlay(struct playout *p, uint8_t *out, size_t n, int code)
{
	int16_t linear[CHUNK];
	if (code < 0 || code == EVENT_FLASH) {
		memset(out, law_idle[p->law], n);
		return;
	}
	for (size_t part; n; out += part, n -= part) {
		part = n < CHUNK ? n : CHUNK;
		tone_make(&p->player, linear, part);
		law_encode(p->law, out, linear, part);
	}
}

static void play_events(struct playout *p, uint8_t *out, size_t n)
{
	while (n) {
		int code;
		size_t part = event_play(&p->events, n, &code);
		if (code != p->code)
			begin(p, code);
		if (code != EVENT_NONE)
			overlay(p, out, part, code);
		out += part;
		n -= part;
	}
}

static bool plays_events(const struct playout *p)
{
	return p->events.count || p->events.pause || p->code != EVENT_NONE;
}

size_t playout_ready(struct playout *p)
{
	return plays_events(p) ? 0 : jitter_ready(&p->jitter);
}

void playout_get(struct playout *p, uint8_t *out, size_t n)
{
	for (size_t at = 0, part; at < n; at += part) {
		enum jitter_kind kind;
		part = jitter_get(&p->jitter, out + at, n - at, &kind);
		fill(p, out + at, part, kind);
	}
	if (plays_events(p))
		play_events(p, out, n);
}
