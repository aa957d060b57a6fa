// SPDX-License-Identifier: GPL-2.0-or-later
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"
#include "base/hash.h"
#include "base/mem.h"
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

/* What a peer's text may cost: a regular expression that backtracks without end finds nothing. */
#define MATCH_STEPS 100000
#define RESULT_MAX  1024
#define VALUE_MAX   1024 /* no number is longer */

enum kind { EXACT, PREFIX, REGEX, LIST };

struct entry {
	struct hash_link by_text;
	char *text;
	bool prefix;
};

struct pattern {
	enum kind kind;
	char *text;
	struct slice value;
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	struct entry *entries; /* of a list */
	size_t n, cap, longest;
	struct hash table;
};

static void destroy(void *obj)
{
	struct pattern *p = obj;
	for (size_t i = 0; i < p->n; i++)
		mem_free(p->entries[i].text);
	mem_free(p->entries);
	hash_free(&p->table);
	pcre2_match_data_free(p->data);
	pcre2_match_context_free(p->limits);
	pcre2_code_free(p->code);
	mem_free(p->text);
}

/* --- lists ---------------------------------------------------------------------------------------------------------- */

static int add_entry(struct pattern *p, struct slice text)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct entry *more = mem_regrow(p->entries, cap * sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->entries = more;
		p->cap = cap;
	}
	struct entry e = {.prefix = text.len && slice_end(text)[-1] == '*'};
	text.len -= e.prefix;
	e.text = slice_dup(text);
	if (!e.text)
		return -ENOMEM;
	p->entries[p->n++] = e;
	p->longest = e.prefix && text.len > p->longest ? text.len : p->longest;
	return 0;
}

/* One entry a line; what follows a # is a remark. */
static int read_file(struct pattern *p, const char *path)
{
	char line[256];
	int err = 0;
	FILE *f = fopen(path, "re");
	if (!f)
		return -errno;
	while (!err && fgets(line, sizeof(line), f)) {
		struct slice rest = slice_str(line), entry = slice_trim(slice_cut(&rest, '#'));
		if (!slice_empty(entry))
			err = add_entry(p, entry);
	}
	fclose(f);
	return err;
}

static int load_list(struct pattern *p, const char *name, const struct conf *conf, struct buf *why)
{
	const struct conf_part *part = conf ? conf_find(conf, "list", name) : NULL;
	int err = 0;
	if (!part) {
		if (why)
			buf_printf(why, "there is no list \"%s\"", name);
		return -EINVAL;
	}
	for (unsigned i = 0; !err && i < conf_list_count(part, "entries"); i++)
		err = add_entry(p, slice_str(conf_list_at(part, "entries", i)));
	const char *file = conf_string(part, "file");
	if (!err && *file)
		err = read_file(p, file);
	if (err && err != -ENOMEM && why)
		buf_printf(why, "%s: %s", file, strerror(-err));
	err = err ? err : hash_init(&p->table, p->n + 1);
	for (size_t i = 0; !err && i < p->n; i++)
		hash_insert(&p->table, &p->entries[i].by_text, slice_hash(slice_str(p->entries[i].text), false));
	return err == -ENOMEM ? err : err ? -EINVAL : 0;
}

static bool listed(const struct pattern *p, struct slice value, bool prefix)
{
	struct entry *e;
	uint32_t h = slice_hash(value, false);
	hash_foreach_match(e, &p->table, h, by_text)
		if (e->prefix == prefix && slice_eq(slice_str(e->text), value))
			return true;
	return false;
}

static int match_list(const struct pattern *p, struct slice value)
{
	if (listed(p, value, false))
		return (int)value.len + 1;
	for (size_t n = value.len < p->longest ? value.len : p->longest;; n--) {
		if (listed(p, slice_of(value.p, n), true))
			return (int)n;
		if (!n)
			return -1;
	}
}

/* --- regular expressions -------------------------------------------------------------------------------------------- */

