// SPDX-License-Identifier: GPL-3.0-or-later
/* A POSIX extended regular expression written by a stranger (RFC 3402 3.2). PCRE2 reads it, because it bounds what that may cost, which the C library does
 * not. It would take the first of several matches; POSIX wants the leftmost, of those the longest, and of those the one whose groups from the left are:
 * each match is looked at and declined, until there are no more or too many steps have been taken. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "sip/enum_rewrite.h"
#include <errno.h>
#include <pcre2.h>
#include <string.h>

#define EXPRESSION_MAX 255 /* a <character-string> */
#define STEPS_MAX      100000
#define MEMORY_MAX_KB  256
#define GROUPS	       10

struct rule {
	struct slice ere, replacement;
	bool fold;
};

/* The part up to the next `delimiter` that no backslash is before; *rest moves behind it; absent when there is none. */
static struct slice part(struct slice *rest, char delimiter)
{
	for (size_t i = 0; i < rest->len; i++) {
		if (rest->p[i] == '\\') {
			i++;
		} else if (rest->p[i] == delimiter) {
			struct slice s = slice_of(rest->p, i);
			*rest = slice_from(*rest, i + 1);
			return s;
		}
	}
	return SLICE_NONE;
}

/* delim-char ere delim-char repl delim-char *flags; the delimiter is no digit and no flag character (RFC 3402 3.2). */
static int rule_parse(struct rule *r, struct slice s)
{
	if (s.len < 3 || s.len > EXPRESSION_MAX || strchr("123456789i\\", s.p[0]))
		return -EBADMSG;
	char delimiter = s.p[0];
	s = slice_from(s, 1);
	r->ere = part(&s, delimiter);
	r->replacement = slice_is_set(r->ere) ? part(&s, delimiter) : SLICE_NONE;
	r->fold = slice_eq(s, SLICE("i"));
	return !slice_is_set(r->replacement) || (s.len && !r->fold) ? -EBADMSG : 0;
}

static int substitute(struct buf *out, struct slice replacement, const char *text, const size_t *group, int groups)
{
	for (size_t i = 0; i < replacement.len; i++) {
		char c = replacement.p[i];
		if (c == '\\' && i + 1 < replacement.len) {
			c = replacement.p[++i];
			if (c >= '1' && c <= '9') {
				int g = c - '0';
				if (g < groups && group[2 * g] != PCRE2_UNSET)
					buf_add(out, text + group[2 * g], group[2 * g + 1] - group[2 * g]);
				continue;
			}
		}
		buf_char(out, c);
	}
	return out->err;
}

/* With a callout behind it: "(?:ERE)(?C)". */
static pcre2_code *compile(const struct rule *r)
{
	char text[EXPRESSION_MAX + 16];
	struct buf b = buf_fixed(text, sizeof text);
	int code;
	size_t at;
	buf_str(&b, "(?:");
	buf_slice(&b, r->ere);
	buf_str(&b, ")(?C)");
	return b.err ? NULL : pcre2_compile((PCRE2_SPTR)text, b.len, r->fold ? PCRE2_CASELESS : 0, &code, &at, NULL);
}

/* The best match so far: where it and its groups begin and end. */
struct best {
	int groups; /* 0: none yet */
	size_t at[2 * GROUPS];
};

/* What stands before a group is to be as long as it can be, then the group itself. */
static bool is_better(const size_t *a, const size_t *b)
{
	if (a[1] != b[1])
		return a[1] > b[1];
	for (int g = 1; g < GROUPS; g++) {
		const size_t *x = &a[2 * g], *y = &b[2 * g];
		if ((x[0] == PCRE2_UNSET) != (y[0] == PCRE2_UNSET))
			return y[0] == PCRE2_UNSET;
		if (x[0] != PCRE2_UNSET && (x[0] != y[0] || x[1] != y[1]))
			return x[0] != y[0] ? x[0] > y[0] : x[1] > y[1];
	}
	return false;
}

static int on_match(pcre2_callout_block *c, void *arg)
{
	struct best *best = arg;
	size_t at[2 * GROUPS];
	if (best->groups && c->start_match != best->at[0])
		return PCRE2_ERROR_CALLOUT; /* those further to the right */
	for (int i = 0; i < 2 * GROUPS; i++)
		at[i] = i / 2 && i / 2 < (int)c->capture_top ? c->offset_vector[i] : PCRE2_UNSET;
	at[0] = c->start_match;
	at[1] = c->current_position;
	if (!best->groups || is_better(at, best->at)) {
		memcpy(best->at, at, sizeof at);
		best->groups = GROUPS;
	}
	return 1; /* go on */
}

int sip_enum_rewrite(struct buf *out, struct slice expression, const char *text)
{
	struct rule r;
	if (rule_parse(&r, expression))
		return -EBADMSG;
	pcre2_code *re = compile(&r);
	pcre2_match_data *m = re ? pcre2_match_data_create(GROUPS, NULL) : NULL;
	pcre2_match_context *limits = re ? pcre2_match_context_create(NULL) : NULL;
	struct best best = {0};
	int err = re ? -ENOMEM : -EBADMSG;
	if (m && limits) {
		pcre2_set_match_limit(limits, STEPS_MAX);
		pcre2_set_heap_limit(limits, MEMORY_MAX_KB);
		pcre2_set_callout(limits, on_match, &best);
		int n = pcre2_match(re, (PCRE2_SPTR)text, strlen(text), 0, 0, m, limits);
		err = best.groups ? substitute(out, r.replacement, text, best.at, best.groups) : n == PCRE2_ERROR_NOMATCH ? -ENOENT : -EBADMSG;
	}
	pcre2_match_context_free(limits);
	pcre2_match_data_free(m);
	pcre2_code_free(re);
	return err;
}
