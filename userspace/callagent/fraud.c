// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/fraud.h"
#include "base/alarm.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/schedule.h"
#include "callagent/leg.h"
#include "cdr/cdr.h"
#include "guard/sources.h"
#include <errno.h>

#define WATCH_MS 1000 /* how often talking time is looked at */

enum { CNT_RATE, CNT_PARALLEL, CNT_TALK, CNT_ENDED, CNT_MAX };
static const struct counter_def counter_defs[CNT_MAX] = {
	[CNT_RATE] = {"refused-rate", "calls refused: more a minute than a fraud rule allows"},
	[CNT_PARALLEL] = {"refused-parallel", "calls refused: more at a time than a fraud rule allows"},
	[CNT_TALK] = {"refused-talk", "calls refused: the talking time of the day is used up"},
	[CNT_ENDED] = {"ended-talk", "calls ended: the talking time of the day was used up"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("fraud", counter_defs, counts);

static const struct alarm_def limit_met = {
	"fraud", ALARM_MAJOR, "A user has met a fraud limit. If it is not he who calls: change his password, unban nobody, look at show cdr and show sources. "
	"\"tandemctl fraud reset USER\" gives him his limits anew.", 0, 0,
};

struct fraud_rule {
	const struct conf_part *conf;
	const char *name;
	struct schedule times;
	struct bucket_rate rate; /* burst 0: no limit */
	unsigned parallel;       /* 0: no limit */
	uint64_t talk_ms;        /* a day, 0: no limit */
};

/* The rules of one configuration. */
struct fraud_rules {
	struct conf *conf;
	struct tz *tz; /* whose midnight begins a day */
	unsigned n;
	struct fraud_rule rule[];
};

/* What one source has used of one rule. */
struct fraud_usage {
	struct hash_link by_key;
	struct fraud *f;
	struct list uses;
	unsigned parallel;
	struct bucket calls;
	int64_t day;
	uint64_t talked_ms; /* that day, by calls that are over */
	char rule[65], source[65];
};

/* One call, against one rule. */
struct fraud_use {
	struct link link;
	struct fraud_use *next; /* of the call */
	struct fraud_usage *usage;
	struct fraud_call *call;
};

struct fraud {
	struct fraud_params p;
	struct fraud_rules *rules;
	struct hash usages;
	struct timer watch; /* runs while a call is on that has a talking time */
};

/* --- rules ---------------------------------------------------------------------------------------------------------- */

static void rules_destroy(void *obj)
{
	struct fraud_rules *r = obj;
	for (unsigned i = 0; i < r->n; i++)
		schedule_free(&r->rule[i].times);
	mem_deref(r->tz);
	mem_deref(r->conf);
}

static int load_rule(struct fraud_rule *k, const struct conf_part *p, const char *zone)
{
	uint32_t rate = (uint32_t)conf_int(p, "calls-per-minute");
	*k = (struct fraud_rule){.conf = p, .name = conf_title(p), .rate = {rate, rate}, .parallel = (unsigned)conf_int(p, "calls"),
				 .talk_ms = (uint64_t)conf_int(p, "talk-per-day")};
	return schedule_load(&k->times, p, "time", zone);
}

static int rules_new(struct fraud_rules **ret, const struct conf *conf)
{
	const char *zone = conf_string(conf_section(conf, "sip"), "time-zone");
	unsigned n = 0;
	while (conf_titled(conf, "fraud", n))
		n++;
	struct fraud_rules *r = mem_alloc(sizeof *r + n * sizeof r->rule[0], rules_destroy);
	if (!r)
		return -ENOMEM;
	r->conf = mem_ref((void *)(uintptr_t)conf);
	int err = tz_load(&r->tz, zone);
	for (; !err && r->n < n; r->n++)
		err = load_rule(&r->rule[r->n], conf_titled(conf, "fraud", r->n), zone);
	if (err)
		mem_deref(r);
	else
		*ret = r;
	return err;
}

static bool lists(const struct conf_part *p, const char *option, const char *name)
{
	unsigned n = conf_list_count(p, option);
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(conf_list_at(p, option, i), name))
			return true;
	return !n;
}

static bool goes_there(const struct fraud_rules *r, const struct fraud_rule *k, struct slice number)
{
	unsigned n = conf_list_count(k->conf, "destinations");
	for (unsigned i = 0; i < n; i++) {
		const struct conf_part *d = conf_find(r->conf, "destination", conf_list_at(k->conf, "destinations", i));
		for (unsigned j = 0; d && j < conf_list_count(d, "prefix"); j++)
			if (slice_starts(number, slice_str(conf_list_at(d, "prefix", j))))
				return true;
	}
	return !n;
}

static bool speaks_of(const struct fraud_rules *r, const struct fraud_rule *k, const struct fraud_call *c, const char *source, const char *number)
{
	return lists(k->conf, "sources", source) && goes_there(r, k, slice_str(number)) &&
	       schedule_has(&k->times, *c->setup / 1000);
}

static const struct fraud_rule *rule_named(const struct fraud_rules *r, const char *name)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!strcmp(r->rule[i].name, name))
			return &r->rule[i];
	return NULL;
}

