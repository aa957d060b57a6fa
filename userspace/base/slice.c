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
		if (lower(a.p[i]) != lower(b.p[i]))
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
	size_t n = 0;
	while (n < s->len && s->p[n] != '\r' && s->p[n] != '\n')
		n++;
	struct slice line = slice_of(s->p, n);
	if (n < s->len)
		n += s->p[n] == '\r' && n + 1 < s->len && s->p[n + 1] == '\n' ? 2 : 1;
	*s = slice_from(*s, n);
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

/* Eight bytes at a time: a multiplication carries each bit upwards, the shift brings it down again. Folding sets the bit that tells letters'
 * cases apart in every byte, which only makes a few other characters alike too. */
uint32_t slice_hash(struct slice s, bool fold)
{
	const uint64_t odd = 0x9e3779b97f4a7c15u, cases = fold ? 0x2020202020202020u : 0;
	uint64_t h = s.len * odd, word;
	for (; s.len >= sizeof word; s = slice_from(s, sizeof word)) {
		memcpy(&word, s.p, sizeof word);
		h = (h ^ (word | cases)) * odd;
		h ^= h >> 32;
	}
	if (s.len) {
		word = 0;
		memcpy(&word, s.p, s.len);
		h = (h ^ (word | cases)) * odd;
		h ^= h >> 32;
	}
	return (uint32_t)(h * odd >> 32);
}
