// SPDX-License-Identifier: GPL-3.0-or-later
/* EndpointConfiguration (RFC 3435 2.3.2): a packet relay has no bearer to code differently. */
#include "mediagw/gateway.h"

unsigned verb_epcf(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct slice bearer = mgcp_param(cmd->msg, MGCP_P_BEARER_INFO);
	return slice_empty(slice_trim(bearer)) ? 200 : refuse(a, 507, "a packet relay has no bearer");
}
