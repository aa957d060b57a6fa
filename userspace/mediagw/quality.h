/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a connection did, in MGCP's words and in figures. */
#pragma once
#include "mediagw/conn.h"

struct quality {
	uint64_t sent_packets, sent_bytes, packets, bytes;
	uint32_t lost;
	struct rtp_figures figures;
	struct fp_stats raw;
};
void quality_read(const struct conn *c, struct quality *ret);
/* Connection parameters (RFC 3435 3.2.2.7) as a P: line and ours as X-Quality:. */
void quality_write(const struct conn *c, struct buf *lines);
