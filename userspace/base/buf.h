/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An output buffer. It either writes into memory given to it (fixed) or grows by mem_regrow(). The first error
 * sticks in `err` and later writes do nothing, so that a writer checks once, at the end. */
#pragma once
#include "base/slice.h"
#include <stdarg.h>

struct buf {
	char *p;
	size_t len, cap;
	bool fixed;
	int err; /* 0, -ENOSPC (fixed and full) or -ENOMEM */
};

static inline struct buf buf_fixed(void *mem, size_t cap)
{
	return (struct buf){.p = mem, .cap = cap, .fixed = true};
}

static inline struct buf buf_growing(void)
{
	return (struct buf){0};
}

/* Frees a growing buffer's memory and makes it empty; of a fixed one, only makes it empty. */
void buf_reset(struct buf *b);
/* Makes room for `more` bytes after len when there is none; false and `err` when that cannot be had. */
bool buf_grow(struct buf *b, size_t more);

static inline bool buf_room(struct buf *b, size_t more)
{
	return !b->err && b->cap - b->len >= more ? true : buf_grow(b, more);
}

static inline void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!len || !buf_room(b, len))
		return;
	memcpy(b->p + b->len, data, len);
	b->len += len;
}

static inline void buf_char(struct buf *b, char c)
{
	if (buf_room(b, 1))
		b->p[b->len++] = c;
}

static inline void buf_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.p, s.len);
}

/* The copy of a text that is kept in the block which `b` (fixed, and large enough for all such texts) fills. */
static inline struct slice buf_keep(struct buf *b, struct slice s)
{
	size_t from = b->len;
	buf_slice(b, s);
	return slice_of(b->p + from, b->len - from);
}

static inline void buf_str(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_u64(struct buf *b, uint64_t v);
/* The bytes as lower-case hexadecimal digits. */
void buf_hex(struct buf *b, const void *data, size_t len);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Ends the text with a NUL that is not counted in len, and returns it; "" after an error. */
const char *buf_z(struct buf *b);

static inline struct slice buf_text(const struct buf *b)
{
	return slice_of(b->p, b->len);
}
