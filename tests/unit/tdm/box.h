/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine with lines: a configuration, cards of the fake driver, and what its owner was told. */
#pragma once
#include "base/alarm.h"
#include "fake.h"
#include "tdm/tdm.h"
#include "unit.h"

static struct {
	struct tdm *t;
	unsigned told[TDM_STATES]; /* how many channels went into each state */
	unsigned resets, kept;
} box;

static void box_on_channel(struct tdm_channel *c, enum tdm_state old, void *arg)
{
	box.told[c->state]++;
}

static void box_on_reset(struct tdm_channel *c, void *arg)
{
	box.resets++;
	if (c->used)
		tdm_channel_release(c);
}

static void box_on_admin(struct tdm_channel *c, void *arg)
{
	box.kept++;
}

static const struct tdm_listener box_listener = {.channel = box_on_channel, .reset = box_on_reset, .admin = box_on_admin};

/* With the lines of a system.conf; cards are plugged in before. */
static void box_open(const char *system_conf, bool configure)
{
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	assert_int_equal(tdm_system_conf(s, "system.conf", slice_str(system_conf), &why), 0);
	buf_reset(&why);
	assert_int_equal(tdm_open(&box.t, &fake_driver, s, configure, 1000, &box_listener, NULL), 0);
	mem_deref(s);
	tdm_poll(box.t);
}

static int box_close(void **state)
{
	box.t = mem_deref(box.t);
	alarm_reset();
	memset(&fake, 0, sizeof(fake));
	memset(&box, 0, sizeof(box));
	assert_int_equal(timer_count(), 0);
	assert_int_equal(mem_blocks(), 0);
	return 0;
}

/* The detail of an alarm that is on; NULL when it is not. */
static inline const char *box_alarm(const char *name, const char *object)
{
	static char detail[128];
	json_t *all = alarm_json(), *a;
	size_t i;
	bool on = false;
	json_array_foreach(all, i, a)
		if (!strcmp(json_string_value(json_object_get(a, "name")), name) && json_is_null(json_object_get(a, "cleared")) &&
		    !strcmp(json_string_value(json_object_get(a, "object")), object)) {
			snprintf(detail, sizeof(detail), "%s", json_string_value(json_object_get(a, "detail")));
			on = true;
		}
	json_decref(all);
	return on ? detail : NULL;
}

static inline enum tdm_state box_state(unsigned channel)
{
	return tdm_channel(box.t, channel)->state;
}
