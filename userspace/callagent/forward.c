// SPDX-License-Identifier: GPL-3.0-or-later
/* Users who pass calls on: always, when busy, when they do not answer, when no phone of theirs can be reached. */
#include "callagent/plan_priv.h"

static const struct {
	const char *option, *reason; /* of the user section; of Diversion (RFC 5806 4) */
	unsigned cause;              /* RFC 4458 2 */
} rows[] = {
	[FORWARD_ALL] = {"forward-all", "unconditional", 302},
	[FORWARD_BUSY] = {"forward-busy", "user-busy", 486},
	[FORWARD_NO_ANSWER] = {"forward-no-answer", "no-answer", 408},
	[FORWARD_UNREACHABLE] = {"forward-unreachable", "unavailable", 503},
};

const char *forward_number(const struct conf_part *user, enum forward when)
{
	const char *number = conf_string(user, rows[when].option);
	return *number ? number : NULL;
}

int forward_of_outcome(unsigned status)
{
	switch (status) {
	case 486:
	case 600:
		return FORWARD_BUSY;
	case 408:
		return FORWARD_NO_ANSWER;
	case 404:
	case 410:
	case 480:
	case 500:
	case 502:
	case 503:
	case 504:
		return FORWARD_UNREACHABLE;
	default:
		return -1;
	}
}

/* A call that comes back to somebody who has passed it on already would never end. */
static bool is_loop(const struct plan *p, const char *user)
{
	for (unsigned i = 0; i < p->diversions.n; i++)
		if (!strcmp(p->diversions.d[i].number, user))
			return true;
	return p->diversions.n == PLAN_DIVERSIONS ||
	       p->diversions.n >= (unsigned)conf_int(conf_section(p->p.routing->conf, "sip"), "max-diversions");
}

int forward_to(struct plan *p, const char *user, enum forward when, const char *target)
{
	struct source was = p->from;
	if (is_loop(p, user)) {
		plan_said(p, "forward", user, false, "the call has been passed on too often, or by this user already");
		return -ELOOP;
	}
	struct diversion *d = &p->diversions.d[p->diversions.n++];
	*d = (struct diversion){.reason = rows[when].reason, .cause = rows[when].cause};
	CDR_SET(d->number, slice_str(user));
	plan_said(p, "forward", user, true, rows[when].option);
	p->forwarded = true;
	/* The one who passes it on makes the second call: rules for sources see him. */
	p->from.kind = TARGET_USER;
	p->from.trunk = NULL;
	CDR_SET(p->from.name, slice_str(user));
	int err = plan_lookup(p, target, true);
	p->from = was;
	return err;
}
