// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/slice.h"
#include "base/mem.h"
#include <endian.h>
#include <errno.h>
#include <strings.h>

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : (unsigned char)c;
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
	return c ? c : a.len < b.len ? -1 : a.len > b.len;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_eq(slice_of(s.p, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

bool slice_casestarts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_caseeq(slice_of(s.p, prefix.len), prefix);
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

/* The highest bit of the lowest byte that is zero, and of some above it. */
static uint64_t zeroes(uint64_t word)
{
	const uint64_t ones = UINT64_MAX / 255;
	return (word - ones) & ~word & ones << 7;
}

/* Bytes before the first CR or LF, eight at a time. */
static size_t line_length(struct slice s)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t word, found;
	size_t n = 0;
	for (; s.len - n >= sizeof word; n += sizeof word) {
		memcpy(&word, s.p + n, sizeof word);
		word = le64toh(word);
		found = zeroes(word ^ ones * '\r') | zeroes(word ^ ones * '\n');
		if (found)
			return n + (size_t)__builtin_ctzll(found) / 8;
	}
	while (n < s.len && s.p[n] != '\r' && s.p[n] != '\n')
		n++;
	return n;
}

struct slice slice_line(struct slice *s)
{
	if (!s->len)
		return SLICE_NONE;
	size_t n = line_length(*s);
	struct slice line = slice_of(s->p, n);
	bool both = n + 1 < s->len && s->p[n] == '\r' && s->p[n + 1] == '\n';
	*s = slice_from(*s, n + (both ? 2 : 1));
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

/* Fletcher's, of words of eight bytes: their sum, and the sum of that as it goes on, which notices what has moved. */
uint32_t slice_sum(struct slice s)
{
	uint64_t sum = s.len, sums = 0, word;
	for (; s.len >= sizeof word; s = slice_of(s.p + sizeof word, s.len - sizeof word)) {
		memcpy(&word, s.p, sizeof word);
		sum += word;
		sums += sum;
	}
	word = 0;
	if (s.len)
		memcpy(&word, s.p, s.len);
	return (uint32_t)mix(mix(sum, word), sums);
}
