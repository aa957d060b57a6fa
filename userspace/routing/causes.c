// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/causes.h"
#include "sip/msg.h"

static unsigned load(struct cause_row *rows, const struct conf_part *part, const char *option)
{
	unsigned n = 0;
	for (unsigned i = 0; i < conf_list_count(part, option) && n < CAUSES_MAX; i++)
		if (!config_cause_row(conf_list_at(part, option, i), &rows[n].from, &rows[n].to))
			n++;
	return n;
}

void causes_load(struct causes *t, const struct conf_part *part)
{
	*t = (struct causes){0};
	t->n_status = load(t->status, part, "cause-status");
	t->n_cause = load(t->cause, part, "status-cause");
}

static unsigned find(const struct cause_row *rows, unsigned n, unsigned from)
{
	for (unsigned i = 0; i < n; i++)
		if (rows[i].from == from)
			return rows[i].to;
	return 0;
}

unsigned causes_status(const struct causes *t, unsigned cause)
{
	unsigned own = find(t->status, t->n_status, cause);
	return own ? own : sip_status_of_cause(cause);
}

unsigned causes_cause(const struct causes *t, unsigned status)
{
	unsigned own = find(t->cause, t->n_cause, status);
	return own ? own : sip_cause_of_status(status);
}
