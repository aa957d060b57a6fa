// SPDX-License-Identifier: GPL-3.0-or-later
/* What can be detected on a packet relay: silence and others of a stream (RFC 3660 2.10) and digits in telephone-events (2.2). It gives no signals. */
#include "mediagw/events.h"
#include "mediagw/rqnt.h"
#include "mediagw/watch.h"

static const struct mgcp_package *const packages[] = {&mgcp_package_r, &mgcp_package_d, &mgcp_package_dm1, &mgcp_package_b, NULL};
const mgcp_packages relay_packages = packages;

static bool detected(const struct mgcp_requested *r)
{
	if (!r->type)
		return r->digits || slice_caseeq(r->name, SLICE("all"));
	return r->type->event & MGCP_DIGIT || r->package == &mgcp_package_b || streams_have(r, false) || slice_eq(slice_str(r->type->name), SLICE("rto")) ||
	       slice_eq(slice_str(r->type->name), SLICE("oc")) || slice_eq(slice_str(r->type->name), SLICE("of"));
}

/* D/T, which is only waited for */
static bool is_timer(const struct mgcp_signal *s)
{
	return s->package == &mgcp_package_d && slice_eq(slice_str(s->type->name), SLICE("T"));
}

static unsigned check(const struct endpoint *e, const struct mgcp_script *s, const char **why)
{
	*why = "a packet relay gives no signals";
	for (unsigned i = 0; i < s->n_signals; i++)
		if (!is_timer(&s->signals[i]))
			return 513;
	for (unsigned i = 0; i < s->n_events; i++) {
		const struct mgcp_requested *r = &s->events[i];
		*why = "a packet relay detects digits, and what is seen of streams";
		if (!detected(r))
			return 512;
		*why = "the event does not take these parameters";
		if (!streams_params(r))
			return 538;
		unsigned code = r->embedded ? check(e, r->embedded, why) : 0;
		if (code)
			return code;
	}
	return 0;
}

static void asked(struct endpoint *e)
{
	struct conn *it;
	list_foreach(it, &e->conns, link)
		watch_asked(it);
}

const struct endpoint_events relay_events = {.check = check, .asked = asked};
