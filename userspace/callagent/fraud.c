// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/alarm.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/fraud_priv.h"
#include "callagent/leg.h"
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

/* --- construction --------------------------------------------------------------------------------------------------- */

static void fraud_destroy(void *obj)
{
	struct fraud *f = obj;
	struct fraud_usage *u;
	timer_stop(&f->watch);
	hash_foreach(u, &f->usages, by_key)
		fraud_usage_free(u);
	hash_free(&f->usages);
	mem_deref(f->rules);
}

int fraud_new(struct fraud **ret, const struct fraud_params *p)
{
	struct fraud *f = mem_alloc(sizeof *f, fraud_destroy);
	if (!f)
		return -ENOMEM;
	f->p = *p;
	int err = hash_init(&f->usages, 64) ?: fraud_rules_new(&f->rules, p->conf);
	if (!err)
		err = fraud_usages_load(f);
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
	int err = fraud_rules_new(&rules, conf);
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
		uint64_t ms = over ? fraud_talked(c) : 0;
		c->uses = use->next;
		if (ms)
			fraud_usage_add(u, ms);
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
		const struct fraud_rule *k = u->parallel ? fraud_rule_named(f->rules, u->rule) : NULL;
		if (!k || !k->talk_ms)
			continue;
		if (fraud_usage_talked(u) >= k->talk_ms)
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
	if (k->talk_ms && fraud_usage_talked(u) >= k->talk_ms) {
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
		if (!*source || !fraud_rule_speaks_of(f->rules, k, c, source, number))
			continue;
		struct fraud_usage *u = fraud_usage_of(f, k->name, source);
		if (u && has_use(c, u))
			continue;
		const char *why = u && !restored ? refuses(k, u) : NULL;
		*rule = why ? k->name : NULL;
		if (why)
			raise_alarm(u, why);
		if (why || !u || !take(u, c))
			return false;
		if (!restored)
			clear_alarm(u);
		fraud_usage_save(u);
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
		const struct fraud_rule *k = fraud_rule_named(f->rules, u->rule);
		if (k)
			json_array_append_new(rows, json_pack("{s:s, s:s, s:i, s:i, s:I, s:I}", "rule", u->rule, "source", u->source, "calls", (int)u->parallel,
							      "of", (int)k->parallel, "talked_ms", (json_int_t)fraud_usage_talked(u), "talk_max_ms", (json_int_t)k->talk_ms));
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
		fraud_usage_save(u);
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
