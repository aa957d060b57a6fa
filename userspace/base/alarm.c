// SPDX-License-Identifier: GPL-2.0-or-later
/* Each alarm is off, rising (the condition holds, not yet long enough to be shown), on, or falling (gone, not yet long
 * enough to be cleared). What was cleared is kept, the last hundred of them. */
#include "base/alarm.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include <string.h>

#define CLEARED_KEPT 100

enum state { RISING, ON, FALLING, CLEARED };

struct alarm {
	struct link link;
	const struct alarm_def *def;
	char *object, *detail;
	enum state state;
	uint64_t since, cleared; /* UTC ms */
	uint64_t count;          /* times raised */
	struct timer timer;
};

static struct list alarms; /* oldest first */
static void (*changed_fn)(const json_t *alarm, void *arg);
static void *changed_arg;

static const char *const severity_names[] = {
	[ALARM_WARNING] = "warning",
	[ALARM_MINOR] = "minor",
	[ALARM_MAJOR] = "major",
	[ALARM_CRITICAL] = "critical",
};

static void alarm_destroy(void *obj)
{
	struct alarm *a = obj;
	timer_stop(&a->timer);
	list_remove(&a->link);
	mem_free(a->object);
	mem_free(a->detail);
}

static struct alarm *find(const struct alarm_def *def, const char *object)
{
	struct alarm *a;
	list_foreach(a, &alarms, link)
		if (a->def == def && !strcmp(a->object, object))
			return a;
	return NULL;
}

static struct alarm *add(const struct alarm_def *def, const char *object)
{
	struct alarm *a = mem_alloc(sizeof *a, alarm_destroy);
	if (!a)
		return NULL;
	a->object = mem_strdup(object);
	if (!a->object)
		return mem_deref(a);
	a->def = def;
	a->state = CLEARED;
	list_append(&alarms, &a->link);
	return a;
}

static json_t *alarm_to_json(const struct alarm *a)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:I, s:s, s:s}", "name", a->def->name, "object", a->object, "severity",
			 severity_names[a->def->severity], "since", (json_int_t)a->since, "cleared",
			 a->state == CLEARED ? json_integer((json_int_t)a->cleared) : json_null(), "count",
			 (json_int_t)a->count, "detail", a->detail ? a->detail : "", "help", a->def->help ? a->def->help : "");
}

static void tell(const struct alarm *a)
{
	bool on = a->state == ON;
	log_at(on ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, a->object, "alarm %s %s%s%s", a->def->name, on ? "raised" : "cleared",
	       on && a->detail ? ": " : "", on && a->detail ? a->detail : "");
	if (!changed_fn)
		return;
	json_t *j = alarm_to_json(a);
	if (j)
		changed_fn(j, changed_arg);
	json_decref(j);
}

static void forget_oldest_cleared(void)
{
	struct alarm *a, *oldest = NULL;
	unsigned n = 0;
	list_foreach(a, &alarms, link)
		if (a->state == CLEARED && a->count) {
			if (!oldest || a->cleared < oldest->cleared)
				oldest = a;
			n++;
		}
	if (n > CLEARED_KEPT)
		mem_deref(oldest);
}

static void on_shown(void *arg)
{
	struct alarm *a = arg;
	a->state = ON;
	a->count++;
	tell(a);
}

static void on_gone(void *arg)
{
	struct alarm *a = arg;
	a->state = CLEARED;
	a->cleared = clock_utc_ms();
	tell(a);
	forget_oldest_cleared();
}

static void after(struct alarm *a, uint32_t ms, timer_fn fn)
{
	if (ms)
		timer_start(&a->timer, ms, fn, a);
	else
		fn(a);
}

static void set_detail(struct alarm *a, const char *detail)
{
	char *copy = detail ? mem_strdup(detail) : NULL;
	if (detail && !copy)
		return;
	mem_free(a->detail);
	a->detail = copy;
}

void alarm_raise(const struct alarm_def *def, const char *object, const char *detail)
{
	struct alarm *a = find(def, object);
	if (!a)
		a = add(def, object);
	if (!a) {
		log_error(object, "alarm %s raised, and memory is out", def->name);
		return;
	}
	set_detail(a, detail);
	if (a->state == FALLING) {
		timer_stop(&a->timer);
		a->state = ON;
	} else if (a->state == CLEARED) {
		a->since = clock_utc_ms();
		a->state = RISING;
		after(a, def->raise_ms, on_shown);
	}
}

void alarm_clear(const struct alarm_def *def, const char *object)
{
	struct alarm *a = find(def, object);
	if (!a)
		return;
	if (a->state == RISING) {
		timer_stop(&a->timer);
		a->state = CLEARED;
		if (!a->count)
			mem_deref(a);
	} else if (a->state == ON) {
		a->state = FALLING;
		after(a, def->clear_ms, on_gone);
	}
}

bool alarm_is_on(const struct alarm_def *def, const char *object)
{
	const struct alarm *a = find(def, object);
	return a && (a->state == ON || a->state == FALLING);
}

static bool shown(const struct alarm *a)
{
	return a->state == ON || a->state == FALLING || (a->state == CLEARED && a->count);
}

json_t *alarm_json(void)
{
	json_t *all = json_array();
	struct alarm *a;
	if (!all)
		return NULL;
	list_foreach(a, &alarms, link)
		if (shown(a) && json_array_append_new(all, alarm_to_json(a))) {
			json_decref(all);
			return NULL;
		}
	return all;
}

void alarm_on_change(void (*fn)(const json_t *alarm, void *arg), void *arg)
{
	changed_fn = fn;
	changed_arg = arg;
}

void alarm_reset(void)
{
	while (list_first(&alarms))
		mem_deref(container_of(list_first(&alarms), struct alarm, link));
	changed_fn = NULL;
}
