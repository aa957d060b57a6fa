// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/mem.h"
#include "callagent/fraud_priv.h"
#include <errno.h>

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

int fraud_rules_new(struct fraud_rules **ret, const struct conf *conf)
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

bool fraud_rule_speaks_of(const struct fraud_rules *r, const struct fraud_rule *k, const struct fraud_call *c, const char *source, const char *number)
{
	return lists(k->conf, "sources", source) && goes_there(r, k, slice_str(number)) &&
	       schedule_has(&k->times, *c->setup / 1000);
}

const struct fraud_rule *fraud_rule_named(const struct fraud_rules *r, const char *name)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!strcmp(r->rule[i].name, name))
			return &r->rule[i];
	return NULL;
}
