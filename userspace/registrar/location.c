// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/location.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/store.h"
#include "base/timer.h"
#include "registrar/contact.h"
#include "guard/sources.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* An address of record with its contacts, highest q first, then the latest. There is none without contacts. */
struct aor {
	struct hash_link by_name;
	struct location *l;
	struct contact **contacts;
	unsigned n;
	char name[];
};

struct location {
	struct location_params p;
	struct hash aors;
	struct lines sources; /* addresses that contacts were registered from, as sources.h measures them */
	size_t count; /* contacts */
};

static uint32_t name_hash(const char *name)
{
	return slice_hash(slice_str(name), false);
}

static struct aor *find(const struct location *l, const char *name)
{
	struct aor *a;
	uint32_t h = name_hash(name);
	hash_foreach_match(a, &l->aors, h, by_name)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}

static void aor_free(struct aor *a)
{
	hash_remove(&a->l->aors, &a->by_name);
	for (unsigned i = 0; i < a->n; i++)
		mem_deref(a->contacts[i]);
	a->l->count -= a->n;
	mem_free(a->contacts);
	mem_free(a);
}

static void location_destroy(void *obj)
{
	struct location *l = obj;
	struct aor *a;
	hash_foreach(a, &l->aors, by_name)
		aor_free(a);
	hash_free(&l->aors);
	lines_fini(&l->sources);
}

/* --- the store ------------------------------------------------------------------------------------------------------ */

/* One record an address of record, so that a change of several contacts is one write. */
static int save(const struct location *l, const char *name, struct contact *const *contacts, unsigned n)
{
	struct slice key = slice_str(name);
	struct buf value = buf_growing();
	if (!l->p.store)
		return 0;
	if (!n)
		return store_del(l->p.store, l->p.table, key);
	for (unsigned i = 0; i < n; i++)
		contact_write(contacts[i], &value);
	int err = value.err ? value.err : store_put(l->p.store, l->p.table, key, buf_text(&value));
	buf_reset(&value);
	return err;
}

static void changed(struct location *l, const char *name)
{
	if (l->p.on_change)
		l->p.on_change(l->p.arg, name);
}

/* --- taking effect -------------------------------------------------------------------------------------------------- */

static void on_expiry(void *arg)
{
	struct contact *c = arg;
	struct aor *a = c->aor;
	struct location *l = a->l;
	char name[256];
	unsigned i = 0;
	while (a->contacts[i] != c)
		i++;
	memmove(&a->contacts[i], &a->contacts[i + 1], (--a->n - i) * sizeof *a->contacts);
	l->count--;
	/* When memory is out the record stays: what has expired is dropped when it is loaded. */
	save(l, a->name, a->contacts, a->n);
	log_debug(a->name, "contact " SLICE_FMT " expired", SLICE_ARG(c->b.uri));
	slice_copy(slice_str(a->name), name, sizeof name);
	mem_deref(c);
	if (!a->n)
		aor_free(a);
	changed(l, name);
}

static bool goes_before(const struct contact *x, const struct contact *y)
{
	return x->b.q != y->b.q ? x->b.q > y->b.q : x->b.received_at > y->b.received_at;
}

static void sort(struct contact **c, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct contact *moving = c[i];
		unsigned k = i;
		for (; k && goes_before(moving, c[k - 1]); k--)
			c[k] = c[k - 1];
		c[k] = moving;
	}
}

static struct slice source_key(const struct addr *a, uint64_t key[2])
{
	origin_key(a, key);
	return slice_of((const char *)key, 2 * sizeof *key);
}

/* Out of memory it is a source like another's. */
static void note_source(struct location *l, struct contact *c)
{
	uint64_t key[2];
	if (c->source)
		return;
	c->sources = &l->sources;
	(void)lines_take(&c->source, &l->sources, source_key(&c->b.source, key));
}

