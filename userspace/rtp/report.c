// SPDX-License-Identifier: GPL-3.0-or-later
#include "rtp/report.h"
#include <string.h>

#define VERSION    0x80
#define NTP_EPOCH  2208988800u /* 1970, in seconds of NTP */
#define CNAME      1
#define LOST_MAX   0x7fffff
#define HEADER_LEN 8           /* with the sender's SSRC */

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
	return p + 4;
}

/* The header of a packet that ends at `end` (6.4.1); its length counts words, less one. */
static void put_header(uint8_t *p, unsigned count, enum rtcp_type type, const uint8_t *end)
{
	size_t words = (size_t)(end - p) / 4 - 1;
	p[0] = (uint8_t)(VERSION | count);
	p[1] = (uint8_t)type;
	p[2] = (uint8_t)(words >> 8);
	p[3] = (uint8_t)words;
}

static uint8_t *put_sender(uint8_t *p, const struct rtcp_own *o)
{
	p = put32(p, (uint32_t)(o->utc_ms / 1000 + NTP_EPOCH));
	p = put32(p, (uint32_t)((o->utc_ms % 1000 << 32) / 1000));
	p = put32(p, o->rtp_time);
	p = put32(p, o->packets);
	return put32(p, o->octets);
}

static uint8_t *put_block(uint8_t *p, const struct rtcp_report *r)
{
	p = put32(p, r->about);
	p = put32(p, (uint32_t)r->fraction << 24 | ((uint32_t)r->lost & 0xffffff));
	p = put32(p, r->ext_max_seq);
	p = put32(p, r->jitter);
	p = put32(p, r->lsr);
	return put32(p, r->dlsr);
}

/* One chunk: the SSRC, its name, and at least one zero up to the next word (6.5). */
static uint8_t *put_name(uint8_t *p, const struct rtcp_own *o)
{
	uint8_t *begin = p;
	size_t len = o->cname.len < 255 ? o->cname.len : 255;
	p = put32(p + 4, o->ssrc);
	*p++ = CNAME;
	*p++ = (uint8_t)len;
	memcpy(p, o->cname.p, len);
	p += len;
	do
		*p++ = 0;
	while ((p - begin) % 4);
	put_header(begin, 1, RTCP_SDES, p);
	return p;
}

size_t rtcp_report_write(const struct rtcp_own *o, uint8_t out[RTCP_REPORT_MAX])
{
	uint8_t *p = put32(out + 4, o->ssrc);
	if (o->sends)
		p = put_sender(p, o);
	if (o->hears)
		p = put_block(p, &o->heard);
	put_header(out, o->hears, o->sends ? RTCP_SR : RTCP_RR, p);
	p = put_name(p, o);
	if (o->bye) {
		put32(p + 4, o->ssrc);
		put_header(p, 1, RTCP_BYE, p + HEADER_LEN);
		p += HEADER_LEN;
	}
	return (size_t)(p - out);
}

void rtcp_reception_report(struct rtcp_reception *r, uint32_t expected, uint32_t received, uint32_t now, struct rtcp_report *ret)
{
	uint32_t due = expected - r->expected, came = received - r->received;
	int64_t lost = (int64_t)expected - received;
	ret->fraction = due && due < 0x80000000u && came < due ? (uint8_t)(((uint64_t)(due - came) << 8) / due > 255 ? 255 : ((uint64_t)(due - came) << 8) / due) : 0;
	ret->lost = (int32_t)(lost > LOST_MAX ? LOST_MAX : lost < -LOST_MAX ? -LOST_MAX : lost);
	ret->lsr = r->lsr;
	ret->dlsr = r->lsr ? now - r->lsr_at : 0;
	r->expected = expected;
	r->received = received;
}
