// SPDX-License-Identifier: GPL-3.0-or-later
#include "cdr/cdr_row.h"
#include <errno.h>
#include <stdlib.h>

#define TEXT(n, f)   {n, sizeof(n) - 1, CDR_TEXT, offsetof(struct cdr, f), sizeof(((struct cdr *)0)->f)}
#define NUMBER(n, f) {n, sizeof(n) - 1, CDR_NUMBER, offsetof(struct cdr, f), sizeof(int64_t)}
#define REAL(n, f)   {n, sizeof(n) - 1, CDR_REAL, offsetof(struct cdr, f), sizeof(double)}

#define LEG(n, i)                                                                                              \
	TEXT(n "_call_id", leg[i].call_id), TEXT(n "_peer", leg[i].peer), TEXT(n "_number", leg[i].number),    \
	TEXT(n "_media", leg[i].media), NUMBER(n "_packets", leg[i].quality.packets),                          \
	NUMBER(n "_octets", leg[i].quality.octets), NUMBER(n "_lost", leg[i].quality.lost),                    \
	NUMBER(n "_jitter_ms", leg[i].quality.jitter_ms), REAL(n "_mos", leg[i].quality.mos)

const struct cdr_column cdr_columns[] = {
	TEXT("id", id),
	TEXT("source", source),
	TEXT("target", target),
	TEXT("caller", caller),
	TEXT("called", called),
	TEXT("caller_sent", caller_sent),
	TEXT("called_sent", called_sent),
	NUMBER("setup", setup),
	NUMBER("progress", progress),
	NUMBER("answer", answer),
	NUMBER("ended", end),
	TEXT("released_by", released_by),
	NUMBER("sip_code", status),
	NUMBER("cause", cause),
	TEXT("why", why),
	TEXT("codec", codec),
	NUMBER("emergency", emergency),
	TEXT("linked", linked),
	TEXT("transferred_by", transferred_by),
	LEG("a", CDR_A),
	LEG("b", CDR_B),
};
const unsigned cdr_n_columns = sizeof(cdr_columns) / sizeof(cdr_columns[0]);

void cdr_text(char *dst, size_t size, struct slice text)
{
	size_t n = text.len < size - 1 ? text.len : size - 1;
	if (n)
		memcpy(dst, text.p, n);
	dst[n] = '\0';
}

static bool is_empty(const struct cdr *c, const struct cdr_column *col)
{
	const void *f = cdr_field(c, col);
	switch (col->type) {
	case CDR_TEXT:
		return !*(const char *)f;
	case CDR_NUMBER:
		return !*(const int64_t *)f;
	default:
		return *(const double *)f == 0;
	}
}

static void write_escaped(struct buf *out, const char *z)
{
	for (;;) {
		size_t plain = 0;
		while (z[plain] && z[plain] != '%' && z[plain] != '\n' && z[plain] != '\r') /* slice_line() ends lines at both */
			plain++;
		buf_add(out, z, plain);
		z += plain;
		if (!*z)
			return;
		buf_char(out, '%');
		buf_hex(out, z++, 1);
	}
}

void cdr_row_write(struct buf *out, const struct cdr *c)
{
	for (unsigned i = 0; i < cdr_n_columns; i++) {
		const struct cdr_column *col = &cdr_columns[i];
		if (is_empty(c, col))
			continue;
		buf_add(out, col->name, col->name_len);
		buf_char(out, '=');
		if (col->type == CDR_TEXT)
			write_escaped(out, cdr_field(c, col));
		else if (col->type == CDR_NUMBER)
			buf_u64(out, (uint64_t)(*(int64_t *)cdr_field(c, col)));
		else
			buf_printf(out, "%.3f", *(double *)cdr_field(c, col));
		buf_char(out, '\n');
	}
}

static int read_text(char *dst, size_t size, struct slice v)
{
	size_t n = 0;
	for (size_t i = 0; i < v.len && n < size - 1; i++) {
		uint32_t code = (unsigned char)v.p[i];
		if (v.p[i] == '%') {
			if (v.len - i < 3 || slice_hex32(slice_of(v.p + i + 1, 2), &code))
				return -EBADMSG;
			i += 2;
		}
		dst[n++] = (char)code;
	}
	dst[n] = '\0';
	return 0;
}

static int read_field(struct cdr *c, const struct cdr_column *col, struct slice v)
{
	char number[40];
	uint64_t n;
	switch (col->type) {
	case CDR_TEXT:
		return read_text(cdr_field(c, col), col->size, v);
	case CDR_NUMBER:
		if (slice_u64(v, INT64_MAX, &n))
			return -EBADMSG;
		*(int64_t *)cdr_field(c, col) = (int64_t)n;
		return 0;
	default:
		if (slice_copy(v, number, sizeof(number)))
			return -EBADMSG;
		*(double *)cdr_field(c, col) = strtod(number, NULL);
		return 0;
	}
}

int cdr_row_read(struct cdr *ret, struct slice text)
{
	struct cdr c = {0};
	for (struct slice line; !slice_empty(text) && slice_is_set(line = slice_line(&text));) {
		struct slice name = slice_cut(&line, '=');
		if (!slice_is_set(line))
			return -EBADMSG;
		for (unsigned i = 0; i < cdr_n_columns; i++)
			if (slice_eq(name, slice_str(cdr_columns[i].name)) && read_field(&c, &cdr_columns[i], line))
				return -EBADMSG;
	}
	if (!c.id[0])
		return -EBADMSG;
	*ret = c;
	return 0;
}

json_t *cdr_row_json(const struct cdr *c)
{
	json_t *row = json_object();
	for (unsigned i = 0; row && i < cdr_n_columns; i++) {
		const struct cdr_column *col = &cdr_columns[i];
		json_t *v = col->type == CDR_TEXT     ? json_string(cdr_field(c, col))
			    : col->type == CDR_NUMBER ? json_integer(*(int64_t *)cdr_field(c, col))
						      : json_real(*(double *)cdr_field(c, col));
		json_object_set_new(row, col->name, v ? v : json_null());
	}
	return row;
}
