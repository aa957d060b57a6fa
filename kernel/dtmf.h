/* SPDX-License-Identifier: GPL-2.0-only */
/* Telephone-events, noticed as they pass. */
#ifndef TANDEM_KERNEL_DTMF_H
#define TANDEM_KERNEL_DTMF_H

#include "relay.h"

/*
 * Takes an accepted packet whose payload type is that of telephone-events, and tells what there is
 * to tell.
 */
void tandem_dtmf_listen(const struct tandem_arrival *a, const struct tandem_packet *pkt);

#endif
