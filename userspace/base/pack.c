// SPDX-License-Identifier: GPL-2.0-or-later
/* A field is a tag, a length and that many bytes. The length is one byte, or LONG and four. */
#include "base/pack.h"
#include <errno.h>

#define LONG 0xff

static void put_long(struct buf *out, uint8_t tag, size_t len)
{
	uint32_t wide = (uint32_t)len;
	buf_char(out, (char)tag);
	buf_char(out, (char)LONG);
	buf_add(out, &wide, sizeof wide);
}

static inline void put(struct buf *out, uint8_t tag, struct slice value)
{
	if (value.len >= LONG) {
		put_long(out, tag, value.len);
		buf_slice(out, value);
	} else if (buf_room(out, 2 + value.len)) {
		char *p = out->p + out->len;
		p[0] = (char)tag;
		p[1] = (char)value.len;
		if (value.len)
			memcpy(p + 2, value.p, value.len);
		out->len += 2 + value.len;
	}
}

void pack_put(struct buf *out, uint8_t tag, struct slice value)
{
	put(out, tag, value);
}

size_t pack_begin(struct buf *out, uint8_t tag)
{
	put_long(out, tag, 0);
	return out->len;
}

void pack_end(struct buf *out, size_t begun)
{
	uint32_t wide = (uint32_t)(out->len - begun);
	if (!out->err)
		memcpy(out->p + begun - sizeof wide, &wide, sizeof wide);
}

int pack_next(struct slice *rest, uint8_t *tag, struct slice *value)
{
	uint32_t len;
	size_t head = 2;
	if (!rest->len)
		return 0;
	if (rest->len < head)
		return -EBADMSG;
	len = (uint8_t)rest->p[1];
	if (len == LONG) {
		head += sizeof len;
		if (rest->len < head)
			return -EBADMSG;
		memcpy(&len, rest->p + 2, sizeof len);
	}
	if (len > rest->len - head)
		return -EBADMSG;
	*tag = (uint8_t)rest->p[0];
	*value = slice_of(rest->p + head, len);
	*rest = slice_from(*rest, head + len);
	return 1;
}

/* --- fields ---------------------------------------------------------------------------------------------------------- */

static size_t without_zeroes(const char *p, size_t n)
{
	uint64_t word;
	for (; n >= sizeof word; n -= sizeof word) {
		memcpy(&word, p + n - sizeof word, sizeof word);
		if (word)
			break;
	}
	while (n && !p[n - 1])
		n--;
	return n;
}

static uint64_t number_at(const char *p, size_t size)
{
	uint64_t v = 0;
	switch (size) {
	case 1:
		memcpy(&v, p, 1);
		return v;
	case 2:
		memcpy(&v, p, 2);
		return v;
	case 4:
		memcpy(&v, p, 4);
		return v;
	default:
		memcpy(&v, p, 8);
		return v;
	}
}

static void write_number(struct buf *out, uint8_t tag, const char *p, size_t size)
{
	uint64_t v = number_at(p, size);
	if (!v || !buf_room(out, 2 + sizeof v))
		return;
	char *to = out->p + out->len;
	memcpy(to + 2, &v, sizeof v);
	while (!to[1 + size])
		size--;
	to[0] = (char)tag;
	to[1] = (char)size;
	out->len += 2 + size;
}

static struct slice value_of(const struct pack_field *f, const char *p)
{
	struct slice s;
	switch (f->type) {
	case PACK_SLICE:
		memcpy(&s, p, sizeof s);
		return s;
	case PACK_TEXT:
		return slice_of(p, *p ? strnlen(p, f->size) : 0);
	case PACK_BOOL:
		return slice_of(p, *p != 0);
	default:
		return slice_of(p, without_zeroes(p, f->size));
	}
}

void pack_write(struct buf *out, const struct pack_field *fields, size_t n, const void *record)
{
	for (const struct pack_field *f = fields; f < fields + n; f++) {
		const char *p = (const char *)record + f->offset;
		if (f->type == PACK_NUMBER) {
			write_number(out, f->tag, p, f->size);
			continue;
		}
		struct slice value = value_of(f, p);
		if (value.len)
			put(out, f->tag, value);
	}
}

static int read_field(const struct pack_field *f, char *p, struct slice value)
{
	switch (f->type) {
	case PACK_SLICE:
		memcpy(p, &value, sizeof value);
		return 0;
	case PACK_BOOL:
		if (value.len != 1 || *value.p != 1)
			return -EBADMSG;
		break;
	case PACK_TEXT:
		if (value.len >= f->size || memchr(value.p, 0, value.len))
			return -EBADMSG;
		break;
	default:
		if (value.len > f->size)
			return -EBADMSG;
	}
	memcpy(p, value.p, value.len);
	return 0;
}

int pack_read(void *record, const struct pack_field *fields, size_t n, struct slice text)
{
	uint8_t tag;
	struct slice value;
	int more = 0, err = 0;
	while (!err && (more = pack_next(&text, &tag, &value)) > 0)
		for (size_t i = 0; i < n && !err; i++)
			if (fields[i].tag == tag)
				err = read_field(&fields[i], (char *)record + fields[i].offset, value);
	return err ? err : more;
}
