/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the fraud limits share: fraud_rules.c (what is allowed), fraud_usage.c (what was used of it), fraud.c (calls and operators). */
#pragma once
#include "base/schedule.h"
#include "base/timer.h"
#include "callagent/fraud.h"
#include "guard/sources.h"

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

/* What one source has used of one rule: in memory from its first call on. */
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

/* fraud_rules.c: 0, -ENOMEM, or what a time zone that cannot be had gives. */
int fraud_rules_new(struct fraud_rules **ret, const struct conf *conf);
const struct fraud_rule *fraud_rule_named(const struct fraud_rules *r, const char *name);
/* Whether it limits that call of `source` to `number`: by these and the time of its set-up. */
bool fraud_rule_speaks_of(const struct fraud_rules *r, const struct fraud_rule *k, const struct fraud_call *c, const char *source, const char *number);

/* fraud_usage.c: finds it or makes it, NULL: memory is out. */
struct fraud_usage *fraud_usage_of(struct fraud *f, const char *rule, const char *source);
void fraud_usage_free(struct fraud_usage *u);
/* Puts it into the store. */
void fraud_usage_save(const struct fraud_usage *u);
/* All that the store has. */
int fraud_usages_load(struct fraud *f);
/* ms that a call has been up; 0: it is not answered. */
uint64_t fraud_talked(const struct fraud_call *c);
/* Talking time today, of calls that are over and those that are on. */
uint64_t fraud_usage_talked(struct fraud_usage *u);
/* A call that is over has taken so long. */
void fraud_usage_add(struct fraud_usage *u, uint64_t ms);
