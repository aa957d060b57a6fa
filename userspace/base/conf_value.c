// SPDX-License-Identifier: GPL-2.0-or-later
/* Single values of a configuration: from text to a number, with what was expected when it is not one. */
#include "base/conf_private.h"
#include <errno.h>

static const struct {
	const char *suffix;
	int64_t ms;
} units[] = {{"ms", 1}, {"", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

static int parse_int(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t v;
	int err = slice_u64(slice_str(text + negative), INT64_MAX, &v);
	if (!err)
		*ret = negative ? -(int64_t)v : (int64_t)v;
	return err;
}

static int parse_duration(const char *text, int64_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t v;
	if (slice_u64(slice_of(text, digits), INT64_MAX / 86400000, &v))
		return -EINVAL;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (!strcmp(text + digits, units[i].suffix)) {
			*ret = (int64_t)v * units[i].ms;
			return 0;
		}
	return -EINVAL;
}

static int parse_bool(const char *text, int64_t *ret)
{
	static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		for (int v = 0; v < 2; v++)
			if (slice_caseeq(slice_str(text), slice_str(words[i][v]))) {
				*ret = v;
				return 0;
			}
	return -EINVAL;
}

static int parse_choice(const char *choices, const char *text, int64_t *ret)
{
	struct slice rest = slice_str(choices), one;
	for (int64_t i = 0; slice_is_set(one = slice_cut(&rest, '|')); i++)
		if (slice_eq(one, slice_str(text))) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

/* A number of milliseconds in the largest unit that writes it whole. */
static void write_duration(struct buf *out, int64_t ms)
{
	static const char *const names[] = {"d", "h", "m", "s"};
	static const int64_t sizes[] = {86400000, 3600000, 60000, 1000};
	for (int i = 0; i < 4; i++)
		if (ms && ms % sizes[i] == 0) {
			buf_printf(out, "%lld%s", (long long)(ms / sizes[i]), names[i]);
			return;
		}
	buf_printf(out, "%lldms", (long long)ms);
}

static const char *expected_range(const struct conf_option *o, struct buf *why)
{
	buf_str(why, o->type == CONF_INT ? "a whole number" : "a duration such as 20ms, 5s, 2m or 1h");
	if (o->min || o->max) {
		buf_str(why, " from ");
		if (o->type == CONF_INT) {
			buf_printf(why, "%lld to %lld", (long long)o->min, (long long)o->max);
		} else {
			write_duration(why, o->min);
			buf_str(why, " to ");
			write_duration(why, o->max);
		}
	}
	return buf_z(why);
}

static const char *expected_choice(const struct conf_option *o, struct buf *why)
{
	struct slice rest = slice_str(o->choices), one;
	buf_str(why, "one of ");
	for (int i = 0; slice_is_set(one = slice_cut(&rest, '|')); i++)
		buf_printf(why, "%s" SLICE_FMT, i ? ", " : "", SLICE_ARG(one));
	return buf_z(why);
}

const char *conf_value_parse(const struct conf_option *o, const char *text, int64_t *number, struct buf *why)
{
	int64_t v = 0;
	int err = 0;
	switch (o->type) {
	case CONF_INT:
	case CONF_DURATION:
		err = o->type == CONF_INT ? parse_int(text, &v) : parse_duration(text, &v);
		if (err || ((o->min || o->max) && (v < o->min || v > o->max)))
			return expected_range(o, why);
		break;
	case CONF_BOOL:
		if (parse_bool(text, &v))
			return "yes or no";
		break;
	case CONF_CHOICE:
		if (parse_choice(o->choices, text, &v))
			return expected_choice(o, why);
		break;
	case CONF_STRING:
	case CONF_LIST:
		break;
	}
	if (!o->dflt && !*text)
		return "a value: it may not be empty";
	const char *expected = o->check ? o->check(text) : NULL;
	if (!expected)
		*number = v;
	return expected;
}

int conf_list_each(const char *text, int (*fn)(struct slice item, void *arg), void *arg)
{
	struct slice rest = slice_trim(slice_str(text));
	if (rest.len >= 2 && rest.p[0] == '{')
		rest = slice_of(rest.p + 1, rest.len - 2);
	struct slice item;
	while (slice_is_set(item = slice_cut(&rest, ','))) {
		item = slice_trim(item);
		if (item.len >= 2 && item.p[0] == '"')
			item = slice_of(item.p + 1, item.len - 2);
		int err = slice_empty(item) ? 0 : fn(item, arg);
		if (err)
			return err;
	}
	return 0;
}
