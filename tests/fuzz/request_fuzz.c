// SPDX-License-Identifier: GPL-3.0-or-later
/* The lines of an RQNT, notified entities, and lists of observed events. What is read is written back, and that is read again as the same. */
#include "base/mem.h"
#include "mgcp/entity.h"
#include "mgcp/request.h"
#include <errno.h>
#include <stdlib.h>

static const char *write(struct buf *out, const struct mgcp_rqnt *r)
{
	buf_str(out, "RQNT 1 aaln/1@mg MGCP 1.0\nX: 1\nQ: ");
	mgcp_quarantine_write(out, r);
	buf_str(out, "\nR: ");
	mgcp_requested_write(out, r->script->events, r->script->n_events, true);
	buf_str(out, "\nS: ");
	mgcp_signals_write(out, r->script->signals, r->script->n_signals);
	buf_str(out, "\n");
	return buf_z(out);
}

static struct mgcp_rqnt *read_text(struct slice text)
{
	struct mgcp_msg m;
	struct mgcp_rqnt *r = NULL;
	unsigned code;
	const char *why = NULL;
	struct mgcp_observed o;
	struct mgcp_entities entities = {0};
	if (mgcp_parse(&m, &text, &code) || !m.command)
		return NULL;
	if (!mgcp_entities_set(&entities, mgcp_param(&m, MGCP_P_NOTIFIED_ENTITY)) && !mgcp_entities_addr(&entities))
		mgcp_entities_fail_over(&entities);
	mgcp_observed_start(&o, mgcp_packages_all, mgcp_param(&m, MGCP_P_OBSERVED_EVENTS));
	for (int err; (err = mgcp_observed_next(&o)) && err != -EBADMSG;)
		;
	if (mgcp_rqnt_parse(&r, &m, mgcp_packages_all, SLICE("1f"), &why) && !why)
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mgcp_rqnt *first = read_text(slice_of((const char *)data, size));
	if (first) {
		struct buf once = buf_growing(), twice = buf_growing();
		struct mgcp_rqnt *second = read_text(slice_str(write(&once, first)));
		if (!second || strcmp(once.p, write(&twice, second)))
			abort();
		buf_reset(&once);
		buf_reset(&twice);
		mem_deref(second);
		mem_deref(first);
	}
	if (mem_blocks())
		abort();
	return 0;
}