/* Gives the address of record these contacts, whose references it takes; `array` becomes its own. Cannot fail. */
static void put_in_effect(struct aor *a, struct contact **array, unsigned n)
{
	uint64_t now = clock_ms();
	for (unsigned i = 0; i < n; i++) {
		struct contact *c = array[i];
		c->aor = a;
		note_source(a->l, c);
		if (!timer_running(&c->expiry))
			timer_start(&c->expiry, c->b.expires_at > now ? c->b.expires_at - now : 0, on_expiry, c);
	}
	/* Those that stay are in both, with a reference each; the others end here, and their timers with them. */
	for (unsigned i = 0; i < a->n; i++)
		mem_deref(a->contacts[i]);
	a->l->count += n;
	a->l->count -= a->n;
	mem_free(a->contacts);
	a->contacts = array;
	a->n = n;
}

/* A new one is in the table at once, without contacts. */
static struct aor *aor_new(struct location *l, const char *name)
{
	size_t len = strlen(name);
	struct aor *a = mem_raw(sizeof *a + len + 1);
	if (!a)
		return NULL;
	*a = (struct aor){.l = l};
	memcpy(a->name, name, len + 1);
	hash_insert(&l->aors, &a->by_name, name_hash(name));
	return a;
}

static int load_one(struct slice key, struct slice value, void *arg)
{
	struct location *l = arg;
	char name[256];
	struct contact *live[LOCATION_CONTACTS_MAX], **array = NULL;
	unsigned n = 0;
	uint64_t utc = clock_utc_ms();
	struct aor *a = NULL;
	bool dropped = false;
	int err = slice_copy(key, name, sizeof name) ? -EBADMSG : 0;
	while (!err && value.len && n < LOCATION_CONTACTS_MAX) {
		err = contact_read(&live[n], &value);
		if (err)
			break;
		if (live[n]->expires_utc > utc) {
			live[n]->b.expires_at = clock_ms() + (live[n]->expires_utc - utc);
			n++;
		} else {
			mem_deref(live[n]);
			dropped = true;
		}
	}
	if (err == -EBADMSG) {
		log_warn("registrar", "dropped a record of the store that is none");
		dropped = true;
		err = 0;
	}
	if (!err && n) {
		array = mem_raw(n * sizeof *array);
		a = array ? aor_new(l, name) : NULL;
		if (!a)
			err = -ENOMEM;
	}
	if (!err && a) {
		memcpy(array, live, n * sizeof *array);
		put_in_effect(a, array, n);
	} else {
		for (unsigned i = 0; i < n; i++)
			mem_deref(live[i]);
		mem_free(array);
	}
	if (!err && dropped && name[0])
		err = save(l, name, a ? a->contacts : NULL, a ? a->n : 0);
	return err;
}

int location_new(struct location **ret, const struct location_params *p)
{
	struct location *l = mem_alloc(sizeof *l, location_destroy);
	if (!l)
		return -ENOMEM;
	l->p = *p;
	size_t kept = p->store ? store_count(p->store, p->table) : 0;
	int err = hash_init(&l->aors, kept > 1024 ? kept : 1024) ?: lines_init(&l->sources);
	if (!err && p->store)
		err = store_load(p->store, p->table, load_one, l);
	if (err)
		mem_deref(l);
	else
		*ret = l;
	return err;
}

/* --- updates -------------------------------------------------------------------------------------------------------- */

void location_begin(struct location_update *u, struct location *l, const char *aor)
{
	const struct aor *a = find(l, aor);
	u->l = l;
	u->aor = aor;
	u->n = a ? a->n : 0;
	for (unsigned i = 0; i < u->n; i++)
		u->contacts[i] = mem_ref(a->contacts[i]);
}

int location_find(const struct location_update *u, const struct binding *b)
{
	struct sip_uri uri;
	if (sip_uri_parse(&uri, b->uri))
		return -1;
	for (unsigned i = 0; i < u->n; i++)
		if (contact_same(u->contacts[i], b, &uri))
			return (int)i;
	return -1;
}

const struct binding *location_at(const struct location_update *u, unsigned i)
{
	return &u->contacts[i]->b;
}

bool location_is_new(const struct location_update *u, unsigned i)
{
	return !u->contacts[i]->aor;
}

