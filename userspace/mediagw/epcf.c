// SPDX-License-Identifier: GPL-3.0-or-later
/* EndpointConfiguration (RFC 3435 2.3.2, 3.2.2.1), alone or inside another command: how the line side is coded. That is a property of the line, which the
 * configuration says: what agrees with it is accepted. */
#include "mediagw/line.h"

const char *epcf_bearer(const struct endpoint *e)
{
	return !e || !e->line ? "" : line_law(e->line) == LAW_A ? "e:A" : "e:mu";
}

unsigned epcf_check(const struct endpoint *e, struct slice bearer, const char **why)
{
	struct slice law = mgcp_option(bearer, SLICE("e"), ':');
	if (slice_empty(slice_trim(bearer)))
		return 0;
	*why = "a packet relay has no bearer";
	if (!e || !e->line)
		return 507;
	*why = "the encoding of a bearer is A or mu, and nothing else can be configured";
	if (slice_find(bearer, ',') >= 0 || (!slice_caseeq(law, SLICE("A")) && !slice_caseeq(law, SLICE("mu"))))
		return 507;
	*why = "the line is coded by the other law";
	return slice_caseeq(slice_trim(bearer), slice_str(epcf_bearer(e))) ? 0 : 507;
}

unsigned verb_epcf(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct slice bearer = mgcp_param(cmd->msg, MGCP_P_BEARER_INFO);
	const struct endpoint *e;
	const char *why;
	bool found = false;
	if (cmd->name.kind == NAME_ONE)
		return 200; /* checked as inside of any command */
	list_foreach(e, &gw->endpoints, link) {
		unsigned code = endpoint_is_named(e, &cmd->name) ? epcf_check(e, bearer, &why) : 0;
		if (code)
			return refuse(a, code, why);
		found |= endpoint_is_named(e, &cmd->name);
	}
	return found || slice_empty(slice_trim(bearer)) ? 200 : 500;
}
