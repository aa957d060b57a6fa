/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The columns of a call detail record, as data: the SQL table, the journal and the JSON form all come from here. */
#pragma once
#include "base/buf.h"
#include "cdr/cdr.h"

enum cdr_type { CDR_TEXT, CDR_NUMBER, CDR_REAL };

struct cdr_column {
	const char *name;
	enum cdr_type type;
	uint16_t offset, size;
};

extern const struct cdr_column cdr_columns[];
extern const unsigned cdr_n_columns;

static inline void *cdr_field(const struct cdr *c, const struct cdr_column *col)
{
	return (char *)(uintptr_t)c + col->offset;
}

/* The columns that are not empty, as a record of base/pack.h. */
void cdr_row_write(struct buf *out, const struct cdr *c);
/* -EBADMSG when this is no such record. Unknown columns are skipped: a newer program wrote it. */
int cdr_row_read(struct cdr *ret, struct slice record);
json_t *cdr_row_json(const struct cdr *c);
