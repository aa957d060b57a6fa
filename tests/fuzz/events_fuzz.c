// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone-events (RFC 4733): payloads of any content at any time; what is played is an event, a pause or nothing, and ends. */
#include "media/events.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int play(struct event_player *p, unsigned n)
{
	int code = EVENT_NONE;
	while (n) {
		size_t got = event_play(p, n, &code);
		assert(got >= 1 && got <= n && code >= EVENT_PAUSE && code <= EVENT_FLASH);
		n -= (unsigned)got;
	}
	return code;
}

/* Records of three bytes (flags and length, time, octets to play) and a payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_player p;
	event_player_init(&p);
	while (size >= 3) {
		size_t len = data[0] & 15;
		uint32_t ts = data[1] * 160u;
		if (len > size - 3)
			len = size - 3;
		if (data[0] & 64)
			event_audio(&p, data[0] >> 7, ts);
		else
			event_hear(&p, data[0] >> 7, ts, data[0] >> 5 & 1, data + 3, len);
		play(&p, data[2] * 8u);
		data += 3 + len;
		size -= 3 + len;
	}
	for (unsigned i = 0; i < 100 && p.count; i++)
		play(&p, 1u << 23);
	assert(!p.count && play(&p, 8000) == EVENT_NONE);
	return 0;
}
