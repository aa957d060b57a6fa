// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/events.h"

#define SEGMENT   0xffffu /* 2.5.1.3 */
#define LATE      0x10000u /* an event so much older than the newest is none that comes late: its sender's time began anew */
#define LEAST     320     /* what a DTMF receiver must be able to tell, and the pause it needs (ITU-T Q.24) */
#define UPDATES   400     /* packet time as long as none was seen: 2.5.1.2 */
#define UPDATES_MIN 80
#define UPDATES_MAX 1600
#define EXTENDED  3       /* packet times: 2.5.2.2 */

void event_player_init(struct event_player *p)
{
	*p = (struct event_player){.interval = UPDATES, .least = LEAST};
}

static struct event_playing *newest(struct event_player *p)
{
	return p->count ? &p->queue[(p->first + p->count - 1) % EVENT_QUEUE] : NULL;
}

static void source(struct event_player *p, uint32_t ssrc)
{
	struct event_playing *e = newest(p);
	if (ssrc == p->ssrc)
		return;
	p->ssrc = ssrc;
	p->known = p->beside = false;
	if (e)
		e->ended = true;
}

static void update(struct event_player *p, struct event_playing *e, const struct event_report *r)
{
	if (e->by_audio && r->duration > e->duration) { /* it goes on: that was no audio in its place */
		e->ended = e->by_audio = false;
		p->beside = true;
	}
	if (e->ended)
		return;
	if (r->duration > e->duration) {
		uint32_t more = r->duration - e->duration;
		if (e->duration)
			p->interval = more < UPDATES_MIN ? UPDATES_MIN : more > UPDATES_MAX ? UPDATES_MAX : more;
		e->duration = r->duration;
	}
	e->volume = r->volume;
	e->ended = r->end;
}

/* Whether a report at a later time is of the event's next segment: nothing lies between them. */
static bool goes_on(const struct event_playing *e, const struct event_report *r, uint32_t ts, bool marker)
{
	uint32_t after = ts - e->ts;
	return !e->ended && r->code == e->code && !marker && (after == SEGMENT || after == e->duration);
}

static void begin(struct event_player *p, const struct event_report *r, uint32_t ts)
{
	if (p->count == EVENT_QUEUE) {
		p->dropped++;
		return;
	}
	p->events++;
	p->queue[(p->first + p->count++) % EVENT_QUEUE] =
		(struct event_playing){.ts = ts, .duration = r->duration, .code = r->code, .volume = r->volume, .ended = r->end};
}

static void report(struct event_player *p, const struct event_report *r, uint32_t ts, bool marker)
{
	struct event_playing *e = newest(p);
	uint32_t late = p->last_ts - ts;
	if (p->known && late < LATE) {
		if (!late && e && e->ts == ts && e->code == r->code)
			update(p, e, r);
		return;
	}
	if (!r->duration || r->code > EVENT_FLASH) /* 2.3.5 */
		return;
	p->known = true;
	p->last_ts = ts;
	if (e && goes_on(e, r, ts, marker)) {
		e->before += ts - e->ts;
		e->ts = ts;
		e->duration = 0;
		update(p, e, r);
		return;
	}
	if (e)
		e->ended = true;
	begin(p, r, ts);
}

void event_hear(struct event_player *p, uint32_t ssrc, uint32_t ts, bool marker, const uint8_t *payload, size_t len)
{
	struct event_report r;
	source(p, ssrc);
	for (; !event_read(&r, payload, len); payload += EVENT_PAYLOAD, len -= EVENT_PAYLOAD) {
		report(p, &r, ts, marker);
		ts += r.duration;
	}
}

void event_audio(struct event_player *p, uint32_t ssrc, uint32_t ts)
{
	struct event_playing *e = newest(p);
	source(p, ssrc);
	if (!e || e->ended || (int32_t)(ts - e->ts) <= 0)
		return;
	if (ts - e->ts < e->duration) {
		p->beside = true;
	} else if (!p->beside) {
		uint32_t most = e->duration + EXTENDED * p->interval;
		e->duration = ts - e->ts < most ? ts - e->ts : most;
		e->ended = e->by_audio = true;
	}
}

/* How long an event is played in all, as far as is known. */
static uint32_t length(const struct event_player *p, const struct event_playing *e)
{
	uint32_t known = e->before + e->duration;
	if (known < p->least)
		known = p->least;
	return e->ended ? known : known + EXTENDED * p->interval;
}

static void finish(struct event_player *p)
{
	p->lapsed += !p->queue[p->first].ended;
	p->first = (p->first + 1) % EVENT_QUEUE;
	p->count--;
	p->played = 0;
	p->pause = p->least;
}

size_t event_play(struct event_player *p, size_t n, int *code)
{
	if (p->count && !p->pause && p->played >= length(p, &p->queue[p->first]))
		finish(p);
	if (p->pause) {
		n = n < p->pause ? n : p->pause;
		p->pause -= (uint32_t)n;
		*code = p->count ? EVENT_PAUSE : EVENT_NONE;
		return n;
	}
	if (!p->count) {
		*code = EVENT_NONE;
		return n;
	}
	const struct event_playing *e = &p->queue[p->first];
	uint32_t left = length(p, e) - p->played;
	n = n < left ? n : left;
	p->played += (uint32_t)n;
	*code = e->code;
	return n;
}

uint8_t event_volume(const struct event_player *p)
{
	return p->count ? p->queue[p->first].volume : 0;
}
