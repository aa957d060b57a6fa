/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order in which the targets of SRV records are tried (RFC 2782, "Usage rules"). Private to the locator. */
#pragma once
#include "net/dns.h"

#define SIP_SRV_MAX 64

/* The records of `a` in that order, at most SIP_SRV_MAX: how many. The draw is a function of *seed; NULL: no draw, heavier ones come first. */
unsigned sip_srv_order(const struct dns_srv *out[SIP_SRV_MAX], const struct dns_answer *a, const uint32_t *seed);