int location_set(struct location_update *u, int i, const struct binding *b)
{
	struct contact *c;
	if (i < 0 && u->n == LOCATION_CONTACTS_MAX)
		return -ENOSPC;
	uint64_t now = clock_ms(), left = b->expires_at > now ? b->expires_at - now : 0;
	int err = contact_new(&c, b, clock_utc_ms() + left);
	if (err)
		return err;
	if (i < 0) {
		u->contacts[u->n++] = c;
	} else {
		mem_deref(u->contacts[i]);
		u->contacts[i] = c;
	}
	return 0;
}

void location_remove(struct location_update *u, unsigned i)
{
	mem_deref(u->contacts[i]);
	memmove(&u->contacts[i], &u->contacts[i + 1], (--u->n - i) * sizeof *u->contacts);
}

void location_abort(struct location_update *u)
{
	for (unsigned i = 0; i < u->n; i++)
		mem_deref(u->contacts[i]);
	u->n = 0;
}

int location_commit(struct location_update *u)
{
	struct location *l = u->l;
	struct aor *a = find(l, u->aor);
	struct contact **array = u->n ? mem_raw(u->n * sizeof *array) : NULL;
	int err = u->n && !array ? -ENOMEM : 0;
	sort(u->contacts, u->n);
	if (!err && !a && u->n && !(a = aor_new(l, u->aor)))
		err = -ENOMEM;
	/* The last step that can fail. */
	if (!err)
		err = save(l, u->aor, u->contacts, u->n);
	if (err) {
		if (a && !a->n)
			aor_free(a);
		mem_free(array);
		location_abort(u);
		return err;
	}
	if (a && u->n) {
		memcpy(array, u->contacts, u->n * sizeof *array);
		put_in_effect(a, array, u->n);
	} else if (a) {
		/* The update holds no reference any more, so this ends them and their timers. */
		aor_free(a);
	}
	u->n = 0;
	changed(l, u->aor);
	return 0;
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static unsigned list(const struct location *l, const char *aor, bool sip_only, struct binding *out, unsigned max)
{
	const struct aor *a = find(l, aor);
	unsigned n = 0;
	for (unsigned i = 0; a && i < a->n && n < max; i++)
		if (!sip_only || a->contacts[i]->scheme <= SIP_SCHEME_SIPS)
			out[n++] = a->contacts[i]->b;
	return n;
}

unsigned location_contacts(const struct location *l, const char *aor, struct binding *out, unsigned max)
{
	return list(l, aor, false, out, max);
}

unsigned location_sip_contacts(const struct location *l, const char *aor, struct binding *out, unsigned max)
{
	return list(l, aor, true, out, max);
}

bool location_has_source(const struct location *l, const struct addr *src)
{
	uint64_t key[2];
	return lines_taken(&l->sources, source_key(src, key)) > 0;
}

/* The upper half is the hash of the address of record, so that it is found again without a table. */
uint64_t location_new_gruu(const char *aor)
{
	uint32_t random;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		abort(); /* cannot happen for so few bytes (getrandom(2)) */
	return (uint64_t)name_hash(aor) << 32 | random;
}

unsigned location_by_gruu(const struct location *l, uint64_t gruu, struct binding *out, unsigned max, const char **aor)
{
	const struct aor *a;
	uint32_t h = (uint32_t)(gruu >> 32);
	unsigned n = 0;
	hash_foreach_match(a, &l->aors, h, by_name)
		for (unsigned i = 0; i < a->n && n < max; i++) {
			if (a->contacts[i]->b.gruu != gruu)
				continue;
			*aor = a->name;
			out[n++] = a->contacts[i]->b;
		}
	return n;
}

size_t location_count(const struct location *l)
{
	return l->count;
}

int location_each(const struct location *l, int (*fn)(void *arg, const char *aor, const struct binding *b), void *arg)
{
	struct aor *a;
	int res = 0;
	hash_foreach(a, &l->aors, by_name)
		for (unsigned i = 0; i < a->n && !res; i++)
			res = fn(arg, a->name, &a->contacts[i]->b);
	return res;
}

void location_retain(struct location *l, bool (*keep)(void *arg, const char *aor), void *arg)
{
	struct aor *a;
	hash_foreach(a, &l->aors, by_name) {
		if (keep(arg, a->name))
			continue;
		save(l, a->name, NULL, 0);
		aor_free(a);
	}
}
