/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arrays of JSON objects as text tables: a column is a key and its heading. */
#pragma once
#include "base/buf.h"
#include <jansson.h>

enum column_as { AS_IS, AS_SECONDS /* ms as h:mm:ss */, AS_TIME /* UTC ms as a date */, AS_FLAG };

struct column {
	const char *key, *heading;
	enum column_as as;
};

/* `columns` ends with key == NULL. Missing keys print "-"; an empty array prints `none`. */
void table_print(struct buf *out, const json_t *rows, const struct column *columns, const char *none);
