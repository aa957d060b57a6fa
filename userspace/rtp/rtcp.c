// SPDX-License-Identifier: GPL-3.0-or-later
#include "rtp/rtcp.h"
#include <errno.h>

#define HEADER      4
#define SENDER_LEN  24 /* SSRC and sender information, RFC 3550 6.4.1 */
#define REPORT_LEN  24
#define SDES_END    0
#define SDES_CNAME  1
#define RTT_MAX     (60u << 16)

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int rtcp_next(const uint8_t **p, size_t *left, struct rtcp_packet *ret)
{
	if (!*left)
		return 0;
	const uint8_t *h = *p;
	if (*left < HEADER || h[0] >> 6 != 2)
		return -EBADMSG;
	size_t len = ((size_t)h[2] << 8 | h[3]) * 4 + HEADER;
	if (len > *left)
		return -EBADMSG;
	size_t pad = h[0] & 0x20 ? h[len - 1] : 0;
	/* Padding counts itself, comes in words, and only the last packet of a compound has it (6.4.1). */
	if (h[0] & 0x20 && (!pad || pad % 4 || pad > len - HEADER || len != *left))
		return -EBADMSG;
	*ret = (struct rtcp_packet){
		.type = h[1], .count = h[0] & 0x1f, .p = h, .len = len, .body = h + HEADER, .body_len = len - HEADER - pad,
	};
	*p += len;
	*left -= len;
	return 1;
}

int rtcp_check(const uint8_t *data, size_t len)
{
	struct rtcp_packet k;
	int rc, n = 0;
	while ((rc = rtcp_next(&data, &len, &k)) > 0) {
		if (k.type < 192 || k.type > 223) /* RFC 5761 section 4 */
			return -EBADMSG;
		n++;
	}
	return rc < 0 || !n ? -EBADMSG : 0;
}

int rtcp_sender(const struct rtcp_packet *k, struct rtcp_sender *ret)
{
	if (k->type != RTCP_SR || k->body_len < SENDER_LEN)
		return -EBADMSG;
	const uint8_t *b = k->body;
	*ret = (struct rtcp_sender){
		.ssrc = get32(b),
		.ntp_mid = (uint32_t)b[6] << 24 | (uint32_t)b[7] << 16 | (uint32_t)b[8] << 8 | b[9],
		.rtp_time = get32(b + 12),
		.packets = get32(b + 16),
		.octets = get32(b + 20),
	};
	return 0;
}

int rtcp_report(const struct rtcp_packet *k, unsigned i, struct rtcp_report *ret)
{
	if (k->type != RTCP_SR && k->type != RTCP_RR)
		return -EBADMSG;
	if (i >= k->count)
		return -ENOENT;
	size_t at = (k->type == RTCP_SR ? SENDER_LEN : 4) + (size_t)i * REPORT_LEN;
	if (at + REPORT_LEN > k->body_len)
		return -EBADMSG;
	const uint8_t *b = k->body + at;
	uint32_t lost = get32(b + 4) & 0xffffff;
	*ret = (struct rtcp_report){
		.about = get32(b),
		.fraction = b[4],
		.lost = lost & 0x800000 ? (int32_t)(lost | 0xff000000) : (int32_t)lost,
		.ext_max_seq = get32(b + 8),
		.jitter = get32(b + 12),
		.lsr = get32(b + 16),
		.dlsr = get32(b + 20),
	};
	return 0;
}

int rtcp_round_trip(const struct rtcp_report *r, uint32_t now_ntp_mid, uint32_t *ret)
{
	if (!r->lsr)
		return -ENOENT;
	uint32_t rtt = now_ntp_mid - r->lsr - r->dlsr;
	if (rtt > RTT_MAX)
		return -ERANGE;
	*ret = rtt;
	return 0;
}

uint32_t rtcp_ntp_mid(uint64_t utc_ms)
{
	/* 1900 to 1970 is 2208988800 s; only its low 16 bits reach the middle of the timestamp. */
	uint64_t seconds = utc_ms / 1000 + 2208988800u;
	uint64_t fraction = (utc_ms % 1000 << 16) / 1000;
	return (uint32_t)(seconds << 16 | fraction);
}

/* --- rewriting ---------------------------------------------------------------------------------------------------- */

struct writer {
	uint8_t *p;
	size_t len, cap;
	struct slice cname;
};

static int put(struct writer *w, const void *data, size_t len)
{
	if (w->cap - w->len < len)
		return -ENOSPC;
	if (len)
		memcpy(w->p + w->len, data, len);
	w->len += len;
	return 0;
}