/* --- what was used -------------------------------------------------------------------------------------------------- */

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

static struct fraud_usage *usage_of(struct fraud *f, const char *rule, const char *source)
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

static void usage_free(struct fraud_usage *u)
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

static void save(const struct fraud_usage *u)
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
	struct fraud_usage *u = usage_of(f, r, s);
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

static uint64_t talked(const struct fraud_call *c)
{
	int64_t ms = *c->answered ? (int64_t)clock_utc_ms() - *c->answered : 0;
	return ms > 0 ? (uint64_t)ms : 0;
}

/* By those that are over and those that are on. */
static uint64_t talked_in_all(struct fraud_usage *u)
{
	const struct fraud_use *use;
	begin_day(u);
	uint64_t ms = u->talked_ms;
	list_foreach(use, &u->uses, link)
		ms += talked(use->call);
	return ms;
}

/* --- construction --------------------------------------------------------------------------------------------------- */

static void fraud_destroy(void *obj)
{
	struct fraud *f = obj;
	struct fraud_usage *u;
	timer_stop(&f->watch);
	hash_foreach(u, &f->usages, by_key)
		usage_free(u);
	hash_free(&f->usages);
	mem_deref(f->rules);
}

int fraud_new(struct fraud **ret, const struct fraud_params *p)
{
	struct fraud *f = mem_alloc(sizeof *f, fraud_destroy);
	if (!f)
		return -ENOMEM;
	f->p = *p;
	int err = hash_init(&f->usages, 64) ?: rules_new(&f->rules, p->conf);
	if (!err && p->store)
		err = store_load(p->store, p->table, load_one, f);
	if (err) {
		mem_deref(f);
		return err;
	}
	counter_register(&counters);
	*ret = f;
	return 0;
}

int fraud_reconfigure(struct fraud *f, const struct conf *conf)
{
	struct fraud_rules *rules;
	int err = rules_new(&rules, conf);
	if (err)
		return err;
	mem_deref(f->rules);
	f->rules = rules;
	return 0;
}

/* --- calls ---------------------------------------------------------------------------------------------------------- */

static void raise_alarm(const struct fraud_usage *u, const char *what)
{
	char object[160], detail[160];
	struct buf o = buf_fixed(object, sizeof object), d = buf_fixed(detail, sizeof detail);
	buf_printf(&o, "%s %s", u->rule, u->source);
	buf_printf(&d, "%s", what);
	alarm_raise(&limit_met, buf_z(&o), buf_z(&d));
}

static void clear_alarm(const struct fraud_usage *u)
{
	char object[160];
	struct buf o = buf_fixed(object, sizeof object);
	buf_printf(&o, "%s %s", u->rule, u->source);
	alarm_clear(&limit_met, buf_z(&o));
}

static void release(struct fraud_use *use)
{
	list_remove(&use->link);
	use->usage->parallel--;
	mem_free(use);
}

void fraud_release(struct fraud_call *c, bool over)
{
	while (c->uses) {
		struct fraud_use *use = c->uses;
		struct fraud_usage *u = use->usage;
		uint64_t ms = over ? talked(c) : 0;
		c->uses = use->next;
		if (ms) {
			begin_day(u);
			u->talked_ms += ms;
			save(u);
		}
		release(use);
	}
}

/* The calls that are on have used up the day. They end together, and their uses with them, so that the walk starts anew after each. */
static void end_calls(struct fraud_usage *u)
{
	char words[128];
	struct buf b = buf_fixed(words, sizeof words);
	buf_printf(&b, "fraud limit %s: talking time", u->rule);
	const char *z = buf_z(&b);
	raise_alarm(u, "the talking time of the day is used up");
	for (unsigned n = u->parallel; n && !list_empty(&u->uses); n--) {
		struct fraud_use *use = container_of(list_first(&u->uses), struct fraud_use, link);
		counts[CNT_ENDED]++;
		use->call->end(use->call, &(struct leg_news){.status = 403, .cause = 21, .words = z});
	}
}

