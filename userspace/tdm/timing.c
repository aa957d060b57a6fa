// SPDX-License-Identifier: GPL-2.0-or-later
/* The sources of timing. The driver and its cards choose by the same rule as here: the first, by priority, that is without alarm. What is
 * done here is to tell when that is not the one wished for. */
#include "base/alarm.h"
#include "tdm/tdm.h"
#include <stdio.h>

static const struct alarm_def fallback = {"timing-fallback", ALARM_MINOR, "The first source of timing failed; the clock is taken from another span.", 0, 0};
static const struct alarm_def lost = {"timing-lost", ALARM_MAJOR, "No source of timing works; the clock runs free, and there will be slips.", 0, 0};

unsigned tdm_timing_priority(const struct tdm *t, unsigned span)
{
	const struct tdm_span_setup *s = &t->setup->spans[span];
	const struct tdm_dynamic_setup *d = !s->set && t->spans[span] ? tdm_dynamic_of(t->spans[span]) : NULL;
	return d ? d->timing : s->timing;
}

/* The first by priority; only those that work, or whichever are configured. */
static unsigned first(const struct tdm *t, bool working)
{
	unsigned best = 0;
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++) {
		const struct tdm_span *s = t->spans[n];
		unsigned p = tdm_timing_priority(t, n);
		if (p && (!working || (s && !s->failed)) && (!best || p < tdm_timing_priority(t, best)))
			best = n;
	}
	return best;
}

unsigned tdm_timing(const struct tdm *t)
{
	return first(t, true);
}

static void set(const struct alarm_def *def, bool on, const char *detail)
{
	if (on)
		alarm_raise(def, "timing", detail);
	else
		alarm_clear(def, "timing");
}

void tdm_timing_check(struct tdm *t)
{
	unsigned wished = first(t, false), now = first(t, true);
	char detail[64];
	if (now)
		snprintf(detail, sizeof(detail), "span %u gives the clock instead of span %u", now, wished);
	else
		snprintf(detail, sizeof(detail), "span %u was the first choice", wished);
	set(&fallback, now && now != wished, detail);
	set(&lost, wished && !now, detail);
}
