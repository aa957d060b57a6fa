/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which host names and addresses are this box: sip.realm, registrar.domains and the domain sections; the addresses of the address sections. Asked of
 * every request. */
#pragma once
#include "base/conf.h"
#include "net/addr.h"

struct hosts; /* reference-counted, immutable: a reload makes another */

/* -ENOMEM. */
int hosts_new(struct hosts **ret, const struct conf *conf);
bool hosts_has_name(const struct hosts *h, struct slice name);
/* Whether any name is taken for ours, because no domain is told. */
bool hosts_any_name(const struct hosts *h);
/* The section of a domain; NULL: it has none. */
const struct conf_part *hosts_domain(const struct hosts *h, struct slice name);
/* An IPv4-mapped address is the IPv4 one. */
bool hosts_has_ip(const struct hosts *h, const struct addr *ip);