static int compile(struct pattern *p, struct buf *why)
{
	int code;
	PCRE2_SIZE at;
	PCRE2_UCHAR text[128];
	p->code = pcre2_compile((PCRE2_SPTR)p->value.p, p->value.len, 0, &code, &at, NULL);
	if (!p->code) {
		pcre2_get_error_message(code, text, sizeof(text));
		if (why)
			buf_printf(why, "a regular expression: %s at character %zu of %s", text, (size_t)at, p->text);
		return -EINVAL;
	}
	pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
	p->data = pcre2_match_data_create_from_pattern(p->code, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (!p->data || !p->limits)
		return -ENOMEM;
	pcre2_set_match_limit(p->limits, MATCH_STEPS);
	return 0;
}

/* --- the interface -------------------------------------------------------------------------------------------------- */

int pattern_new(struct pattern **ret, const char *text, const struct conf *conf, struct buf *why)
{
	struct pattern *p = mem_alloc(sizeof(*p), destroy);
	if (!p)
		return -ENOMEM;
	p->text = mem_strdup(text);
	struct slice s = slice_str(p->text);
	int err = p->text ? 0 : -ENOMEM;
	p->value = s;
	if (!err && s.len > 1 && s.p[0] == '/' && s.p[s.len - 1] == '/') {
		p->kind = REGEX;
		p->value = slice_of(s.p + 1, s.len - 2);
		err = compile(p, why);
	} else if (!err && s.len > 1 && s.p[0] == '@') {
		p->kind = LIST;
		err = load_list(p, s.p + 1, conf, why);
	} else if (s.len && s.p[s.len - 1] == '*') {
		p->kind = PREFIX;
		p->value.len--;
	}
	if (err)
		mem_deref(p);
	else
		*ret = p;
	return err;
}

int pattern_match(const struct pattern *p, struct slice value)
{
	switch (p->kind) {
	case EXACT:
		return slice_eq(p->value, value) ? (int)value.len + 1 : -1;
	case PREFIX:
		return slice_starts(value, p->value) ? (int)p->value.len : -1;
	case LIST:
		return match_list(p, value);
	case REGEX:
		return pcre2_match(p->code, (PCRE2_SPTR)(value.p ? value.p : ""), value.len, 0, 0, p->data, p->limits) > 0 ? 0 : -1;
	}
	return -1;
}

void pattern_replace(const struct pattern *p, struct slice value, const char *with, struct buf *out)
{
	PCRE2_UCHAR result[RESULT_MAX];
	PCRE2_SIZE len = sizeof(result);
	int n = p->kind == REGEX ? pcre2_substitute(p->code, (PCRE2_SPTR)(value.p ? value.p : ""), value.len, 0, PCRE2_SUBSTITUTE_EXTENDED, p->data,
						    p->limits, (PCRE2_SPTR)with, PCRE2_ZERO_TERMINATED, result, &len)
				 : 0;
	if (n > 0)
		buf_slice(out, slice_of((char *)result, len));
	else if (!n)
		buf_slice(out, value);
	else
		out->err = -ENOSPC;
}

struct slice pattern_beginning(const struct pattern *p, int *longest)
{
	*longest = p->kind == EXACT ? (int)p->value.len + 1 : p->kind == PREFIX ? (int)p->value.len : p->kind == LIST ? VALUE_MAX + 1 : 0;
	return p->kind == EXACT || p->kind == PREFIX ? p->value : SLICE("");
}

/* As long as an expression has not looked beyond the end, what comes there does not matter to it. One that need not begin at the beginning may find what it
 * looks for later. */
static bool regex_may_change(const struct pattern *p, struct slice value)
{
	uint32_t options = 0;
	pcre2_pattern_info(p->code, PCRE2_INFO_ALLOPTIONS, &options);
	int found = pcre2_match(p->code, (PCRE2_SPTR)(value.p ? value.p : ""), value.len, 0, PCRE2_PARTIAL_HARD, p->data, p->limits);
	return !(found > 0 || (found == PCRE2_ERROR_NOMATCH && options & PCRE2_ANCHORED));
}

bool pattern_may_change(const struct pattern *p, struct slice value)
{
	switch (p->kind) {
	case EXACT:
		return slice_starts(p->value, value);
	case PREFIX:
		return p->value.len > value.len && slice_starts(p->value, value);
	case REGEX:
		return regex_may_change(p, value);
	case LIST:
		return true;
	}
	return true;
}

const char *pattern_text(const struct pattern *p)
{
	return p->text;
}

int patterns_load(struct patterns *ret, const struct conf_part *part, const char *option, const struct conf *conf)
{
	struct patterns ps = {0};
	unsigned n = conf_list_count(part, option);
	int err = 0;
	ps.p = n ? mem_raw(n * sizeof(*ps.p)) : NULL;
	if (n && !ps.p)
		return -ENOMEM;
	for (; ps.n < n && !err; ps.n += !err)
		err = pattern_new(&ps.p[ps.n], conf_list_at(part, option, ps.n), conf, NULL);
	if (err)
		patterns_free(&ps);
	else
		*ret = ps;
	return err;
}

void patterns_free(struct patterns *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		mem_deref(ps->p[i]);
	mem_free(ps->p);
	*ps = (struct patterns){0};
}

int patterns_match(const struct patterns *ps, struct slice value)
{
	int best = ps->n ? -1 : 0;
	for (unsigned i = 0; i < ps->n; i++) {
		int n = pattern_match(ps->p[i], value);
		best = n > best ? n : best;
	}
	return best;
}
