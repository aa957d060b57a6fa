// SPDX-License-Identifier: GPL-3.0-or-later
#include "rtp/packet.h"
#include <errno.h>

#define VERSION   0x80
#define PADDED    0x20
#define EXTENDED  0x10
#define SOURCES   0x0f
#define MARKER    0x80

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Where the payload begins; past the end when the header is cut off. */
static size_t payload_at(const uint8_t *data, size_t len)
{
	size_t at = RTP_HEADER_LEN + 4u * (data[0] & SOURCES);
	if (!(data[0] & EXTENDED))
		return at;
	return at + 4 > len ? len + 1 : at + 4 + 4u * (get32(data + at) & 0xffff);
}

int rtp_read(struct rtp_packet *ret, const uint8_t *data, size_t len)
{
	if (len < RTP_HEADER_LEN || (data[0] & 0xc0) != VERSION)
		return -EBADMSG;
	size_t at = payload_at(data, len), padding = data[0] & PADDED ? data[len - 1] : 0;
	if (at > len || padding > len - at || (data[0] & PADDED && !padding))
		return -EBADMSG;
	*ret = (struct rtp_packet){.pt = data[1] & 0x7f, .marker = data[1] & MARKER, .seq = (uint16_t)(data[2] << 8 | data[3]), .timestamp = get32(data + 4),
		.ssrc = get32(data + 8), .payload = data + at, .len = len - at - padding};
	return 0;
}

void rtp_write(const struct rtp_packet *r, uint8_t out[RTP_HEADER_LEN])
{
	out[0] = VERSION;
	out[1] = (uint8_t)((r->marker ? MARKER : 0) | r->pt);
	out[2] = (uint8_t)(r->seq >> 8);
	out[3] = (uint8_t)r->seq;
	put32(out + 4, r->timestamp);
	put32(out + 8, r->ssrc);
}