static void on_watch(void *arg)
{
	struct fraud *f = arg;
	struct fraud_usage *u;
	bool any = false;
	hash_foreach(u, &f->usages, by_key) {
		const struct fraud_rule *k = u->parallel ? rule_named(f->rules, u->rule) : NULL;
		if (!k || !k->talk_ms)
			continue;
		if (talked_in_all(u) >= k->talk_ms)
			end_calls(u);
		any |= u->parallel > 0;
	}
	if (any)
		timer_start(&f->watch, WATCH_MS, on_watch, f);
}

static bool has_use(const struct fraud_call *c, const struct fraud_usage *u)
{
	const struct fraud_use *use = c->uses;
	while (use && use->usage != u)
		use = use->next;
	return use != NULL;
}

/* NULL: it may. */
static const char *refuses(const struct fraud_rule *k, struct fraud_usage *u)
{
	if (k->parallel && u->parallel >= k->parallel) {
		counts[CNT_PARALLEL]++;
		return "too many calls at a time";
	}
	if (k->talk_ms && talked_in_all(u) >= k->talk_ms) {
		counts[CNT_TALK]++;
		return "the talking time of the day is used up";
	}
	if (k->rate.burst && !bucket_take(&u->calls, &k->rate, clock_ms())) {
		counts[CNT_RATE]++;
		return "too many calls a minute";
	}
	return NULL;
}

static bool take(struct fraud_usage *u, struct fraud_call *c)
{
	struct fraud_use *use = mem_raw(sizeof *use);
	if (!use)
		return false;
	*use = (struct fraud_use){.next = c->uses, .usage = u, .call = c};
	c->uses = use;
	list_append(&u->uses, &use->link);
	u->parallel++;
	return true;
}

bool fraud_admits(struct fraud *f, struct fraud_call *c, const char *source, const char *number, bool restored, const char **rule)
{
	for (unsigned i = 0; i < f->rules->n; i++) {
		const struct fraud_rule *k = &f->rules->rule[i];
		if (!*source || !speaks_of(f->rules, k, c, source, number))
			continue;
		struct fraud_usage *u = usage_of(f, k->name, source);
		if (u && has_use(c, u))
			continue;
		const char *why = u && !restored ? refuses(k, u) : NULL;
		*rule = u ? k->name : NULL;
		if (why)
			raise_alarm(u, why);
		if (why || !u || !take(u, c))
			return false;
		if (!restored)
			clear_alarm(u);
		save(u);
		if (k->talk_ms && !timer_running(&f->watch))
			timer_start(&f->watch, WATCH_MS, on_watch, f);
	}
	return true;
}

/* --- operators ------------------------------------------------------------------------------------------------------ */

static int show(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct fraud *f = arg;
	struct fraud_usage *u;
	json_t *rows = json_array();
	(void)args;
	if (!rows) {
		buf_str(why, "out of memory");
		return -ENOMEM;
	}
	hash_foreach(u, &f->usages, by_key) {
		const struct fraud_rule *k = rule_named(f->rules, u->rule);
		if (k)
			json_array_append_new(rows, json_pack("{s:s, s:s, s:i, s:i, s:I, s:I}", "rule", u->rule, "source", u->source, "calls", (int)u->parallel,
							      "of", (int)k->parallel, "talked_ms", (json_int_t)talked_in_all(u), "talk_max_ms", (json_int_t)k->talk_ms));
	}
	*result = rows;
	return 0;
}

static int reset(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct fraud *f = arg;
	struct fraud_usage *u;
	const char *source = json_string_value(json_object_get(args, "source"));
	unsigned n = 0;
	hash_foreach(u, &f->usages, by_key) {
		if (!source || strcmp(u->source, source))
			continue;
		u->calls = (struct bucket){0};
		u->talked_ms = 0;
		clear_alarm(u);
		save(u);
		n++;
	}
	if (!n) {
		buf_str(why, "source: expected a user or trunk that show fraud lists");
		return -ENOENT;
	}
	*result = json_null();
	return 0;
}

const struct ctl_verb fraud_verbs[] = {
	{"show fraud", "what users have used of their fraud limits", show, NULL, NULL},
	{"fraud reset", "gives a user or trunk its limits anew, and ends the alarm", reset, "source=NAME", NULL},
	{0},
};
