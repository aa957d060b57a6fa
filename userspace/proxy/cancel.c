// SPDX-License-Identifier: GPL-3.0-or-later
/* CANCEL (RFC 3261 16.10): of the caller, and of ours when the other branches are not wanted any more (16.7 step 10). */
#include "proxy/private.h"
#include "base/mem.h"

void cancel_branches(struct proxy_context *c, struct slice headers)
{
	struct branch *b;
	list_foreach(b, &c->branches, link) {
		if (b->state == BRANCH_WAITING)
			b->state = BRANCH_DONE;
		locate_cancel(b);
		if (b->state == BRANCH_DONE || b->cancelled)
			continue;
		b->cancelled = true;
		timer_stop(&b->timer_c);
		timer_stop(&b->timer_first);
		sip_cancel(b->ct, headers);
	}
}

/* The stack has answered it with 200. Its reasons go along (RFC 3326). */
void cancel_take(void *arg, const struct sip_msg *cancel)
{
	struct proxy_context *c = mem_ref(arg);
	struct buf lines = buf_growing();
	for (const struct sip_hdr *h = sip_msg_hdr(cancel, SIP_HDR_REASON); h; h = sip_msg_next(cancel, h))
		sip_write_hdr(&lines, SIP_HDR_REASON, h->value);
	c->cancelled = c->closed = true;
	cancel_branches(c, lines.err ? SLICE_NONE : buf_text(&lines));
	buf_reset(&lines);
	forward_next(c);
	mem_deref(c);
}
