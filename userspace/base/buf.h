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
void buf_add(struct buf *b, const void *data, size_t len);
void buf_char(struct buf *b, char c);
void buf_slice(struct buf *b, struct slice s);
void buf_str(struct buf *b, const char *z);
void buf_u64(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Ends the text with a NUL that is not counted in len, and returns it; "" after an error. */
const char *buf_z(struct buf *b);

static inline struct slice buf_text(const struct buf *b)
{
	return slice_of(b->p, b->len);
}
