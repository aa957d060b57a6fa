// SPDX-License-Identifier: GPL-3.0-or-later
/* A map is a row of positions, those of one alternative after those of another, each alternative closed by an end. A dial string is the
 * set of positions that may come next; a digit moves each of them one on, or leaves it where it is when a period follows it. */
#include "mgcp/digitmap.h"
#include "base/mem.h"
#include <ctype.h>

#define DIGITS_0_9 0x3ffu
#define TIMER      (1u << 16) /* the last of MGCP_DIGITS */
#define TEXT_MAX   2048

struct position {
	uint32_t set; /* of digits; of an end: none */
	uint16_t string;
	bool any;   /* a period: as often as one likes, or not at all */
	bool end;
	bool waits; /* P at the end: it matches only when no other alternative might */
};

struct mgcp_digitmap {
	struct slice text;
	unsigned n;
	struct position at[];
};

uint32_t mgcp_digit_bit(char digit)
{
	const char *at = digit ? strchr(MGCP_DIGITS, toupper((unsigned char)digit)) : NULL;
	return at ? 1u << (at - MGCP_DIGITS) : 0;
}

static unsigned letter_set(char c, uint32_t *ret)
{
	*ret = c == 'x' || c == 'X' ? DIGITS_0_9 : mgcp_digit_bit(c);
	if (*ret)
		return 0;
	return isalpha((unsigned char)c) ? 537 : 510;
}

/* Both ends are digits, or both are letters A to D. */
static unsigned subrange(char from, char to, uint32_t *ret)
{
	uint32_t low = mgcp_digit_bit(from), high = mgcp_digit_bit(to);
	if (!low || high < low || !isalnum((unsigned char)from) || !isdigit((unsigned char)from) != !isdigit((unsigned char)to) || high == TIMER)
		return 510;
	*ret = (high | (high - 1)) & ~(low - 1);
	return 0;
}

/* What is inside of the brackets. */
static unsigned range_set(struct slice inside, uint32_t *ret)
{
	uint32_t all = 0, one;
	for (size_t i = 0; i < inside.len; i++) {
		bool wide = i + 2 < inside.len && inside.p[i + 1] == '-';
		unsigned code = wide ? subrange(inside.p[i], inside.p[i + 2], &one) : letter_set(inside.p[i], &one);
		if (code)
			return code;
		all |= one;
		i += wide ? 2 : 0;
	}
	*ret = all;
	return all ? 0 : 510;
}

unsigned mgcp_digit_set(struct slice *text, uint32_t *ret)
{
	if (slice_empty(*text))
		return 510;
	size_t taken = 1;
	unsigned code;
	if (text->p[0] != '[') {
		code = letter_set(text->p[0], ret);
	} else {
		ptrdiff_t close = slice_find(*text, ']');
		if (close < 0)
			return 510;
		taken = (size_t)close + 1;
		code = range_set(slice_of(text->p + 1, (size_t)close - 1), ret);
	}
	if (!code)
		*text = slice_from(*text, taken);
	return code;
}

/* --- compiling ---------------------------------------------------------------------------------------------------- */

static unsigned add(struct mgcp_digitmap *m, struct position p)
{
	if (m->n == MGCP_DIGITMAP_POSITIONS)
		return 502;
	m->at[m->n++] = p;
	return 0;
}

/* One alternative: positions, each perhaps with a period, and at the end perhaps P. */
static unsigned compile_string(struct mgcp_digitmap *m, struct slice s, uint16_t string)
{
	struct position end = {.string = string, .end = true};
	unsigned first = m->n;
	if (s.len > 1 && toupper((unsigned char)s.p[s.len - 1]) == 'P') {
		end.waits = true;
		s.len--;
	}
	while (!slice_empty(s)) {
		struct position p = {.string = string};
		unsigned code = mgcp_digit_set(&s, &p.set);
		if (code)
			return code;
		p.any = slice_starts(s, SLICE("."));
		if (p.any)
			s = slice_from(s, 1);
		code = add(m, p);
		if (code)
			return code;
	}
	return m->n == first ? 510 : add(m, end);
}

static unsigned compile(struct mgcp_digitmap *m)
{
	struct slice s = m->text;
	uint16_t string = 0;
	unsigned code = 0;
	if (slice_starts(s, SLICE("("))) {
		if (s.p[s.len - 1] != ')')
			return 510;
		s = slice_of(s.p + 1, s.len - 2);
	} else if (slice_find(s, '|') >= 0) {
		return 510;
	}
	if (slice_empty(slice_trim(s)))
		return 510;
	while (slice_is_set(s) && !code)
		code = compile_string(m, slice_trim(slice_cut(&s, '|')), string++);
	return code;
}

