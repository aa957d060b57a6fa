// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/transports.h"
#include <errno.h>

const struct sip_transport_info sip_transports[SIP_TRANSPORTS] = {
	[SIP_UDP] = {"udp", "UDP", "", 5060, false, false},
	[SIP_TCP] = {"tcp", "TCP", ";transport=tcp", 5060, true, false},
	[SIP_TLS] = {"tls", "TLS", ";transport=tls", 5061, true, true},
	[SIP_WS] = {"ws", "WS", ";transport=ws", 80, true, false},
	[SIP_WSS] = {"wss", "WSS", ";transport=ws", 443, true, true},
};

int sip_transport_parse(enum sip_transport *ret, struct slice name)
{
	for (unsigned i = 0; i < SIP_TRANSPORTS; i++) {
		if (!slice_caseeq(name, slice_str(sip_transports[i].name)))
			continue;
		*ret = (enum sip_transport)i;
		return 0;
	}
	return -EINVAL;
}

int sip_uri_transport(const struct sip_uri *u, enum sip_transport *ret, bool *asked)
{
	struct slice param = sip_uri_param(u, SLICE("transport"));
	bool sips = u->scheme == SIP_SCHEME_SIPS;
	enum sip_transport t = SIP_UDP;
	if (slice_is_set(param) && sip_transport_parse(&t, param))
		return -EINVAL;
	if (sips)
		t = t == SIP_WS || t == SIP_WSS ? SIP_WSS : SIP_TLS;
	if (asked)
		*asked = sips || slice_is_set(param);
	*ret = t;
	return 0;
}
