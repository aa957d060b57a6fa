/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alarms are data: a row says what they are, a list says which are on. An alarm is identified by its row and its
 * object ("trunk carrier", "address inside"). Hold-off: it is shown after the condition has held for `raise_ms`, and
 * cleared after it has been gone for `clear_ms`. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum alarm_severity { ALARM_WARNING, ALARM_MINOR, ALARM_MAJOR, ALARM_CRITICAL };

struct alarm_def {
	const char *name;
	enum alarm_severity severity;
	const char *help; /* what it means and what to do */
	uint32_t raise_ms, clear_ms;
};

/* Says that the condition holds (again), or no longer holds. `detail` is one line, copied. Out of memory is logged. */
void alarm_raise(const struct alarm_def *def, const char *object, const char *detail);
void alarm_clear(const struct alarm_def *def, const char *object);
/* Whether it is shown: raised, held off for long enough, and not yet cleared. */
bool alarm_is_on(const struct alarm_def *def, const char *object);
/* [{"name","object","severity","since","cleared","count","detail","help"}]: on ones and the last 100 cleared;
 * since/cleared are UTC milliseconds, cleared null while on. A new reference. */
json_t *alarm_json(void);
/* Called on every change shown, with that alarm's object as in alarm_json(). */
void alarm_on_change(void (*fn)(const json_t *alarm, void *arg), void *arg);
/* Forgets everything (tests, shutdown). */
void alarm_reset(void);
