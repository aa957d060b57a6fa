// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/transports.h"
#include "base/counter.h"
#include <errno.h>

const struct sip_transport_info sip_transports[SIP_TRANSPORTS] = {
	[SIP_UDP] = {"udp", "UDP", "", 5060, false, false},
	[SIP_TCP] = {"tcp", "TCP", ";transport=tcp", 5060, true, false},
	[SIP_TLS] = {"tls", "TLS", ";transport=tls", 5061, true, true},
	[SIP_WS] = {"ws", "WS", ";transport=ws", 80, true, false},
	[SIP_WSS] = {"wss", "WSS", ";transport=ws", 443, true, true},
};

uint64_t sip_transport_rx[SIP_TRANSPORTS], sip_transport_tx[SIP_TRANSPORTS];

static const struct counter_def rx_defs[SIP_TRANSPORTS] = {
	[SIP_UDP] = {"udp-rx", "messages received over UDP"}, [SIP_TCP] = {"tcp-rx", "messages received over TCP"},
	[SIP_TLS] = {"tls-rx", "messages received over TLS"}, [SIP_WS] = {"ws-rx", "messages received over WebSocket"},
	[SIP_WSS] = {"wss-rx", "messages received over secure WebSocket"},
};
static const struct counter_def tx_defs[SIP_TRANSPORTS] = {
	[SIP_UDP] = {"udp-tx", "messages sent over UDP"}, [SIP_TCP] = {"tcp-tx", "messages sent over TCP"},
	[SIP_TLS] = {"tls-tx", "messages sent over TLS"}, [SIP_WS] = {"ws-tx", "messages sent over WebSocket"},
	[SIP_WSS] = {"wss-tx", "messages sent over secure WebSocket"},
};
static struct counter_group rx_group = COUNTER_GROUP("sip-transport", rx_defs, sip_transport_rx);
static struct counter_group tx_group = COUNTER_GROUP("sip-transport", tx_defs, sip_transport_tx);

void sip_transport_counters(void)
{
	counter_register(&rx_group);
	counter_register(&tx_group);
}

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
