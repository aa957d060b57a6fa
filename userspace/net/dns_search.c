// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/dns_priv.h"
#include "base/mem.h"
#include <errno.h>

/* One answer that a search has, or waits for. */
struct known {
	struct link link;
	struct dns_search *search;
	struct dns_query *query;   /* under way */
	struct dns_answer *answer; /* NULL: there is none, because of `err` */
	int err;
	enum dns_type type;
	size_t len;
	char name[];
};

/* What is answered without an answer. */
static const struct dns_answer failures[] = {
	{.name = "", .err = -ENOMEM}, {.name = "", .err = -ECANCELED}, {.name = "", .err = -ELOOP},
	{.name = "", .err = -EINVAL}, {.name = "", .err = -EBUSY},
};

static const struct dns_answer *failure(int err)
{
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		if (failures[i].err == err)
			return &failures[i];
	return &failures[1];
}

static void known_destroy(void *obj)
{
	struct known *k = obj;
	list_remove(&k->link);
	mem_deref(k->query);
	mem_deref(k->answer);
}

void dns_search_init(struct dns_search *s, struct dns *d, void (*again)(void *arg), void *arg)
{
	*s = (struct dns_search){.dns = d, .again = again, .arg = arg};
	list_init(&s->known);
}

void dns_search_fini(struct dns_search *s)
{
	struct known *k;
	list_foreach_safe(k, &s->known, link)
		mem_deref(k);
	s->missing = 0;
}

static void on_answer(void *arg, int err, struct dns_answer *a)
{
	struct known *k = arg;
	struct dns_search *s = k->search;
	k->query = mem_deref(k->query);
	k->answer = mem_ref(a);
	k->err = err;
	if (!--s->missing)
		s->again(s->arg);
}

static struct known *find(const struct dns_search *s, struct slice name, enum dns_type type)
{
	struct known *k;
	list_foreach(k, &s->known, link)
		if (k->type == type && slice_caseeq(slice_of(k->name, k->len), name))
			return k;
	return NULL;
}

static struct known *ask(struct dns_search *s, struct slice name, enum dns_type type)
{
	struct known *k = mem_alloc(sizeof *k + name.len, known_destroy);
	if (!k)
		return NULL;
	k->search = s;
	k->type = type;
	k->len = name.len;
	memcpy(k->name, name.p, name.len);
	list_append(&s->known, &k->link);
	s->asked++;
	k->answer = dns_known(s->dns, name, type);
	if (!k->answer)
		k->err = dns_ask(&k->query, s->dns, name, type, on_answer, k);
	if (k->query)
		s->missing++;
	return k;
}

const struct dns_answer *dns_search_get(struct dns_search *s, struct slice name, enum dns_type type)
{
	struct known *k = find(s, name, type);
	if (!k && s->asked == DNS_SEARCH_MAX) {
		dns_counts[DNS_CNT_SEARCH_LIMIT]++;
		return failure(-ELOOP);
	}
	if (!k)
		k = ask(s, name, type);
	if (k && k->query)
		return NULL;
	return k && k->answer ? k->answer : failure(k ? k->err : -ENOMEM);
}
