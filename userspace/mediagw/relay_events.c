// SPDX-License-Identifier: GPL-3.0-or-later
/* What can be detected on a packet relay: silence (RFC 3660 2.10, R/rto) and digits in telephone-events (2.2). It gives no signals. */
#include "mediagw/events.h"
#include "mediagw/rqnt.h"
#include "mediagw/watch.h"

static const struct mgcp_package *const packages[] = {&mgcp_package_r, &mgcp_package_d, &mgcp_package_dm1, &mgcp_package_b, NULL};
const mgcp_packages relay_packages = packages;

static bool detected(const struct mgcp_requested *r)
{
	if (!r->type)
		return r->digits || slice_caseeq(r->name, SLICE("all"));
	return r->type->event & MGCP_DIGIT || r->package == &mgcp_package_b || slice_eq(slice_str(r->type->name), SLICE("rto"));
}

static unsigned check(const struct endpoint *e, const struct mgcp_script *s, const char **why)
{
	uint32_t seconds;
	*why = "a packet relay gives no signals";
	if (s->n_signals)
		return 513;
	for (unsigned i = 0; i < s->n_events; i++) {
		const struct mgcp_requested *r = &s->events[i];
		*why = "a packet relay detects R/rto and digits only";
		if (!detected(r))
			return 512;
		*why = "R/rto takes a time-out of 1 to 65535 seconds";
		if (r->package == &mgcp_package_r && request_rto(r->params, &seconds))
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
