/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Telephone-events (RFC 4733): digits in packets of their own, noticed as they pass. One event is many packets with one RTP timestamp, the last of them
 * sent three times with the E bit: it is told of once when it begins and once when it ends, whichever of them are lost, repeated or late.
 * An event whose end is lost altogether ends when the next one begins. */
#pragma once
#include "tandem/access.h"
#include "tandem/rtp.h"

#define TANDEM_DTMF_PAYLOAD 4u
#define TANDEM_DTMF_SEGMENT 0xffffu /* what a segment of a longer event lasts (2.5.1.3) */
/* Events so much older than the last one are none that come late but those of a sender that began anew. */
#define TANDEM_DTMF_LATE    0x10000u

/* What one packet tells, in this order: that an event ended, that one began, and that this one ended. */
struct tandem_dtmf_news {
	struct {
		__u32 kind, value; /* as in struct tandem_event */
	} event[3];
	__u32 n;
};

/* Whether an accepted packet is a telephone-event; `pt` may have the marker in its highest bit. */
TANDEM_INLINE int tandem_dtmf_is(const struct tandem_in *in, __u8 pt)
{
	return (pt | TANDEM_EVENT_PT) == in->event_pt;
}

TANDEM_INLINE void tandem_dtmf_tell(struct tandem_dtmf_news *news, __u32 kind, __u32 value)
{
	if (news->n >= 3)
		return;
	news->event[news->n].kind = kind;
	news->event[news->n].value = value;
	news->n++;
}

TANDEM_INLINE void tandem_dtmf_end(struct tandem_policy *s, struct tandem_dtmf_news *news)
{
	__u32 duration = TANDEM_GET(s->event_before) + TANDEM_GET(s->event_duration);
	TANDEM_PUT(s->event_state, TANDEM_DTMF_ENDED);
	tandem_dtmf_tell(news, TANDEM_EV_DTMF_END, (__u32)TANDEM_GET(s->event_code) << 24 | (duration < 0xffffff ? duration : 0xffffff));
}

/* Whether an event at a later timestamp is the current one's next segment: nothing lies between them (2.5.2.3). Of a segment whose last packets
 * were lost the end is known by its length. */
TANDEM_INLINE int tandem_dtmf_goes_on(const struct tandem_policy *s, const struct tandem_packet *p, __u8 code)
{
	__u32 after = p->timestamp - TANDEM_GET(s->event_ts);
	return TANDEM_GET(s->event_state) == TANDEM_DTMF_BEGUN && code == TANDEM_GET(s->event_code) && !p->marker &&
	       (after == TANDEM_DTMF_SEGMENT || after == TANDEM_GET(s->event_duration));
}

/* Takes an accepted packet for which tandem_dtmf_is(): `payload` is its payload's first four bytes as a number (event, E bit and volume, duration). What
 * there is to tell is in *news. Written by whoever counts the packet in the stream's statistics, as those are. */
TANDEM_INLINE void tandem_dtmf_hear(struct tandem_policy *s, const struct tandem_packet *p, __u32 payload, struct tandem_dtmf_news *news)
{
	const __u8 code = (__u8)(payload >> 24);
	const __u16 duration = (__u16)payload;
	const int e = payload >> 23 & 1;
	news->n = 0;
	if (TANDEM_GET(s->event_state) != TANDEM_DTMF_NONE) {
		__u32 late = TANDEM_GET(s->event_ts) - p->timestamp;
		if (late && late < TANDEM_DTMF_LATE)
			return;
		if (!late && (TANDEM_GET(s->event_state) == TANDEM_DTMF_ENDED || code != TANDEM_GET(s->event_code)))
			return;
		if (late && tandem_dtmf_goes_on(s, p, code)) {
			__u32 before = TANDEM_GET(s->event_before) + (p->timestamp - TANDEM_GET(s->event_ts));
			TANDEM_PUT(s->event_before, before < 0x1000000 ? before : 0x1000000);
			TANDEM_PUT(s->event_ts, p->timestamp);
			TANDEM_PUT(s->event_duration, 0);
		} else if (late && TANDEM_GET(s->event_state) == TANDEM_DTMF_BEGUN) {
			tandem_dtmf_end(s, news);
		}
	}
	if (TANDEM_GET(s->event_state) != TANDEM_DTMF_BEGUN) {
		TANDEM_PUT(s->event_state, TANDEM_DTMF_BEGUN);
		TANDEM_PUT(s->event_ts, p->timestamp);
		TANDEM_PUT(s->event_code, code);
		TANDEM_PUT(s->event_before, 0);
		TANDEM_PUT(s->event_duration, 0);
		tandem_dtmf_tell(news, TANDEM_EV_DTMF, code);
	}
	if (duration > TANDEM_GET(s->event_duration))
		TANDEM_PUT(s->event_duration, duration);
	if (e)
		tandem_dtmf_end(s, news);
}