/* The header of what was written from `at` on. */
static void seal(struct writer *w, size_t at, uint8_t type, uint8_t count)
{
	size_t words = (w->len - at) / 4 - 1;
	w->p[at] = 0x80 | count;
	w->p[at + 1] = type;
	w->p[at + 2] = (uint8_t)(words >> 8);
	w->p[at + 3] = (uint8_t)words;
}

static int copy(struct writer *w, const struct rtcp_packet *k)
{
	size_t at = w->len;
	int err = put(w, k->p, HEADER + k->body_len);
	if (!err)
		seal(w, at, k->type, k->count);
	return err;
}

/* Where the SDES chunk at `p` ends (RFC 3550 6.5): items, a zero, zeroes up to a word. */
static ptrdiff_t chunk_length(const uint8_t *p, size_t left)
{
	size_t at = 4;
	while (at < left && p[at] != SDES_END) {
		if (at + 2 > left || at + 2 + p[at + 1] > left)
			return -EBADMSG;
		at += 2u + p[at + 1];
	}
	at = (at & ~(size_t)3) + 4;
	return at <= left ? (ptrdiff_t)at : -EBADMSG;
}

static int put_chunk(struct writer *w, const uint8_t *ssrc)
{
	static const uint8_t zeroes[4];
	uint8_t item[2] = {SDES_CNAME, (uint8_t)w->cname.len};
	size_t fill = 4 - (2 + w->cname.len) % 4;
	int err = put(w, ssrc, 4);
	if (!err)
		err = put(w, item, sizeof item);
	if (!err)
		err = put(w, w->cname.p, w->cname.len);
	return err ? err : put(w, zeroes, fill);
}

static int sdes(struct writer *w, const struct rtcp_packet *k)
{
	static const uint8_t blank[HEADER];
	size_t start = w->len, at = 0;
	if (!k->count)
		return 0;
	int err = put(w, blank, HEADER);
	for (unsigned i = 0; !err && i < k->count; i++) {
		if (k->body_len - at < 8)
			return -EBADMSG;
		ptrdiff_t len = chunk_length(k->body + at, k->body_len - at);
		if (len < 0)
			return (int)len;
		err = put_chunk(w, k->body + at);
		at += (size_t)len;
	}
	if (!err)
		seal(w, start, RTCP_SDES, k->count);
	return err;
}

/* The sources of a BYE (6.6) without its reason, which is free text. */
static int bye(struct writer *w, const struct rtcp_packet *k)
{
	size_t at = w->len;
	if (k->body_len < 4u * k->count)
		return -EBADMSG;
	int err = put(w, k->p, HEADER + 4u * k->count);
	if (!err)
		seal(w, at, RTCP_BYE, k->count);
	return err;
}

/* A report must hold the blocks it announces, or the receiver would read past it. */
static int report(struct writer *w, const struct rtcp_packet *k)
{
	size_t want = (k->type == RTCP_SR ? SENDER_LEN : 4) + (size_t)k->count * REPORT_LEN;
	return k->body_len < want ? -EBADMSG : copy(w, k);
}

/* What is in no row is left out. */
static const struct {
	uint8_t type;
	int (*write)(struct writer *w, const struct rtcp_packet *k);
} rewrites[] = {
	{RTCP_SR, report}, {RTCP_RR, report}, {RTCP_SDES, sdes},  {RTCP_BYE, bye},  {RTCP_RTPFB, copy},
	{RTCP_PSFB, copy}, {RTCP_XR, copy},   {RTCP_FIR, copy},   {RTCP_NACK, copy},
};

static int rewrite_one(struct writer *w, const struct rtcp_packet *k)
{
	for (size_t i = 0; i < sizeof rewrites / sizeof rewrites[0]; i++)
		if (rewrites[i].type == k->type)
			return rewrites[i].write(w, k);
	return 0;
}

int rtcp_rewrite(const uint8_t *data, size_t len, struct slice cname, uint8_t *out, size_t cap, size_t *out_len)
{
	struct writer w = {.p = out, .cap = cap, .cname = cname};
	struct rtcp_packet k;
	int rc;
	if (cname.len > 255)
		return -EINVAL;
	if (rtcp_check(data, len))
		return -EBADMSG;
	while ((rc = rtcp_next(&data, &len, &k)) > 0) {
		int err = rewrite_one(&w, &k);
		if (err)
			return err;
	}
	*out_len = w.len;
	return 0;
}
