/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of fields, for what is kept in a store: a table says which member of a struct goes under which tag. Zero values are left out, and
 * tags that a reader does not know are passed over, so that a field more is a row more on either side. A machine reads only what it
 * wrote itself: numbers are in its own byte order. */
#pragma once
#include "base/buf.h"

enum pack_type {
	PACK_NUMBER, /* an unsigned or signed integer, or an enum, of its size */
	PACK_BOOL,
	PACK_TEXT,  /* a char array with its NUL */
	PACK_SLICE, /* a struct slice: absent and empty are the same; what is read points into the record */
	PACK_BYTES, /* as they are, zeroes at the end left out */
};

struct pack_field {
	uint8_t tag; /* not 0, unique in its table */
	uint8_t type;
	uint16_t offset, size;
};

#define PACK_FIELD(tag, type, record, member) {tag, type, offsetof(record, member), sizeof(((record *)0)->member)}

/* Appends the fields of `record`. */
void pack_write(struct buf *out, const struct pack_field *fields, size_t n, const void *record);
/* Fills a zeroed `record`: 0, or -EBADMSG when this is no record or a value does not fit. */
int pack_read(void *record, const struct pack_field *fields, size_t n, struct slice text);

/* One field by hand: a value that is not a struct's. */
void pack_put(struct buf *out, uint8_t tag, struct slice value);
/* A field that holds fields: what is appended between the two is its value. */
size_t pack_begin(struct buf *out, uint8_t tag);
void pack_end(struct buf *out, size_t begun);
/* Walks the fields of a record: 1 with tag and value, 0 at the end, -EBADMSG. */
int pack_next(struct slice *rest, uint8_t *tag, struct slice *value);
