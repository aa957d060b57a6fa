// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/endpoint.h"
#include <errno.h>
#include <stdio.h>

/* A decimal number without leading zeroes (E.1). */
static int number_parse(struct slice s, unsigned *ret)
{
	uint32_t n;
	if (slice_empty(s) || s.p[0] == '0' || slice_u32(s, &n) || n > TDM_MAX_CHANNELS)
		return -EINVAL;
	*ret = n;
	return 0;
}

static bool has_space(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (slice_space(s.p[i]))
			return true;
	return false;
}

/* RFC 3435 2.1.2 and E.5. */
static int term_parse(struct slice s, struct tdm_term *ret)
{
	*ret = (struct tdm_term){.kind = TDM_TERM_ONE};
	if (slice_eq(s, SLICE("*"))) {
		ret->kind = TDM_TERM_ALL;
		return 0;
	}
	if (slice_eq(s, SLICE("$"))) {
		ret->kind = TDM_TERM_ANY;
		return 0;
	}
	if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']' && !has_space(s)) {
		ret->kind = TDM_TERM_RANGE;
		return tdm_channels_parse(&ret->range, slice_of(s.p + 1, s.len - 2)) ? -EINVAL : 0;
	}
	return number_parse(s, &ret->number);
}

/* "ds1-2", or "2" of a "bri/2": the kind is known then. */
static int unit_parse(struct slice unit, struct tdm_endpoint *e)
{
	struct slice type = slice_cut(&unit, '-');
	for (unsigned kind = TDM_SPAN_T1; kind <= TDM_SPAN_E1; kind++)
		if (slice_caseeq(type, slice_str(tdm_span_kind_names[kind]))) {
			e->kind = kind;
			return slice_is_set(unit) ? term_parse(unit, &e->span) : -EINVAL;
		}
	return -EINVAL;
}

int tdm_endpoint_parse(struct slice local, struct tdm_endpoint *ret)
{
	struct tdm_endpoint e = {0};
	struct slice type = slice_cut(&local, '/');
	int err = -EINVAL;
	if (slice_caseeq(type, SLICE("aaln"))) {
		e.kind = TDM_SPAN_ANALOG;
		e.span.kind = TDM_TERM_ALL;
		err = 0;
	} else if (slice_caseeq(type, SLICE("ds"))) {
		err = unit_parse(slice_cut(&local, '/'), &e);
	} else if (slice_caseeq(type, SLICE("bri"))) {
		e.kind = TDM_SPAN_BRI;
		err = term_parse(slice_cut(&local, '/'), &e.span);
	}
	/* "The wildcard is used from the right" (2.1.2): after one there is none that names just one. */
	if (!err)
		err = slice_is_set(local) ? term_parse(local, &e.channel) : -EINVAL;
	if (!err && e.kind != TDM_SPAN_ANALOG && e.span.kind != TDM_TERM_ONE && e.channel.kind == TDM_TERM_ONE)
		err = -EINVAL;
	if (!err)
		*ret = e;
	return err;
}

static bool term_matches(const struct tdm_term *t, unsigned number)
{
	switch (t->kind) {
	case TDM_TERM_ONE:
		return t->number == number;
	case TDM_TERM_RANGE:
		return tdm_channels_have(&t->range, number);
	default:
		return true;
	}
}

bool tdm_endpoint_matches(const struct tdm_endpoint *e, const struct tdm_channel *c)
{
	if (e->kind != c->kind || !tdm_carries_calls(c->signalling))
		return false;
	if (e->kind == TDM_SPAN_ANALOG)
		return term_matches(&e->channel, c->number);
	return term_matches(&e->span, c->span) && term_matches(&e->channel, c->position);
}

int tdm_endpoint_find(const struct tdm *t, struct slice local, struct tdm_channel **ret)
{
	struct tdm_endpoint e;
	if (tdm_endpoint_parse(local, &e) || e.channel.kind != TDM_TERM_ONE)
		return -EINVAL;
	struct tdm_channel *c = e.kind == TDM_SPAN_ANALOG ? tdm_channel(t, e.channel.number) : tdm_channel_at(t, e.span.number, e.channel.number);
	if (!c || !tdm_endpoint_matches(&e, c))
		return -ENOENT;
	*ret = c;
	return 0;
}

void tdm_endpoint_name(const struct tdm_channel *c, char out[TDM_ENDPOINT_MAX])
{
	const char *type = tdm_span_kind_names[c->kind];
	switch (c->kind) {
	case TDM_SPAN_ANALOG:
		snprintf(out, TDM_ENDPOINT_MAX, "%s/%u", type, c->number);
		break;
	case TDM_SPAN_BRI:
		snprintf(out, TDM_ENDPOINT_MAX, "%s/%u/%u", type, c->span, c->position);
		break;
	default:
		snprintf(out, TDM_ENDPOINT_MAX, "ds/%s-%u/%u", type, c->span, c->position);
	}
}
