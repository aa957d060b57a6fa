// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/events.h"
#include <errno.h>

#define SEGMENT 0xffffu /* 2.5.1.3 */
#define FINALS  3       /* 2.5.1.4 */

int event_begin(struct event_sender *s, uint8_t code, uint8_t volume, uint32_t ts)
{
	if (s->state == EVENT_BEGUN || s->state == EVENT_GOES_ON)
		return -EBUSY;
	*s = (struct event_sender){.state = EVENT_BEGUN, .code = code, .volume = volume, .ts = ts, .left = FINALS};
	return 0;
}

/* An event that has not been told of yet keeps its beginning: its first packet may be its last. */
void event_end(struct event_sender *s, uint32_t ts)
{
	if (s->ending || s->state == EVENT_IDLE)
		return;
	s->end = ts;
	s->ending = true;
}

static void packet(const struct event_sender *s, uint32_t duration, bool end, struct event_packet *ret)
{
	const struct event_report r = {.code = s->code, .end = end, .volume = s->volume, .duration = (uint16_t)duration};
	ret->ts = s->ts;
	ret->marker = s->state == EVENT_BEGUN;
	event_write(&r, ret->payload);
}

bool event_send(struct event_sender *s, uint32_t now, struct event_packet *ret)
{
	if (s->state == EVENT_IDLE)
		return false;
	uint32_t duration = (s->ending ? s->end : now) - s->ts;
	*ret = (struct event_packet){.instead = !s->ending || s->left == FINALS};
	if (duration > SEGMENT) { /* told of once: where the next segment begins says the same */
		packet(s, SEGMENT, false, ret);
		s->ts += SEGMENT;
		s->state = EVENT_GOES_ON;
		return true;
	}
	packet(s, duration ? duration : 1, s->ending, ret);
	s->state = s->ending ? EVENT_ENDED : EVENT_GOES_ON;
	if (s->ending && !--s->left)
		s->state = EVENT_IDLE;
	return true;
}
