// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/schedule.h"
#include "base/mem.h"
#include <errno.h>

#define MINUTES 1440 /* of a day */

static const char *const names[7] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static int day_of(struct slice s)
{
	for (int i = 0; i < 7; i++)
		if (slice_caseeq(s, slice_str(names[i])))
			return i;
	return -1;
}

/* "mon-fri", "sat", several with commas. */
static bool parse_days(struct slice text, uint8_t *days)
{
	*days = 0;
	while (slice_is_set(text)) {
		struct slice last = slice_cut(&text, ','), first = slice_cut(&last, '-');
		int from = day_of(first), to = slice_is_set(last) ? day_of(last) : from;
		if (from < 0 || to < 0)
			return false;
		for (int d = from;; d = (d + 1) % 7) {
			*days |= (uint8_t)(1 << d);
			if (d == to)
				break;
		}
	}
	return true;
}

static bool parse_minute(struct slice s, uint16_t *ret)
{
	uint16_t h, m;
	struct slice hour = slice_cut(&s, ':');
	if (slice_u16(hour, &h) || slice_u16(s, &m) || m > 59 || h * 60 + m > MINUTES)
		return false;
	*ret = (uint16_t)(h * 60 + m);
	return true;
}

const char *schedule_parse(struct schedule_span *ret, const char *text)
{
	static const char expected[] = "days, times, or both, such as \"mon-fri 08:00-17:30\" or \"sat,sun\"";
	struct slice rest = slice_trim(slice_str(text)), word = slice_cut(&rest, ' ');
	struct schedule_span s = {.days = 0x7f, .to = MINUTES};
	bool days = slice_find(word, ':') < 0;
	if (days && !parse_days(word, &s.days))
		return expected;
	if (days)
		word = slice_is_set(rest) ? slice_trim(rest) : SLICE_NONE;
	else if (slice_is_set(rest))
		return expected;
	if (slice_is_set(word)) {
		struct slice from = slice_cut(&word, '-');
		if (!parse_minute(from, &s.from) || !parse_minute(word, &s.to))
			return expected;
	}
	*ret = s;
	return NULL;
}

int schedule_load(struct schedule *s, const struct conf_part *part, const char *option, const char *zone)
{
	*s = (struct schedule){0};
	for (unsigned i = 0; i < conf_list_count(part, option) && s->n < SCHEDULE_SPANS; i++)
		if (schedule_parse(&s->span[s->n++], conf_list_at(part, option, i)))
			return -EINVAL;
	return s->n ? tz_load(&s->tz, zone) : 0;
}

void schedule_free(struct schedule *s)
{
	s->tz = mem_deref(s->tz);
}

bool schedule_has(const struct schedule *s, int64_t utc)
{
	if (!s->n)
		return true;
	int64_t local = utc + tz_offset(s->tz, utc);
	int minute = (int)(local / 60 % MINUTES), today = (int)((local / 86400 + 4) % 7), yesterday = (today + 6) % 7;
	for (unsigned i = 0; i < s->n; i++) {
		const struct schedule_span *p = &s->span[i];
		if (p->from < p->to && p->days & 1 << today && minute >= p->from && minute < p->to)
			return true;
		if (p->from >= p->to && ((p->days & 1 << today && minute >= p->from) || (p->days & 1 << yesterday && minute < p->to)))
			return true;
	}
	return false;
}
