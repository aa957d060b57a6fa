// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/events.h"
#include <errno.h>
#include <string.h>

#define END_BIT 0x80
#define VOLUME  0x3f

static const char keys[] = "0123456789*#ABCD!";

int event_read(struct event_report *ret, const uint8_t *payload, size_t len)
{
	if (len < EVENT_PAYLOAD)
		return -EBADMSG;
	ret->code = payload[0];
	ret->end = payload[1] & END_BIT;
	ret->volume = payload[1] & VOLUME;
	ret->duration = (uint16_t)(payload[2] << 8 | payload[3]);
	return 0;
}

void event_write(const struct event_report *r, uint8_t out[EVENT_PAYLOAD])
{
	out[0] = r->code;
	out[1] = (uint8_t)((r->end ? END_BIT : 0) | (r->volume & VOLUME));
	out[2] = (uint8_t)(r->duration >> 8);
	out[3] = (uint8_t)r->duration;
}

char event_key(int code)
{
	return code >= 0 && code <= EVENT_FLASH ? keys[code] : '\0';
}

int event_code(char key)
{
	const char *at = key ? strchr(keys, key >= 'a' && key <= 'd' ? key - 'a' + 'A' : key) : NULL;
	return at ? (int)(at - keys) : -ENOENT;
}
