// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>

bool buf_grow(struct buf *b, size_t more)
{
	if (b->err)
		return false;
	if (b->fixed) {
		b->err = -ENOSPC;
		return false;
	}
	size_t cap = b->cap ? b->cap : 256;
	while (cap - b->len < more)
		cap *= 2;
	char *p = mem_regrow(b->p, cap);
	if (!p) {
		b->err = -ENOMEM;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void buf_reset(struct buf *b)
{
	if (!b->fixed) {
		mem_free(b->p);
		b->p = NULL;
		b->cap = 0;
	}
	b->len = 0;
	b->err = 0;
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[20], *p = digits + sizeof digits;
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

void buf_hex(struct buf *b, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = data;
	if (!buf_room(b, 2 * len))
		return;
	for (size_t i = 0; i < len; i++) {
		b->p[b->len++] = digits[from[i] >> 4];
		b->p[b->len++] = digits[from[i] & 15];
	}
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	if (!b->p)
		buf_room(b, 1); /* so that most text is formatted once */
	int n = vsnprintf(b->err || !b->p ? NULL : b->p + b->len, b->err ? 0 : b->cap - b->len, fmt, ap);
	if (n < 0)
		b->err = -EINVAL;
	else if (!b->err && (size_t)n >= b->cap - b->len && buf_room(b, (size_t)n + 1))
		vsnprintf(b->p + b->len, b->cap - b->len, fmt, again);
	if (!b->err)
		b->len += (size_t)n;
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *buf_z(struct buf *b)
{
	if (!buf_room(b, 1))
		return "";
	b->p[b->len] = '\0';
	return b->p;
}
