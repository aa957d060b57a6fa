// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/q931.h"

#define PROGRESS 0x1e

/* The message in a frame of information (Q.921 3.6.1) or unnumbered information; empty: none. */
static struct slice message_of(const uint8_t *frame, size_t n)
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

/* Cuts the next element off *rest: its identifier, and its contents in *contents; -1 at the end, or when it is cut short. */
static int next_element(struct slice *rest, struct slice *contents)
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

bool q931_has_progress(const uint8_t *frame, size_t n, unsigned description)
{
	struct slice rest = elements_of(message_of(frame, n)), contents;
	for (int id; (id = next_element(&rest, &contents)) >= 0;)
		if (id == PROGRESS && contents.len >= 2 && ((uint8_t)contents.p[1] & 0x7f) == description)
			return true;
	return false;
}

void q921_print(struct buf *out, const uint8_t *octets, size_t n)
{
	buf_hex(out, octets, n);
}
