/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The section `dns`, apart from the others since tandem-isdn links those without net/dns. */
#pragma once
#include "config/schema.h"
#include "net/dns.h"

/* Points into itself, so it stays where it is. */
struct config_dns {
	struct addr servers[DNS_MAX_SERVERS];
	struct dns_params params;
};
void config_dns(const struct conf *c, struct config_dns *ret);