static const char *reason(unsigned code)
{
	switch (code) {
	case 502:
		return "the digit map is too long";
	case 537:
		return "the digit map has a letter that is not known";
	default:
		return "the digit map cannot be read";
	}
}

unsigned mgcp_digitmap_new(struct mgcp_digitmap **ret, struct slice text, const char **why)
{
	text = slice_trim(text);
	*why = reason(502);
	if (text.len > TEXT_MAX)
		return 502;
	/* Each letter is a position at most; each bar and the end of the text close an alternative. */
	size_t positions = text.len + 1;
	struct mgcp_digitmap *m = mem_alloc(sizeof *m + positions * sizeof m->at[0] + text.len, NULL);
	*why = "memory is out";
	if (!m)
		return 403;
	char *copy = (char *)&m->at[positions];
	memcpy(copy, text.len ? text.p : "", text.len);
	m->text = slice_of(copy, text.len);
	unsigned code = compile(m);
	*why = code ? reason(code) : NULL;
	if (code)
		mem_deref(m);
	else
		*ret = m;
	return code;
}

struct slice mgcp_digitmap_text(const struct mgcp_digitmap *map)
{
	return map->text;
}

/* --- matching ----------------------------------------------------------------------------------------------------- */

static bool has(const uint64_t *set, unsigned i)
{
	return set[i / 64] >> (i % 64) & 1;
}

static void put(uint64_t *set, unsigned i)
{
	set[i / 64] |= (uint64_t)1 << (i % 64);
}

/* What a period lets one skip is reached too. */
static void reach(const struct mgcp_digitmap *m, uint64_t *set)
{
	for (unsigned i = 0; i < m->n; i++)
		if (has(set, i) && m->at[i].any)
			put(set, i + 1);
}

void mgcp_dial_start(struct mgcp_dial *d, const struct mgcp_digitmap *map)
{
	memset(d->at, 0, sizeof d->at);
	d->map = map;
	for (unsigned i = 0; i < map->n; i++)
		if (!i || map->at[i - 1].end)
			put(d->at, i);
	reach(map, d->at);
}

static void step(const struct mgcp_digitmap *m, const uint64_t *from, uint32_t digit, uint64_t *to)
{
	memset(to, 0, MGCP_DIGITMAP_POSITIONS / 8);
	for (unsigned i = 0; i < m->n; i++)
		if (has(from, i) && m->at[i].set & digit)
			put(to, m->at[i].any ? i : i + 1);
	reach(m, to);
}

/* Whether more digits could yet lead to an alternative other than this one. */
static bool others_go_on(const struct mgcp_digitmap *m, const uint64_t *set, uint16_t string)
{
	for (unsigned i = 0; i < m->n; i++)
		if (has(set, i) && !m->at[i].end && m->at[i].string != string)
			return true;
	return false;
}

static enum mgcp_dialled judge(const struct mgcp_digitmap *m, const uint64_t *set)
{
	enum mgcp_dialled verdict = MGCP_DIALLED_NEVER;
	for (unsigned i = 0; i < m->n; i++) {
		if (!has(set, i))
			continue;
		if (m->at[i].end && !(m->at[i].waits && others_go_on(m, set, m->at[i].string)))
			return MGCP_DIALLED_MATCH;
		/* A match that waits for others to become impossible needs no more digits (RFC 3660 2.7). */
		if (m->at[i].end)
			verdict = MGCP_DIALLED_CRITICAL;
		else if (verdict == MGCP_DIALLED_NEVER)
			verdict = MGCP_DIALLED_PARTIAL;
	}
	return verdict;
}

enum mgcp_dialled mgcp_dial_add(struct mgcp_dial *d, char digit)
{
	uint64_t next[MGCP_DIGITMAP_POSITIONS / 64];
	step(d->map, d->at, mgcp_digit_bit(digit), next);
	memcpy(d->at, next, sizeof next);
	enum mgcp_dialled verdict = judge(d->map, d->at);
	if (verdict != MGCP_DIALLED_PARTIAL)
		return verdict;
	/* RFC 3660 2.2: T-critical when the timer would make it a match. */
	step(d->map, d->at, TIMER, next);
	return judge(d->map, next) == MGCP_DIALLED_MATCH ? MGCP_DIALLED_CRITICAL : MGCP_DIALLED_PARTIAL;
}
