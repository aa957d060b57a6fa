// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/slice.h"
#include "base/mem.h"
#include <errno.h>
#include <strings.h>

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : (unsigned char)c;
}

static int compare_lengths(struct slice a, struct slice b)
{
	return a.len < b.len ? -1 : a.len > b.len;
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

bool slice_caseeq(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : compare_lengths(a, b);
}

int slice_casecmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	for (size_t i = 0; i < n; i++) {
		int d = lower(a.p[i]) - lower(b.p[i]);
		if (d)
			return d;
	}
	return compare_lengths(a, b);
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_eq(slice_of(s.p, prefix.len), prefix);
}

bool slice_casestarts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_caseeq(slice_of(s.p, prefix.len), prefix);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_space(s.p[s.len - 1]))
		s.len--;
	while (s.len && is_space(s.p[0]))
		s.p++, s.len--;
	return s;
}

ptrdiff_t slice_find(struct slice s, char c)
{
	const char *at = s.len ? memchr(s.p, c, s.len) : NULL;
	return at ? at - s.p : -1;
}

ptrdiff_t slice_search(struct slice s, struct slice what)
{
	if (!what.len)
		return 0;
	const char *at = s.len ? memmem(s.p, s.len, what.p, what.len) : NULL;
	return at ? at - s.p : -1;
}

struct slice slice_cut(struct slice *s, char sep)
{
	struct slice whole = *s;
	ptrdiff_t at = slice_find(whole, sep);
	if (at < 0) {
		*s = SLICE_NONE;
		return whole;
	}
	*s = slice_from(whole, (size_t)at + 1);
	return slice_of(whole.p, (size_t)at);
}

struct slice slice_line(struct slice *s)
{
	if (!s->len)
		return SLICE_NONE;
	const char *feed = memchr(s->p, '\n', s->len);
	size_t n = feed ? (size_t)(feed - s->p) : s->len;
	const char *ret = memchr(s->p, '\r', n);
	struct slice line = slice_of(s->p, ret ? (size_t)(ret - s->p) : n);
	size_t end = ret && ret + 1 == feed ? 2 : 1;
	*s = slice_from(*s, line.len + end);
	return line;
}

int slice_u64(struct slice s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	if (!s.len)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned d = (unsigned char)s.p[i] - '0';
		if (d > 9 || d > max || v > (max - d) / 10)
			return -EINVAL;
		v = v * 10 + d;
	}
	*ret = v;
	return 0;
}

int slice_u32(struct slice s, uint32_t *ret)
{
	uint64_t v;
	int err = slice_u64(s, UINT32_MAX, &v);
	if (!err)
		*ret = (uint32_t)v;
	return err;
}

int slice_u16(struct slice s, uint16_t *ret)
{
	uint64_t v;
	int err = slice_u64(s, UINT16_MAX, &v);
	if (!err)
		*ret = (uint16_t)v;
	return err;
}

int slice_hex32(struct slice s, uint32_t *ret)
{
	uint32_t v = 0;
	if (!s.len || s.len > 8)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = lower(s.p[i]);
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else
			return -EINVAL;
	}
	*ret = v;
	return 0;
}

int slice_copy(struct slice s, char *dst, size_t size)
{
	if (s.len >= size) {
		if (size)
			dst[0] = '\0';
		return -ENOSPC;
	}
	if (s.len)
		memcpy(dst, s.p, s.len);
	dst[s.len] = '\0';
	return 0;
}

char *slice_dup(struct slice s)
{
	return mem_strndup(s.p ? s.p : "", s.len);
}

/* A multiplication carries each bit upwards, the shift brings it down again. */
static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

/* Eight bytes at a time. Folding sets the bit that tells letters' cases apart in every byte, which only makes a few other characters alike too. */
uint32_t slice_hash(struct slice s, bool fold)
{
	const uint64_t cases = fold ? 0x2020202020202020u : 0;
	const char *p = s.p;
	uint64_t h = mix(s.len, 0), word;
	size_t left = s.len;
	for (; left >= sizeof word; left -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		h = mix(h, word | cases);
	}
	word = 0;
	if (left)
		memcpy(&word, p, left);
	return (uint32_t)mix(h, word | cases);
}
