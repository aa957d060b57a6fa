/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An RTP packet (RFC 3550 5.1), for those who end streams. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_LEN 12 /* of a packet of ours: no contributing sources, no extension */

struct rtp_packet {
	uint8_t pt;
	bool marker;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	const uint8_t *payload; /* without padding */
	size_t len;
};

/* Reads a packet; 0, or -EBADMSG when its lengths do not fit or it is of another version. */
int rtp_read(struct rtp_packet *ret, const uint8_t *data, size_t len);
/* Writes the header only. */
void rtp_write(const struct rtp_packet *r, uint8_t out[RTP_HEADER_LEN]);
