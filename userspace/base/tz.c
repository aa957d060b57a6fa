// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/tz.h"
#include "base/buf.h"
#include "base/mem.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ZONES     "/usr/share/zoneinfo/"
#define FILE_MAX  65536
#define DAY       86400

/* When clocks change, every year: the `week`-th `day` of `month` (5: the last), or the day `day` of the year. */
struct change {
	char kind; /* 'M', 'J' (1 to 365, without 29 February) or 'n' (from 0) */
	int month, week, day;
	int32_t at; /* seconds of local time */
};

struct tz {
	char *data;
	const uint8_t *times, *types, *infos;
	uint32_t n_times, n_types;
	/* What holds after the last of these times. */
	bool has_rule, has_dst;
	int32_t std, dst;
	struct change begin, end;
};

static void destroy(void *obj)
{
	struct tz *tz = obj;
	mem_free(tz->data);
}

/* --- the rule in the last line (POSIX TZ) ---------------------------------------------------------------------------- */

static bool name(const char **at)
{
	const char *p = *at;
	if (*p == '<') {
		p += strcspn(p, ">");
		if (*p)
			p++;
	} else {
		while (isalpha((unsigned char)*p))
			p++;
	}
	bool any = p > *at;
	*at = p;
	return any;
}

static int32_t hms(const char **at)
{
	int sign = 1, part[3] = {0};
	if (**at == '-' || **at == '+')
		sign = *(*at)++ == '-' ? -1 : 1;
	for (int i = 0; i < 3; i++) {
		part[i] = (int)strtol(*at, (char **)at, 10);
		if (**at != ':')
			break;
		(*at)++;
	}
	return sign * (part[0] * 3600 + part[1] * 60 + part[2]);
}

static bool change(const char **at, struct change *c)
{
	*c = (struct change){.kind = 'n', .at = 2 * 3600};
	int n = 0;
	if (**at != ',')
		return false;
	(*at)++;
	if (**at == 'M' && sscanf(*at, "M%d.%d.%d%n", &c->month, &c->week, &c->day, &n) == 3) {
		c->kind = 'M';
	} else {
		if (**at == 'J')
			c->kind = *(*at)++;
		if (sscanf(*at, "%d%n", &c->day, &n) != 1)
			return false;
	}
	*at += n;
	if (**at == '/') {
		(*at)++;
		c->at = hms(at);
	}
	return true;
}

static void read_rule(struct tz *tz, const char *text)
{
	const char *at = text;
	if (!name(&at))
		return;
	tz->std = -hms(&at);
	tz->has_rule = true;
	if (!name(&at))
		return;
	tz->dst = tz->std + 3600;
	if (*at && *at != ',')
		tz->dst = -hms(&at);
	tz->has_dst = change(&at, &tz->begin) && change(&at, &tz->end);
}

/* Days from 1970 to a date of the Gregorian calendar. */
static int64_t days_of(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100) || y % 400 == 0;
}

static int64_t day_of_change(const struct change *c, int64_t year)
{
	if (c->kind == 'J')
		return days_of(year, 1, 1) + c->day - 1 + (is_leap(year) && c->day >= 60);
	if (c->kind == 'n')
		return days_of(year, 1, 1) + c->day;
	int64_t first = days_of(year, c->month, 1);
	int64_t next = c->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, c->month + 1, 1);
	int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970 began on a Thursday */
	int64_t day = first + (c->day - weekday + 7) % 7 + 7 * (c->week - 1);
	while (day >= next)
		day -= 7;
	return day;
}

static int32_t by_rule(const struct tz *tz, int64_t utc)
{
	if (!tz->has_dst)
		return tz->std;
	int64_t year = 1970 + (utc + tz->std) / 31556952;
	while (days_of(year + 1, 1, 1) * DAY <= utc + tz->std)
		year++;
	while (days_of(year, 1, 1) * DAY > utc + tz->std)
		year--;
	int64_t begin = day_of_change(&tz->begin, year) * DAY + tz->begin.at - tz->std;
	int64_t end = day_of_change(&tz->end, year) * DAY + tz->end.at - tz->dst;
	bool summer = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
	return summer ? tz->dst : tz->std;
}

/* --- the file -------------------------------------------------------------------------------------------------------- */

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct counts {
	uint64_t isut, isstd, leap, time, type, chars;
};

enum { HEADER = 44 };

static bool read_header(const uint8_t *p, size_t left, struct counts *c)
{
	if (left < HEADER || memcmp(p, "TZif", 4))
		return false;
	*c = (struct counts){be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32), be32(p + 36), be32(p + 40)};
	return true;
}

static uint64_t body_len(const struct counts *c, unsigned width)
{
	return c->time * (width + 1) + c->type * 6 + c->chars + c->leap * (width + 4) + c->isstd + c->isut;
}

/* Version 2 and later: a block for old readers, then the same with times of 64 bits and the rule in a line of its own. */
static int read_zone(struct tz *tz, size_t len)
{
	const uint8_t *p = (const uint8_t *)tz->data;
	struct counts c;
	if (!read_header(p, len, &c) || p[4] < '2' || HEADER + body_len(&c, 4) > len)
		return -EBADMSG;
	uint64_t at = HEADER + body_len(&c, 4);
	if (!read_header(p + at, len - at, &c) || at + HEADER + body_len(&c, 8) > len || !c.type)
		return -EBADMSG;
	at += HEADER;
	tz->n_times = (uint32_t)c.time;
	tz->n_types = (uint32_t)c.type;
	tz->times = p + at;
	tz->types = tz->times + 8 * c.time;
	tz->infos = tz->types + c.time;
	for (uint32_t i = 0; i < tz->n_times; i++)
		if (tz->types[i] >= tz->n_types)
			return -EBADMSG;
	at += body_len(&c, 8);
	tz->data[len] = '\0';
	if (at < len && tz->data[at] == '\n') {
		tz->data[at + 1 + strcspn(tz->data + at + 1, "\n")] = '\0';
		read_rule(tz, tz->data + at + 1);
	}
	return 0;
}

static int read_file(struct tz *tz, const char *path)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return -ENOENT;
	tz->data = mem_raw(FILE_MAX + 1);
	size_t len = tz->data ? fread(tz->data, 1, FILE_MAX, f) : 0;
	fclose(f);
	return tz->data ? read_zone(tz, len) : -ENOMEM;
}

int tz_load(struct tz **ret, const char *zone)
{
	struct tz *tz = mem_alloc(sizeof(*tz), destroy);
	char path[256];
	struct buf b = buf_fixed(path, sizeof(path));
	if (!tz)
		return -ENOMEM;
	buf_printf(&b, "%s%s", ZONES, zone);
	const char *z = *zone ? buf_z(&b) : "/etc/localtime";
	int err = b.err || strstr(zone, "..") ? -ENOENT : read_file(tz, z);
	if (!*zone && err == -ENOENT)
		err = 0;
	if (err)
		mem_deref(tz);
	else
		*ret = tz;
	return err;
}

int32_t tz_offset(const struct tz *tz, int64_t utc)
{
	uint32_t low = 0, high = tz->n_times; /* how many of the times have passed */
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (be64(tz->times + 8 * (size_t)mid) <= utc)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == tz->n_times && tz->has_rule)
		return by_rule(tz, utc);
	if (!tz->n_types)
		return 0;
	return (int32_t)be32(tz->infos + 6 * (low ? tz->types[low - 1] : 0));
}
