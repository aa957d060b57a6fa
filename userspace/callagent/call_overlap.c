// SPDX-License-Identifier: GPL-3.0-or-later
/* A call that began before its number was complete (Q.931 5.1.3 at a transit exchange, RFC 3578): what the caller dials goes on to the called side, until one
 * of the two has said that this was all. */
#include "callagent/call.h"
#include "callagent/call_priv.h"

#define CAUSE_INCOMPLETE 28 /* Q.850: invalid number format */

static int append(char *to, size_t size, const char *digits)
{
	struct buf b = buf_fixed(to, size);
	b.len = strlen(to);
	buf_str(&b, digits);
	buf_z(&b);
	return b.err;
}

void call_on_digits(struct leg *l, const char *digits, bool whole)
{
	struct call *c = mem_ref(l->call);
	struct leg *to;
	if (!c)
		return;
	if (l != c->a || call_over(c) || !c->overlap)
		goto out;
	c->overlap = !whole;
	if (append(c->dialled, sizeof(c->dialled), digits) || append(c->cdr.called, sizeof(c->cdr.called), digits) ||
	    append(c->cdr.called_sent, sizeof(c->cdr.called_sent), digits)) {
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = 484, .cause = CAUSE_INCOMPLETE, .words = "the number is too long"});
		goto out;
	}
	list_foreach(to, &c->legs, link)
		if (to->kind->digits && to->asked && to->state < LEG_ANSWERED)
			to->kind->digits(to, digits, whole);
out:
	mem_deref(c);
}

/* But for the origin, whose version may have grown. */
static bool describes_the_same(struct slice a, struct slice b)
{
	while (!slice_empty(a) && !slice_empty(b)) {
		struct slice one = slice_line(&a), other = slice_line(&b);
		if (!slice_eq(one, other) && !(slice_starts(one, SLICE("o=")) && slice_starts(other, SLICE("o="))))
			return false;
	}
	return slice_empty(a) && slice_empty(b);
}

bool call_may_go_on(const struct call *c, struct slice sdp)
{
	bool agreed = c->a->agreed || c->renegotiated || c->reofferer;
	return c->overlap && c->state <= CALL_RINGING && !agreed && c->offer && describes_the_same(c->offer->text, sdp);
}

void call_on_further(struct leg *l, const struct leg_news *n, const char *digits)
{
	struct call *c = mem_ref(l->call);
	mem_deref(unconst(c->offer_native));
	c->offer_native = mem_ref(unconst(n->native));
	call_on_digits(l, digits, false);
	if (c->state == CALL_RINGING)
		call_tell_again(c);
	call_changed(c);
	mem_deref(c);
}

void call_on_whole(struct leg *l)
{
	struct call *c = l->call;
	if (!c || call_over(c) || !c->overlap)
		return;
	c->overlap = false;
	if (c->a->kind->digits)
		c->a->kind->digits(c->a, "", true);
}
