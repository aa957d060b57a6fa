// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/q931.h"

#define CHANNEL          0x18
#define CALLED           0x70
#define RESTART          0x79
#define SENDING_COMPLETE 0xa1

/* In frames of information and unnumbered information (Q.921 3.6). */
struct slice q931_message(const uint8_t *frame, size_t n)
{
	size_t header = n >= 3 && (frame[2] & 3) == 3 ? 3 : 4;
	bool carries = n > header && (!(frame[2] & 1) || (frame[2] & 0xef) == 0x03);
	return carries ? slice_of((const char *)frame + header, n - header) : SLICE_NONE;
}

/* The information elements of a message (4.5.1), after discriminator, call reference and type. */
static struct slice elements_of(struct slice message)
{
	size_t reference = message.len > 1 ? (uint8_t)message.p[1] & 15 : 0;
	return message.len > 3 + reference ? slice_from(message, 3 + reference) : SLICE_NONE;
}

int q931_next_element(struct slice *rest, struct slice *contents)
{
	if (slice_empty(*rest))
		return -1;
	uint8_t id = (uint8_t)rest->p[0];
	*contents = SLICE_NONE;
	if (id & 0x80) {
		*rest = slice_from(*rest, 1);
		return id;
	}
	size_t len = rest->len > 1 ? (uint8_t)rest->p[1] : 0;
	if (rest->len < 2 + len)
		return -1;
	*contents = slice_of(rest->p + 2, len);
	*rest = slice_from(*rest, 2 + len);
	return id;
}

/* The contents of an element; empty when it is not there. */
static struct slice element(const uint8_t *frame, size_t n, int which)
{
	struct slice rest = elements_of(q931_message(frame, n)), contents;
	for (int id; (id = q931_next_element(&rest, &contents)) >= 0;)
		if (id == which)
			return contents;
	return SLICE_NONE;
}

bool q931_head(const uint8_t *frame, size_t n, struct q931_head *ret)
{
	struct slice m = q931_message(frame, n);
	const uint8_t *p = (const uint8_t *)m.p;
	if (m.len < 5 || p[0] != 0x08 || (p[1] & 15) != 2)
		return false;
	*ret = (struct q931_head){.type = p[4], .reference = (unsigned)(p[2] & 0x7f) << 8 | p[3], .answers = p[2] & 0x80};
	return true;
}

/* Octet 4 of a cause or progress indicator, after octet 3 and its extension. */
static const char *value_octet(const uint8_t *frame, size_t n, enum q931_element which)
{
	struct slice contents = element(frame, n, which);
	size_t at = contents.len && !(contents.p[0] & 0x80) ? 2 : 1;
	return contents.len > at ? contents.p + at : NULL;
}

unsigned q931_cause(const uint8_t *frame, size_t n)
{
	const char *octet = value_octet(frame, n, Q931_CAUSE);
	return octet ? *octet & 0x7f : 0;
}

void q931_set_value(uint8_t *frame, size_t n, enum q931_element which, unsigned value)
{
	const char *octet = value_octet(frame, n, which);
	if (octet)
		frame[octet - (const char *)frame] = (uint8_t)(0x80 | value);
}

size_t q931_complete(uint8_t *out, const uint8_t *frame, size_t n)
{
	struct q931_head head;
	struct slice called = element(frame, n, CALLED);
	if (!q931_head(frame, n, &head) || head.type != Q931_INFORMATION || called.len != 2 || !((uint8_t)called.p[1] & Q931_LAST_DIGIT))
		return 0;
	size_t at = (size_t)(elements_of(q931_message(frame, n)).p - (const char *)frame);
	uint8_t digit = (uint8_t)called.p[1] & (Q931_LAST_DIGIT - 1);
	memcpy(out, frame, at);
	out[at++] = SENDING_COMPLETE;
	if (digit) {
		const uint8_t last[] = {CALLED, 2, (uint8_t)called.p[0], digit};
		memcpy(out + at, last, sizeof(last));
		at += sizeof(last);
	}
	return at;
}

bool q931_has_progress(const uint8_t *frame, size_t n, unsigned description)
{
	struct slice rest = elements_of(q931_message(frame, n)), contents;
	for (int id; (id = q931_next_element(&rest, &contents)) >= 0;)
		if (id == Q931_PROGRESS_INDICATOR && contents.len >= 2 && ((uint8_t)contents.p[1] & 0x7f) == description)
			return true;
	return false;
}

enum q931_class q931_restart_class(const uint8_t *frame, size_t n, int *interface)
{
	struct slice indicator = element(frame, n, RESTART), channel = element(frame, n, CHANNEL);
	bool named = channel.len > 1 && (uint8_t)channel.p[0] & 0x40;
	unsigned class = indicator.len ? (uint8_t)indicator.p[0] & 7 : Q931_CHANNELS;
	*interface = named ? (uint8_t)channel.p[1] & 0x7f : -1;
	return class == Q931_INTERFACE || class == Q931_ALL ? class : Q931_CHANNELS;
}
