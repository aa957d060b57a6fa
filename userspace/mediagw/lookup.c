// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/lookup.h"

/* Call identifiers are hexadecimal strings (3.2.2.2): case does not count. */
bool call_matches(const struct conn *c, struct slice call)
{
	return slice_caseeq(slice_trim(call), slice_str(c->call));
}

unsigned lookup_conn(struct gateway *gw, const struct command *cmd, bool check_call, struct conn **ret, struct answer *a)
{
	struct slice call = mgcp_param(cmd->msg, MGCP_P_CALL_ID);
	struct endpoint *e = endpoint_find(gw, cmd->name.place);
	struct conn *c = e ? endpoint_conn(e, slice_trim(mgcp_param(cmd->msg, MGCP_P_CONNECTION_ID))) : NULL;
	if (!c)
		return 515;
	if ((check_call || slice_is_set(call)) && !call_matches(c, call))
		return refuse(a, 516, "the connection belongs to another call");
	*ret = c;
	return 0;
}
