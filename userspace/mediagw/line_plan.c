// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_plan.h"
#include "base/log.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include <errno.h>

#define AGAIN_MS 60000 /* one that is due waits so long for a test that runs, or for channels */

/* What a section says; compared octet by octet. */
struct settings {
	char name[64], from[64], to[64], number[64], caller[64];
	bool all;
	uint64_t every_ms;
	struct loop_bound bound[LOOP_CHECKS];
};

struct plan {
	struct link link;
	struct line_tests *tests;
	struct settings s;
	struct timer timer;
	bool stays; /* in the configuration that is being taken */
};

struct line_plans {
	struct line_tests *tests;
	struct list all;
};

static void plan_destroy(void *obj)
{
	struct plan *p = obj;
	timer_stop(&p->timer);
	list_remove(&p->link);
	line_tests_forget(p->tests, p);
}

static void forget(struct list *plans)
{
	struct plan *p;
	list_foreach_safe(p, plans, link)
		mem_deref(p);
}

/* --- when it is due ------------------------------------------------------------------------------------------------- */

static void due(void *arg);

static void again(struct plan *p)
{
	timer_start(&p->timer, p->s.every_ms < AGAIN_MS ? p->s.every_ms : AGAIN_MS, due, p);
}

/* Of channels that were busy nothing is known that was not known before. */
static void on_over(void *arg, enum line_test_end how, const char *what)
{
	struct plan *p = arg;
	if (how == LINE_TEST_FAILED)
		alarm_raise(&alarm_line_test, p->s.name, what);
	else if (how == LINE_TEST_PASSED)
		alarm_clear(&alarm_line_test, p->s.name);
	else
		again(p);
}

static void due(void *arg)
{
	struct plan *p = arg;
	struct buf why = buf_growing();
	const struct line_test_params params = {
		.from = slice_str(p->s.from), .to = slice_str(p->s.to), .number = slice_str(p->s.number), .caller = slice_str(p->s.caller), .all = p->s.all, .bound = p->s.bound, .over = on_over, .arg = p,
	};
	timer_start(&p->timer, p->s.every_ms, due, p);
	int err = line_tests_begin(p->tests, &params, &why);
	if (err == -EBUSY)
		again(p);
	else if (err)
		alarm_raise(&alarm_line_test, p->s.name, buf_z(&why));
	buf_reset(&why);
}

/* --- the configuration ---------------------------------------------------------------------------------------------- */

static void read_settings(struct settings *ret, const struct conf_part *s)
{
	memset(ret, 0, sizeof *ret);
	ret->all = conf_bool(s, "all");
	ret->every_ms = (uint64_t)conf_int(s, "every");
	snprintf(ret->name, sizeof ret->name, "%s", conf_title(s));
	snprintf(ret->from, sizeof ret->from, "%s", conf_string(s, "from"));
	snprintf(ret->to, sizeof ret->to, "%s", conf_string(s, "to"));
	snprintf(ret->number, sizeof ret->number, "%s", conf_string(s, "number"));
	snprintf(ret->caller, sizeof ret->caller, "%s", conf_string(s, "caller"));
	line_test_bounds(ret->bound, s);
}

static struct plan *find(const struct line_plans *l, const struct settings *s)
{
	struct plan *p;
	list_foreach(p, &l->all, link)
		if (!memcmp(&p->s, s, sizeof *s))
			return p;
	return NULL;
}

static int add(struct list *to, struct line_tests *tests, const struct settings *s)
{
	struct plan *p = mem_alloc(sizeof *p, plan_destroy);
	if (!p)
		return -ENOMEM;
	p->tests = tests;
	p->s = *s;
	p->stays = true;
	list_append(to, &p->link);
	return 0;
}

/* What was seen by a test that is planned no more, or otherwise, is nobody's alarm. */
static void drop_others(struct line_plans *l)
{
	struct plan *p;
	list_foreach_safe(p, &l->all, link) {
		if (!p->stays) {
			alarm_clear(&alarm_line_test, p->s.name);
			mem_deref(p);
		}
	}
}

static void take(struct line_plans *l, struct list *fresh)
{
	struct plan *p;
	drop_others(l);
	list_foreach_safe(p, fresh, link) {
		list_remove(&p->link);
		list_append(&l->all, &p->link);
		timer_start(&p->timer, p->s.every_ms, due, p);
	}
}

int line_plans_reload(struct line_plans *l, const struct conf *conf)
{
	const struct conf_part *s;
	struct settings settings;
	struct list fresh;
	struct plan *p;
	int err = 0;
	list_init(&fresh);
	list_foreach(p, &l->all, link)
		p->stays = false;
	for (unsigned i = 0; !err && (s = conf_titled(conf, "line-test", i)); i++) {
		read_settings(&settings, s);
		p = find(l, &settings);
		if (p)
			p->stays = true;
		else
			err = add(&fresh, l->tests, &settings);
	}
	if (err)
		forget(&fresh);
	else
		take(l, &fresh);
	return err;
}

static void destroy(void *obj)
{
	struct line_plans *l = obj;
	forget(&l->all);
}

int line_plans_open(struct line_plans **ret, struct line_tests *tests, const struct conf *conf)
{
	struct line_plans *l = mem_alloc(sizeof *l, destroy);
	if (!l)
		return -ENOMEM;
	l->tests = tests;
	list_init(&l->all);
	int err = line_plans_reload(l, conf);
	if (err)
		mem_deref(l);
	else
		*ret = l;
	return err;
}
