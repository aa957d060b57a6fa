// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/table.h"
#include "base/mem.h"
#include <time.h>

#define MAX_COLUMNS 16

static void print_time(struct buf *out, json_int_t ms)
{
	char text[32];
	struct tm tm;
	time_t s = (time_t)(ms / 1000);
	gmtime_r(&s, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	buf_str(out, text);
}

static void print_seconds(struct buf *out, json_int_t ms)
{
	json_int_t s = ms / 1000;
	buf_printf(out, "%d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

/* Text from peers may hold control characters: none reaches the terminal. */
static void print_text(struct buf *out, const char *text)
{
	if (!*text)
		buf_char(out, '-');
	for (; *text; text++)
		buf_char(out, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static void print_value(struct buf *out, const json_t *v, enum column_as as);

static void print_list(struct buf *out, const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++) {
		buf_str(out, i ? "," : "");
		print_value(out, json_array_get(v, i), AS_IS);
	}
	if (!json_array_size(v))
		buf_char(out, '-');
}

/* "sync=yes,bits=8000" */
static void print_object(struct buf *out, json_t *v)
{
	const char *key, *comma = "";
	json_t *one;
	json_object_foreach(v, key, one) {
		buf_printf(out, "%s%s=", comma, key);
		print_value(out, one, AS_IS);
		comma = ",";
	}
}

static void print_value(struct buf *out, const json_t *v, enum column_as as)
{
	if (json_is_integer(v) && as == AS_TIME)
		print_time(out, json_integer_value(v));
	else if (json_is_integer(v) && as == AS_SECONDS)
		print_seconds(out, json_integer_value(v));
	else if (json_is_integer(v))
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		buf_printf(out, "%.2f", json_real_value(v));
	else if (json_is_boolean(v))
		buf_str(out, json_is_true(v) ? "yes" : "no");
	else if (json_is_string(v))
		print_text(out, json_string_value(v));
	else if (json_is_array(v))
		print_list(out, v);
	else if (json_is_object(v))
		print_object(out, (json_t *)v);
	else
		buf_char(out, '-');
}

/* Characters on the screen, taking each UTF-8 sequence for one. */
static unsigned width_of(struct slice s)
{
	unsigned n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

static void pad(struct buf *out, unsigned n)
{
	while (n--)
		buf_char(out, ' ');
}

static bool is_number(const json_t *rows, const struct column *c)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *v = json_object_get(json_array_get(rows, i), c->key);
		if (v && !json_is_null(v))
			return json_is_number(v) && c->as != AS_TIME;
	}
	return false;
}

static void cell(struct buf *out, struct slice text, unsigned width, bool right, bool last)
{
	unsigned gap = width - width_of(text);
	if (right)
		pad(out, gap);
	buf_slice(out, text);
	if (!right && !last)
		pad(out, gap);
	buf_str(out, last ? "\n" : "  ");
}

void table_print(struct buf *out, const json_t *rows, const struct column *columns, const char *none)
{
	unsigned n = 0, width[MAX_COLUMNS];
	bool right[MAX_COLUMNS];
	struct buf one = buf_growing();
	if (!json_array_size(rows)) {
		buf_printf(out, "%s\n", none);
		return;
	}
	for (; columns[n].key && n < MAX_COLUMNS; n++) {
		width[n] = width_of(slice_str(columns[n].heading));
		right[n] = is_number(rows, &columns[n]);
		for (size_t i = 0; i < json_array_size(rows); i++) {
			one.len = 0;
			print_value(&one, json_object_get(json_array_get(rows, i), columns[n].key), columns[n].as);
			unsigned w = width_of(buf_text(&one));
			width[n] = w > width[n] ? w : width[n];
		}
	}
	for (unsigned c = 0; c < n; c++)
		cell(out, slice_str(columns[c].heading), width[c], right[c], c + 1 == n);
	for (size_t i = 0; i < json_array_size(rows); i++)
		for (unsigned c = 0; c < n; c++) {
			one.len = 0;
			print_value(&one, json_object_get(json_array_get(rows, i), columns[c].key), columns[c].as);
			cell(out, buf_text(&one), width[c], right[c], c + 1 == n);
		}
	buf_reset(&one);
}
