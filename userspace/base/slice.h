/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A slice points into text that somebody else owns (usually a received message) and is passed by value.
 * It is not NUL-terminated; print it with SLICE_FMT and SLICE_ARG. An absent value has p == NULL. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t len;
};

#define SLICE(lit)       ((struct slice){("" lit), sizeof(lit) - 1})
#define SLICE_NONE       ((struct slice){NULL, 0})
#define SLICE_FMT        "%.*s"
#define SLICE_ARG(s)     (int)(s).len, (s).p ? (s).p : ""

static inline struct slice slice_of(const char *p, size_t len)
{
	return (struct slice){p, len};
}

static inline struct slice slice_str(const char *z)
{
	return (struct slice){z, z ? strlen(z) : 0};
}

static inline bool slice_is_set(struct slice s)
{
	return s.p != NULL;
}

static inline bool slice_empty(struct slice s)
{
	return s.len == 0;
}

static inline const char *slice_end(struct slice s)
{
	return s.p + s.len;
}

/* The part of `s` from byte `from` on; empty at the end when `from` is past it. */
static inline struct slice slice_from(struct slice s, size_t from)
{
	return from >= s.len ? slice_of(s.p + s.len, 0) : slice_of(s.p + from, s.len - from);
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

/* ASCII case-insensitive. */
bool slice_caseeq(struct slice a, struct slice b);
int slice_cmp(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_casestarts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
static inline bool slice_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without spaces, tabs, CR and LF at both ends. */
static inline struct slice slice_trim(struct slice s)
{
	while (s.len && slice_space(s.p[s.len - 1]))
		s.len--;
	while (s.len && slice_space(s.p[0]))
		s.p++, s.len--;
	return s;
}

/* Offset of the first `c`, or -1. */
static inline ptrdiff_t slice_find(struct slice s, char c)
{
	const char *at = s.len ? memchr(s.p, c, s.len) : NULL;
	return at ? at - s.p : -1;
}

ptrdiff_t slice_search(struct slice s, struct slice what);
/* Cuts *s at the first `sep`: returns the part before it and leaves in *s the part after; without `sep` returns
 * all and leaves *s absent (p == NULL). Calling it on an absent slice returns an absent slice. */
struct slice slice_cut(struct slice *s, char sep);
/* The next line without its CRLF, LF or CR; *s moves past it; absent once *s is empty. */
struct slice slice_line(struct slice *s);
/* Whole slice as decimal: 0, or -EINVAL when it is empty, not all digits, or over `max`. *ret only on success. */
int slice_u64(struct slice s, uint64_t max, uint64_t *ret);
int slice_u32(struct slice s, uint32_t *ret);
int slice_u16(struct slice s, uint16_t *ret);
int slice_hex32(struct slice s, uint32_t *ret);
/* Copies as a C string of at most size bytes with its NUL: 0, or -ENOSPC (dst is then empty). */
int slice_copy(struct slice s, char *dst, size_t size);
/* A mem_free()-able C string, NULL when memory is out. */
char *slice_dup(struct slice s);
/* Equal for equal text, by slice_caseeq() when `fold`. Records in stores hold it: the function stays as it is. */
uint32_t slice_hash(struct slice s, bool fold);
/* A checksum that notices damage, faster than a hash. Records in stores hold it: it stays as it is. */
uint32_t slice_sum(struct slice s);
