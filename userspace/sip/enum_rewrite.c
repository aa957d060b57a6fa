// SPDX-License-Identifier: GPL-3.0-or-later
/* A POSIX extended regular expression written by a stranger. PCRE2 reads it, because it bounds what that may cost, which the C library does not; of
 * alternatives that overlap it takes the first and not the longest. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "sip/enum_rewrite.h"
#include <errno.h>
#include <pcre2.h>

#define EXPRESSION_MAX 255 /* a <character-string> */
#define STEPS_MAX      10000
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

static pcre2_code *compile(const struct rule *r)
{
	int code;
	size_t at;
	return pcre2_compile((PCRE2_SPTR)r->ere.p, r->ere.len, r->fold ? PCRE2_CASELESS : 0, &code, &at, NULL);
}

int sip_enum_rewrite(struct buf *out, struct slice expression, const char *text)
{
	struct rule r;
	if (rule_parse(&r, expression))
		return -EBADMSG;
	pcre2_code *re = compile(&r);
	pcre2_match_data *m = re ? pcre2_match_data_create(GROUPS, NULL) : NULL;
	pcre2_match_context *limits = re ? pcre2_match_context_create(NULL) : NULL;
	int err = re ? -ENOMEM : -EBADMSG;
	if (m && limits) {
		pcre2_set_match_limit(limits, STEPS_MAX);
		pcre2_set_heap_limit(limits, MEMORY_MAX_KB);
		int n = pcre2_match(re, (PCRE2_SPTR)text, strlen(text), 0, 0, m, limits);
		err = n == PCRE2_ERROR_NOMATCH ? -ENOENT : n < 0 ? -EBADMSG : substitute(out, r.replacement, text, pcre2_get_ovector_pointer(m), n ? n : GROUPS);
	}
	pcre2_match_context_free(limits);
	pcre2_match_data_free(m);
	pcre2_code_free(re);
	return err;
}
