// SPDX-License-Identifier: GPL-3.0-or-later
/* How commands name endpoints. */
#include "mediagw/gateway.h"

void endpoint_relay_parse(const struct gateway *gw, struct slice local, struct endpoint_name *ret)
{
	uint32_t n;
	slice_cut(&local, '/');
	if (slice_eq(local, SLICE("$")))
		ret->kind = NAME_ANY;
	else if (slice_eq(local, SLICE("*")))
		ret->kind = NAME_ALL;
	else if (slice_is_set(local) && !slice_u32(local, &n) && n && n <= gw->relays && local.p[0] != '0') { /* one spelling a name: no leading zeroes */
		ret->kind = NAME_ONE;
		ret->place = n - 1;
	}
}

static bool has_term(const struct tdm_endpoint *e, enum tdm_term_kind kind)
{
	return e->channel.kind == kind || (e->kind != TDM_SPAN_ANALOG && e->span.kind == kind);
}

void endpoint_channel_parse(const struct gateway *gw, struct slice local, struct endpoint_name *ret)
{
	struct tdm_channel *c;
	if (!gw->p.tdm || tdm_endpoint_parse(local, &ret->channels))
		return;
	if (ret->channels.channel.kind != TDM_TERM_ONE) {
		ret->kind = has_term(&ret->channels, TDM_TERM_ANY) ? NAME_ANY : NAME_ALL;
	} else if (!tdm_endpoint_find(gw->p.tdm, local, &c)) {
		ret->kind = NAME_ONE;
		ret->place = endpoint_channel_place(gw, c->number);
	}
}

/* All terms behind the type are the same wildcard: "ds/" and "*", however many there are. */
static void parse_whole(struct slice terms, struct endpoint_name *ret)
{
	struct slice first = slice_cut(&terms, '/');
	bool all = slice_eq(first, SLICE("*")), any = slice_eq(first, SLICE("$"));
	if ((!all && !any) || (slice_is_set(terms) && !slice_eq(terms, first)))
		return;
	ret->kind = all ? NAME_ALL : NAME_ANY;
	ret->whole = true;
}

struct endpoint_name endpoint_name_parse(const struct gateway *gw, struct slice local)
{
	struct endpoint_name name = {.kind = NAME_UNKNOWN};
	struct slice rest = local, type = slice_cut(&rest, '/');
	bool all = slice_eq(type, SLICE("*")), any = slice_eq(type, SLICE("$"));
	if (all && (!slice_is_set(rest) || slice_eq(rest, SLICE("*")))) {
		name.kind = NAME_ALL;
	} else if ((all || any) && (!slice_is_set(rest) || slice_eq(rest, SLICE("$")))) {
		/* Any endpoint at all is a relay: nobody wants some telephone line or other. */
		name.kind = NAME_ANY;
		name.type = endpoint_relay;
	}
	for (const struct endpoint_kind *k = endpoint_kinds; k->type; k++)
		if (slice_caseeq(type, slice_str(k->type))) {
			name.type = k;
			k->parse(gw, local, &name);
			if (name.kind == NAME_UNKNOWN)
				parse_whole(rest, &name);
		}
	return name;
}

bool endpoint_is_named(const struct endpoint *e, const struct endpoint_name *name)
{
	const struct tdm_channel *c = endpoint_channel(e->gw, e->place);
	if (name->kind == NAME_ONE)
		return e->place == name->place;
	if (name->type && name->type != e->kind)
		return false;
	return !name->type || !c || name->whole || tdm_endpoint_matches(&name->channels, c);
}
