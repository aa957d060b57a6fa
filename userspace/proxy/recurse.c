// SPDX-License-Identifier: GPL-3.0-or-later
/* Redirections that the proxy follows itself (RFC 3261 16.7 step 4). */
#include "proxy/private.h"

/* qvalue in thousandths; absent or malformed: 1. */
static unsigned thousandths(struct slice q)
{
	unsigned v = 0, unit = 1000;
	for (size_t i = 0; i < q.len && unit; i++) {
		if (i == 1 && q.p[i] == '.')
			continue;
		if (q.p[i] < '0' || q.p[i] > '9')
			return 1000;
		v += (unsigned)(q.p[i] - '0') * unit;
		unit /= 10;
	}
	return q.len && v <= 1000 ? v : 1000;
}

/* A sips target is not tried over sip (16.5); one that was tried is not tried again. */
bool recurse_take(struct proxy_context *c, const struct sip_msg *rsp)
{
	struct sip_values it = {0};
	struct slice value;
	bool any = false;
	if (!c->proxy->params.recurse)
		return false;
	while (sip_msg_each(rsp, SIP_HDR_CONTACT, &it, &value)) {
		struct sip_nameaddr n;
		if (sip_nameaddr_parse(&n, value) || n.star || n.uri.scheme > SIP_SCHEME_SIPS || slice_is_set(n.uri.headers) ||
		    (c->way.uri.scheme == SIP_SCHEME_SIPS && n.uri.scheme != SIP_SCHEME_SIPS))
			continue;
		if (!proxy_add(c, &(struct proxy_target){.uri = n.uri.text, .q = thousandths(sip_param(n.params, SLICE("q")))})) {
			proxy_counts[PROXY_CNT_RECURSED]++;
			any = true;
		}
	}
	return any;
}
