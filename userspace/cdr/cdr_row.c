// SPDX-License-Identifier: GPL-3.0-or-later
#include "cdr/cdr_row.h"
#include "base/pack.h"
#include <errno.h>
#include <stdlib.h>

#define TAG_ID 1 /* comes first: by it a record is told from the text of earlier versions */

/* Tag in a record (never given again to another column), type, name, member. */
#define COLUMNS(X)                          \
	X(TAG_ID, TEXT, "id", id)           \
	X(2, TEXT, "source", source)        \
	X(3, TEXT, "target", target)        \
	X(4, TEXT, "caller", caller)        \
	X(5, TEXT, "called", called)        \
	X(6, TEXT, "caller_sent", caller_sent) \
	X(7, TEXT, "called_sent", called_sent) \
	X(8, NUMBER, "setup", setup)        \
	X(9, NUMBER, "progress", progress)  \
	X(10, NUMBER, "answer", answer)     \
	X(11, NUMBER, "ended", end)         \
	X(12, TEXT, "released_by", released_by) \
	X(13, NUMBER, "sip_code", status)   \
	X(14, NUMBER, "cause", cause)       \
	X(15, TEXT, "why", why)             \
	X(16, TEXT, "codec", codec)         \
	X(17, NUMBER, "emergency", emergency) \
	X(18, TEXT, "linked", linked)       \
	X(19, TEXT, "transferred_by", transferred_by) \
	LEG(X, 40, "a", leg[CDR_A])         \
	LEG(X, 60, "b", leg[CDR_B])

#define LEG(X, tag, n, l)                   \
	X(tag, TEXT, n "_call_id", l.call_id) \
	X(tag + 1, TEXT, n "_peer", l.peer) \
	X(tag + 2, TEXT, n "_number", l.number) \
	X(tag + 3, TEXT, n "_media", l.media) \
	X(tag + 4, NUMBER, n "_packets", l.quality.packets) \
	X(tag + 5, NUMBER, n "_octets", l.quality.octets) \
	X(tag + 6, NUMBER, n "_lost", l.quality.lost) \
	X(tag + 7, NUMBER, n "_jitter_ms", l.quality.jitter_ms) \
	X(tag + 8, REAL, n "_mos", l.quality.mos)

#define COLUMN(tag, type, n, f) {n, CDR_##type, offsetof(struct cdr, f), sizeof(((struct cdr *)0)->f)},
const struct cdr_column cdr_columns[] = {COLUMNS(COLUMN)};
const unsigned cdr_n_columns = sizeof(cdr_columns) / sizeof(cdr_columns[0]);

#define PACK_REAL PACK_BYTES
#define FIELD(tag, type, n, f) PACK_FIELD(tag, PACK_##type, struct cdr, f),
static const struct pack_field fields[] = {COLUMNS(FIELD)};

void cdr_text(char *dst, size_t size, struct slice text)
{
	size_t n = text.len < size - 1 ? text.len : size - 1;
	if (n)
		memcpy(dst, text.p, n);
	dst[n] = '\0';
}

void cdr_row_write(struct buf *out, const struct cdr *c)
{
	pack_write(out, fields, cdr_n_columns, c);
}

/* --- as earlier versions wrote it: one line "name=value" a column that is not empty; text escaped ----------------------------- */

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

static int read_lines(struct cdr *c, struct slice text)
{
	for (struct slice line; !slice_empty(text) && slice_is_set(line = slice_line(&text));) {
		struct slice name = slice_cut(&line, '=');
		if (!slice_is_set(line))
			return -EBADMSG;
		for (unsigned i = 0; i < cdr_n_columns; i++)
			if (slice_eq(name, slice_str(cdr_columns[i].name)) && read_field(c, &cdr_columns[i], line))
				return -EBADMSG;
	}
	return 0;
}

/* --- reading ------------------------------------------------------------------------------------------------------------------ */

int cdr_row_read(struct cdr *ret, struct slice record)
{
	struct cdr c = {0};
	bool packed = record.len && *record.p == TAG_ID;
	int err = packed ? pack_read(&c, fields, cdr_n_columns, record) : read_lines(&c, record);
	if (err || !c.id[0])
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
