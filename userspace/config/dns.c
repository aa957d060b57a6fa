// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/dns.h"

void config_dns(const struct conf *c, struct config_dns *ret)
{
	const struct conf_part *p = conf_section(c, "dns");
	*ret = (struct config_dns){
		.params = {.servers = ret->servers,
			   .attempt_ms = (uint32_t)conf_int(p, "attempt"),
			   .timeout_ms = (uint32_t)conf_int(p, "timeout"),
			   .cache_max = (uint32_t)conf_int(p, "cache")},
	};
	for (unsigned i = 0; i < conf_list_count(p, "servers") && i < DNS_MAX_SERVERS; i++)
		if (!addr_parse(&ret->servers[ret->params.n_servers], slice_str(conf_list_at(p, "servers", i)), 53))
			ret->params.n_servers++;
}
