// SPDX-License-Identifier: GPL-3.0-or-later
/* Endpoint names (RFC 3435 2.1.2, 3.2.1.3) and event names (3.2.2.16). */
#include "mgcp/gateway.h"
#include <ctype.h>
#include <errno.h>

static struct slice local_part(struct slice name, struct slice *domain)
{
	struct slice local = slice_cut(&name, '@');
	*domain = name;
	return local;
}

static bool is_term(struct slice s, char c)
{
	return s.len == 1 && s.p[0] == c;
}

bool mgcp_name_matches(struct slice pattern, struct slice name)
{
	struct slice pd, nd;
	struct slice p = local_part(pattern, &pd), n = local_part(name, &nd);
	if (slice_is_set(pd) && slice_is_set(nd) && !slice_caseeq(pd, nd))
		return false;
	while (slice_is_set(p) && slice_is_set(n)) {
		struct slice pt = slice_cut(&p, '/'), nt = slice_cut(&n, '/');
		if (is_term(pt, '*') && !slice_is_set(p))
			return true;
		if (!is_term(pt, '*') && !is_term(pt, '$') && !slice_caseeq(pt, nt))
			return false;
	}
	return !slice_is_set(p) && !slice_is_set(n);
}

bool mgcp_name_is_all(struct slice name)
{
	struct slice domain, local = local_part(name, &domain);
	struct slice first = slice_cut(&local, '/');
	return slice_is_set(local) ? is_term(local, '*') : is_term(first, '*');
}

bool mgcp_conn_id_valid(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!isalnum((unsigned char)id.p[i]))
			return false;
	return id.len > 0 && id.len <= 32;
}

struct slice mgcp_list_next(struct slice *list)
{
	struct slice all = *list;
	bool quoted = false;
	int depth = 0;
	for (size_t i = 0; i < all.len; i++) {
		char c = all.p[i];
		quoted ^= c == '"';
		if (quoted)
			continue;
		depth += (c == '(') - (c == ')');
		if (c == ',' && depth <= 0) {
			*list = slice_from(all, i + 1);
			return slice_trim(slice_of(all.p, i));
		}
	}
	*list = SLICE_NONE;
	return slice_trim(all);
}

/* What stands in the parentheses that *s begins with, which may nest and hold quotes; *s moves past them. */
static int parentheses(struct slice *s, struct slice *ret)
{
	unsigned depth = 0;
	bool quoted = false;
	*s = slice_trim(*s);
	*ret = SLICE_NONE;
	if (slice_empty(*s))
		return 0;
	for (size_t i = 0; i < s->len; i++) {
		quoted ^= s->p[i] == '"';
		if (quoted)
			continue;
		depth += s->p[i] == '(';
		if (!depth)
			return -EBADMSG;
		if (s->p[i] == ')' && !--depth) {
			*ret = slice_of(s->p + 1, i - 1);
			*s = slice_from(*s, i + 1);
			return 0;
		}
	}
	return -EBADMSG;
}

int mgcp_event_parse(struct mgcp_event *ret, struct slice text)
{
	struct mgcp_event e = {0};
	size_t n = 0;
	text = slice_trim(text);
	while (n < text.len && text.p[n] != '(')
		n++;
	struct slice head = slice_of(text.p, n), rest = slice_from(text, n);
	e.name = slice_trim(slice_cut(&head, '@'));
	e.connection = slice_is_set(head) ? slice_trim(head) : SLICE_NONE;
	if (slice_empty(e.name) || parentheses(&rest, &e.actions) || parentheses(&rest, &e.parameters) || !slice_empty(slice_trim(rest)))
		return -EBADMSG;
	*ret = e;
	return 0;
}
