// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/limits.h"
#include "base/timer.h"

void limits_load(struct limits *l, const struct conf_part *part)
{
	*l = (struct limits){.max_calls = (unsigned)conf_int(part, "max-calls"), .max_rate = (unsigned)conf_int(part, "max-rate")};
	for (unsigned i = 0; i < conf_list_count(part, "failover") && l->n_failover < TRUNK_CAUSES; i++) {
		uint16_t n;
		if (!slice_u16(slice_str(conf_list_at(part, "failover", i)), &n))
			l->failover[l->n_failover++] = n;
	}
}

void limits_inherit(struct limits *l, const struct limits *was)
{
	l->rate_at = was->rate_at;
	l->rate_tokens = was->rate_tokens;
}

static uint64_t tokens(const struct limits *l)
{
	uint64_t full = 1000ULL * l->max_rate, got = l->rate_tokens + (clock_ms() - l->rate_at) * l->max_rate;
	return !l->rate_at || got > full ? full : got;
}

const char *limits_refusal(const struct limits *l, const struct lines *lines, const char *name, unsigned *cause)
{
	*cause = TRUNK_NO_LINE;
	if (l->max_calls && lines_taken(lines, slice_str(name)) >= l->max_calls)
		return "has no free line";
	*cause = TRUNK_TOO_FAST;
	if (l->max_rate && tokens(l) < 1000)
		return "takes no more calls this second";
	return NULL;
}

bool limits_admit(struct limits *l)
{
	if (!l->max_rate)
		return true;
	uint64_t left = tokens(l);
	if (left < 1000)
		return false;
	l->rate_tokens = left - 1000;
	l->rate_at = clock_ms();
	return true;
}

bool limits_fails_over(const struct limits *l, unsigned status, unsigned cause)
{
	for (unsigned i = 0; i < l->n_failover; i++)
		if (l->failover[i] == status || (cause && l->failover[i] == cause))
			return true;
	return false;
}
