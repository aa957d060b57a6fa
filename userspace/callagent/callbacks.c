// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/callbacks.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/timer.h"
#include "cdr/cdr.h"
#include <errno.h>

#define WITHIN_MS (30 * 60 * 1000)
#define MOST      256 /* the oldest is forgotten first */

struct callback {
	struct link link;
	char user[65], trunk[65];
	uint64_t until;     /* on clock_ms() */
	uint64_t until_utc; /* for the store: the other one starts with the machine */
};

struct callbacks {
	struct list all; /* the oldest first */
	unsigned n;
	struct store *store;
	unsigned table;
};

static const struct pack_field fields[] = {
	PACK_FIELD(1, PACK_TEXT, struct callback, user),
	PACK_FIELD(2, PACK_TEXT, struct callback, trunk),
	PACK_FIELD(3, PACK_NUMBER, struct callback, until_utc),
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static struct slice key_of(const struct callback *c, char *out, size_t size)
{
	struct buf b = buf_fixed(out, size);
	buf_printf(&b, "%s/%s", c->user, c->trunk);
	return buf_text(&b);
}

static void drop(struct callbacks *cb, struct callback *c)
{
	list_remove(&c->link);
	cb->n--;
	mem_free(c);
}

static void forget(struct callbacks *cb, struct callback *c)
{
	char key[160];
	if (cb->store && store_del(cb->store, cb->table, key_of(c, key, sizeof(key))))
		log_warn("emergency", "memory is out: a call back stays in the store until its time");
	drop(cb, c);
}

static struct callback *find(const struct callbacks *cb, const char *user, const char *trunk)
{
	struct callback *c;
	list_foreach(c, &cb->all, link)
		if (!strcmp(c->user, user) && !strcmp(c->trunk, trunk))
			return c;
	return NULL;
}

static void save(struct callbacks *cb, const struct callback *c)
{
	char key[160];
	struct buf value = buf_growing();
	if (!cb->store)
		return;
	pack_write(&value, fields, N_FIELDS, c);
	int err = value.err ? value.err : store_put(cb->store, cb->table, key_of(c, key, sizeof(key)), buf_text(&value));
	if (err)
		log_warn("emergency", "a restart would forget that %s may be called back: %s", c->user, strerror(-err));
	buf_reset(&value);
}

static struct callback *add(struct callbacks *cb, const struct callback *from)
{
	struct callback *c = mem_raw(sizeof(*c));
	if (!c)
		return NULL;
	*c = *from;
	list_append(&cb->all, &c->link);
	cb->n++;
	return c;
}

void callbacks_expect(struct callbacks *cb, const char *user, const char *trunk)
{
	struct callback fresh = {.until = clock_ms() + WITHIN_MS, .until_utc = clock_utc_ms() + WITHIN_MS}, *c;
	list_foreach_safe(c, &cb->all, link)
		if (c->until <= clock_ms() || cb->n >= MOST)
			forget(cb, c);
	CDR_SET(fresh.user, slice_str(user));
	CDR_SET(fresh.trunk, slice_str(trunk));
	c = find(cb, fresh.user, fresh.trunk);
	if (c)
		drop(cb, c);
	c = add(cb, &fresh);
	if (c)
		save(cb, c);
	else
		log_warn("emergency", "memory is out: %s is not called back ahead of his services", user);
}

bool callbacks_expected(const struct callbacks *cb, const char *user, const char *trunk)
{
	const struct callback *c = find(cb, user, trunk);
	return c && c->until > clock_ms();
}

/* --- construction --------------------------------------------------------------------------------------------------- */

static int load_one(struct slice key, struct slice value, void *arg)
{
	struct callbacks *cb = arg;
	struct callback c = {0};
	uint64_t now = clock_utc_ms();
	if (pack_read(&c, fields, N_FIELDS, value) || c.until_utc <= now || cb->n >= MOST)
		return store_del(cb->store, cb->table, key);
	/* A wall clock that was put back does not make it longer. */
	uint64_t left = c.until_utc - now;
	c.until = clock_ms() + (left < WITHIN_MS ? left : WITHIN_MS);
	return add(cb, &c) ? 0 : -ENOMEM;
}

static void callbacks_destroy(void *obj)
{
	struct callbacks *cb = obj;
	struct callback *c;
	list_foreach_safe(c, &cb->all, link)
		drop(cb, c);
	mem_deref(cb->store);
}

int callbacks_new(struct callbacks **ret, struct store *store, unsigned table)
{
	struct callbacks *cb = mem_alloc(sizeof(*cb), callbacks_destroy);
	if (!cb)
		return -ENOMEM;
	list_init(&cb->all);
	cb->store = mem_ref(store);
	cb->table = table;
	int err = store ? store_load(store, table, load_one, cb) : 0;
	if (err)
		mem_deref(cb);
	else
		*ret = cb;
	return err;
}
