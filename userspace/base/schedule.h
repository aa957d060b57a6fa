/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of the week: "mon-fri 08:00-17:30", "sat,sun", "22:00-06:00" (over midnight), in a time zone. */
#pragma once
#include "base/conf.h"
#include "base/tz.h"

#define SCHEDULE_SPANS 32

/* Minutes of one day of the week; one past midnight ends on the next day. */
struct schedule_span {
	uint8_t days; /* bit 0: Sunday */
	uint16_t from, to;
};

struct schedule {
	struct schedule_span span[SCHEDULE_SPANS];
	unsigned n; /* 0: always */
	struct tz *tz;
};

/* NULL, or what was expected. */
const char *schedule_parse(struct schedule_span *ret, const char *text);
/* The list `option` of a section and the zone in `zone`: 0, -EINVAL, -ENOENT (no such zone), -ENOMEM. */
int schedule_load(struct schedule *s, const struct conf_part *part, const char *option, const char *zone);
void schedule_free(struct schedule *s);
/* Whether a time (UTC, seconds since 1970) is in one of the spans. */
bool schedule_has(const struct schedule *s, int64_t utc);
