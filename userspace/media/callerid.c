// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/callerid.h"
#include <ctype.h>
#include <errno.h>

/* Message types, and those of their parameters (GR-30, EN 300 659-3 5.4). */
enum {
	SDMF = 0x04,
	MDMF = 0x80,
	SDMF_WAITING = 0x06, /* GR-1401 */
	MDMF_WAITING = 0x82,
	TIME = 0x01,
	NUMBER = 0x02,
	NUMBER_ABSENT = 0x04,
	NAME = 0x07,
	NAME_ABSENT = 0x08,
	INDICATOR = 0x0b, /* 0: off, else on */
	TIME_LEN = 8,
};

static bool one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static void copy_text(char *out, size_t size, struct slice in, bool number)
{
	size_t n = 0;
	for (size_t i = 0; i < in.len && n < size - 1; i++) {
		char c = in.p[i];
		if (number ? isdigit((unsigned char)c) || one_of(c, "+*#") : c >= ' ' && c < 0x7f)
			out[n++] = c;
	}
	out[n] = '\0';
}

static enum caller_id_absence absence(struct slice reason)
{
	return reason.len && reason.p[0] == 'P' ? CALLER_ID_PRIVATE : CALLER_ID_UNAVAILABLE;
}

static void read_parameter(struct caller_id *c, uint8_t type, struct slice value)
{
	switch (type) {
	case TIME:
		copy_text(c->time, sizeof c->time, value, true);
		break;
	case NUMBER:
		copy_text(c->number, sizeof c->number, value, true);
		break;
	case NUMBER_ABSENT:
		c->number_absent = absence(value);
		break;
	case NAME:
		copy_text(c->name, sizeof c->name, value, false);
		break;
	case NAME_ABSENT:
		c->name_absent = absence(value);
		break;
	case INDICATOR:
		if (value.len)
			c->waiting = value.p[0] ? CALLER_ID_MESSAGES : CALLER_ID_NO_MESSAGES;
		break;
	}
}

static int read_mdmf(struct caller_id *c, struct slice body)
{
	while (body.len) {
		if (body.len < 2 || (uint8_t)body.p[1] > body.len - 2)
			return -EBADMSG;
		struct slice value = slice_of(body.p + 2, (uint8_t)body.p[1]);
		read_parameter(c, (uint8_t)body.p[0], value);
		body = slice_from(body, 2 + value.len);
	}
	return 0;
}

/* The time, and behind it the number or why there is none. */
static int read_sdmf(struct caller_id *c, struct slice body)
{
	if (body.len < TIME_LEN)
		return -EBADMSG;
	read_parameter(c, TIME, slice_of(body.p, TIME_LEN));
	body = slice_from(body, TIME_LEN);
	bool reason = body.len == 1 && (body.p[0] == 'P' || body.p[0] == 'O');
	read_parameter(c, reason ? NUMBER_ABSENT : NUMBER, body);
	return 0;
}

/* Three times the same letter. */
static int read_old_waiting(struct caller_id *c, struct slice body)
{
	if (slice_eq(body, SLICE("BBB")))
		c->waiting = CALLER_ID_MESSAGES;
	else if (slice_eq(body, SLICE("ooo")))
		c->waiting = CALLER_ID_NO_MESSAGES;
	return c->waiting ? 0 : -EBADMSG;
}

static int read_waiting(struct caller_id *c, struct slice body)
{
	int err = read_mdmf(c, body);
	return err ? err : c->waiting ? 0 : -EBADMSG;
}

static int read_body(struct caller_id *c, uint8_t type, struct slice body)
{
	int err;
	switch (type) {
	case MDMF:
		err = read_mdmf(c, body);
		c->waiting = CALLER_ID_CALL;
		return err;
	case SDMF:
		return read_sdmf(c, body);
	case MDMF_WAITING:
		return read_waiting(c, body);
	case SDMF_WAITING:
		return read_old_waiting(c, body);
	default:
		return -EBADMSG;
	}
}

int caller_id_read(struct caller_id *ret, const uint8_t *msg, size_t len)
{
	struct caller_id c = {0};
	if (len < 2 || msg[1] > len - 2)
		return -EBADMSG;
	int rc = read_body(&c, msg[0], slice_of((const char *)msg + 2, msg[1]));
	if (!rc)
		*ret = c;
	return rc;
}

static size_t add(uint8_t *out, size_t at, uint8_t type, const char *value)
{
	size_t len = strlen(value), room = CALLER_ID_MESSAGE - at;
	if (!len || room < 3)
		return at;
	if (len > room - 2)
		len = room - 2;
	out[at] = type;
	out[at + 1] = (uint8_t)len;
	memcpy(out + at + 2, value, len);
	return at + 2 + len;
}

static size_t add_or_reason(uint8_t *out, size_t at, uint8_t type, const char *value, uint8_t absent, enum caller_id_absence why)
{
	if (*value)
		return add(out, at, type, value);
	return why == CALLER_ID_KNOWN ? at : add(out, at, absent, why == CALLER_ID_PRIVATE ? "P" : "O");
}

size_t caller_id_write(const struct caller_id *c, uint8_t out[CALLER_ID_MESSAGE])
{
	const uint8_t on = c->waiting == CALLER_ID_MESSAGES ? 0xff : 0;
	if (c->waiting) {
		memcpy(out, (const uint8_t[]){MDMF_WAITING, 3, INDICATOR, 1, on}, 5);
		return 5;
	}
	size_t at = add(out, 2, TIME, c->time);
	at = add_or_reason(out, at, NUMBER, c->number, NUMBER_ABSENT, c->number_absent);
	at = add_or_reason(out, at, NAME, c->name, NAME_ABSENT, c->name_absent);
	out[0] = MDMF;
	out[1] = (uint8_t)(at - 2);
	return at;
}

int caller_id_digits(struct caller_id *ret, struct slice digits)
{
	struct caller_id c = {0};
	if (digits.len < 2 || !one_of(digits.p[0], "ABD") || !one_of(digits.p[digits.len - 1], "C#"))
		return -EBADMSG;
	struct slice body = slice_of(digits.p + 1, digits.len - 2);
	for (size_t i = 0; i < body.len; i++)
		if (!isdigit((unsigned char)body.p[i]))
			return -EBADMSG;
	/* Why there is no number. D begins numbers elsewhere, which have more digits. */
	if (digits.p[0] == 'B' || (digits.p[0] == 'D' && body.len == 1))
		c.number_absent = slice_eq(body, SLICE("10")) || slice_eq(body, SLICE("1")) ? CALLER_ID_PRIVATE : CALLER_ID_UNAVAILABLE;
	else
		copy_text(c.number, sizeof c.number, body, true);
	*ret = c;
	return 0;
}
