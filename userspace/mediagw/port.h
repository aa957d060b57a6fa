/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pairs of media ports, RTP even and RTCP odd (RFC 3550 section 11), of one local address and family. */
#pragma once
#include "mediagw/numbers.h"

struct ports; /* mem_deref() frees it */

/* Pairs that lie wholly in min..max; -EINVAL when there is none. */
int ports_new(struct ports **ret, uint16_t min, uint16_t max);
/* The RTP port of a free pair: 0, or -EBUSY when the range is exhausted. */
int ports_take(struct ports *p, uint16_t *rtp);
/* Takes this pair again (adoption): 0, -EBUSY, or -ERANGE when the range has no such pair. */
int ports_claim(struct ports *p, uint16_t rtp);
void ports_give(struct ports *p, uint16_t rtp);
uint32_t ports_used(const struct ports *p);
uint32_t ports_total(const struct ports *p);
