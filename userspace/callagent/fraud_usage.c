// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "callagent/fraud_priv.h"
#include "cdr/cdr.h"
#include <errno.h>

static uint32_t key_hash(const char *rule, const char *source)
{
	return slice_hash(slice_str(rule), false) * 31 + slice_hash(slice_str(source), false);
}

static struct fraud_usage *find(const struct fraud *f, const char *rule, const char *source)
{
	struct fraud_usage *u;
	uint32_t h = key_hash(rule, source);
	hash_foreach_match(u, &f->usages, h, by_key)
		if (!strcmp(u->rule, rule) && !strcmp(u->source, source))
			return u;
	return NULL;
}

struct fraud_usage *fraud_usage_of(struct fraud *f, const char *rule, const char *source)
{
	struct fraud_usage *u = find(f, rule, source);
	if (u)
		return u;
	u = mem_raw(sizeof *u);
	if (!u)
		return NULL;
	*u = (struct fraud_usage){.f = f};
	CDR_SET(u->rule, slice_str(rule));
	CDR_SET(u->source, slice_str(source));
	list_init(&u->uses);
	hash_insert(&f->usages, &u->by_key, key_hash(u->rule, u->source));
	return u;
}

void fraud_usage_free(struct fraud_usage *u)
{
	hash_remove(&u->f->usages, &u->by_key);
	mem_free(u);
}

/* In the store: the bucket by the wall clock, since the other one starts with the machine. */
struct stored {
	int64_t day, bucket_utc;
	uint64_t talked_ms;
	uint32_t milli;
};
static const struct pack_field fields[] = {
	PACK_FIELD(1, PACK_NUMBER, struct stored, day),
	PACK_FIELD(2, PACK_NUMBER, struct stored, bucket_utc),
	PACK_FIELD(3, PACK_NUMBER, struct stored, talked_ms),
	PACK_FIELD(4, PACK_NUMBER, struct stored, milli),
};
#define N_FIELDS (sizeof fields / sizeof *fields)

void fraud_usage_save(const struct fraud_usage *u)
{
	const struct fraud_params *p = &u->f->p;
	char key[160];
	struct buf k = buf_fixed(key, sizeof key), value = buf_growing();
	struct stored s = {.day = u->day, .talked_ms = u->talked_ms, .milli = u->calls.milli};
	if (!p->store)
		return;
	if (u->calls.used)
		s.bucket_utc = (int64_t)(clock_utc_ms() - (clock_ms() - u->calls.at));
	buf_printf(&k, "%s/%s", u->rule, u->source);
	pack_write(&value, fields, N_FIELDS, &s);
	int err = k.err ? k.err : value.err ? value.err : store_put(p->store, p->table, buf_text(&k), buf_text(&value));
	if (err)
		log_warn("fraud", "what %s has used of %s is not kept: %s", u->source, u->rule, strerror(-err));
	buf_reset(&value);
}

static int load_one(struct slice key, struct slice value, void *arg)
{
	struct fraud *f = arg;
	struct slice source = key, rule = slice_cut(&source, '/');
	char r[65], s[65];
	struct stored st = {0};
	if (slice_copy(rule, r, sizeof r) || slice_copy(source, s, sizeof s) || pack_read(&st, fields, N_FIELDS, value)) {
		log_warn("fraud", "dropped a record of the store that is none");
		return 0;
	}
	struct fraud_usage *u = fraud_usage_of(f, r, s);
	if (!u)
		return -ENOMEM;
	int64_t ago = (int64_t)clock_utc_ms() - st.bucket_utc;
	u->day = st.day;
	u->talked_ms = st.talked_ms;
	/* Longer ago than this machine is up: as if at its start, which is later and so never gives more. */
	if (st.bucket_utc)
		u->calls = (struct bucket){.used = true, .milli = st.milli,
					   .at = ago < 0 ? clock_ms() : (uint64_t)ago < clock_ms() ? clock_ms() - (uint64_t)ago : 0};
	return 0;
}

static void begin_day(struct fraud_usage *u)
{
	int64_t utc = (int64_t)(clock_utc_ms() / 1000), day = (utc + tz_offset(u->f->rules->tz, utc)) / 86400;
	if (day == u->day)
		return;
	u->day = day;
	u->talked_ms = 0;
}

uint64_t fraud_talked(const struct fraud_call *c)
{
	int64_t ms = *c->answered ? (int64_t)clock_utc_ms() - *c->answered : 0;
	return ms > 0 ? (uint64_t)ms : 0;
}

uint64_t fraud_usage_talked(struct fraud_usage *u)
{
	const struct fraud_use *use;
	begin_day(u);
	uint64_t ms = u->talked_ms;
	list_foreach(use, &u->uses, link)
		ms += fraud_talked(use->call);
	return ms;
}

void fraud_usage_add(struct fraud_usage *u, uint64_t ms)
{
	begin_day(u);
	u->talked_ms += ms;
	fraud_usage_save(u);
}

int fraud_usages_load(struct fraud *f)
{
	return f->p.store ? store_load(f->p.store, f->p.table, load_one, f) : 0;
}
