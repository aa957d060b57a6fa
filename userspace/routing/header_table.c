// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/header_table.h"
#include "base/mem.h"
#include <errno.h>

struct header_table {
	const struct conf_part *part;
	struct buf lines;
};

static void destroy(void *obj)
{
	struct header_table *t = obj;
	buf_reset(&t->lines);
}

int header_table_new(struct header_table **ret, const struct conf_part *part)
{
	unsigned n = conf_list_count(part, "headers-add");
	*ret = NULL;
	if (!n && !conf_list_count(part, "headers-remove") && !conf_list_count(part, "headers-pass"))
		return 0;
	struct header_table *t = mem_alloc(sizeof(*t), destroy);
	if (!t)
		return -ENOMEM;
	t->part = part;
	for (unsigned i = 0; i < n; i++) {
		struct slice value = slice_str(conf_list_at(part, "headers-add", i)), name = slice_trim(slice_cut(&value, ':'));
		buf_slice(&t->lines, name);
		buf_str(&t->lines, ": ");
		buf_slice(&t->lines, slice_trim(value));
		buf_str(&t->lines, "\r\n");
	}
	if (t->lines.err) {
		mem_deref(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

static bool names(const struct header_table *t, const char *option, const struct sip_hdr *h)
{
	if (!t)
		return false;
	struct slice name = h->id == SIP_HDR_OTHER ? h->name : slice_str(sip_hdr_name(h->id));
	for (unsigned i = 0; i < conf_list_count(t->part, option); i++)
		if (slice_caseeq(name, slice_str(conf_list_at(t->part, option, i))))
			return true;
	return false;
}

bool header_table_removes(const struct header_table *t, const struct sip_hdr *h)
{
	return names(t, "headers-remove", h);
}

bool header_table_passes(const struct header_table *t, const struct sip_hdr *h)
{
	return names(t, "headers-pass", h);
}

void header_table_add(const struct header_table *t, struct buf *out)
{
	if (t)
		buf_slice(out, buf_text(&t->lines));
}
