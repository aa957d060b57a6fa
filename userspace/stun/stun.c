// SPDX-License-Identifier: GPL-3.0-or-later
#include "stun/stun.h"
#include <errno.h>

enum { HEADER_LEN = 20, COOKIE = 0x2112a442, FINGERPRINT_XOR = 0x5354554e };

enum { ATTR_ERROR_CODE = 0x0009, ATTR_UNKNOWN = 0x000a, ATTR_XOR_MAPPED = 0x0020, ATTR_OPTIONAL = 0x8000, ATTR_FINGERPRINT = 0x8028 };

/* What a client may send without credentials being asked for: they are not looked at (9.2.4 begins with our asking). */
static const uint16_t known[] = {
	0x0001 /* MAPPED-ADDRESS */, 0x0006 /* USERNAME */, 0x0008 /* MESSAGE-INTEGRITY */, 0x0014 /* REALM */, 0x0015 /* NONCE */,
	0x001c /* MESSAGE-INTEGRITY-SHA256 */, 0x001e /* USERHASH */,
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(struct buf *out, unsigned v)
{
	const uint8_t b[] = {(uint8_t)(v >> 8), (uint8_t)v};
	buf_add(out, b, sizeof b);
}

static void put32(struct buf *out, uint32_t v)
{
	put16(out, v >> 16);
	put16(out, v & 0xffff);
}

/* ITU-T V.42, bit by bit: messages are short and few. */
static uint32_t crc32(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

bool stun_is(const void *data, size_t len)
{
	const uint8_t *p = data;
	return len >= HEADER_LEN && p[0] < 0x40 && get32(p + 4) == COOKIE && get16(p + 2) == len - HEADER_LEN && len % 4 == 0;
}

static bool is_known(uint16_t type)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == type)
			return true;
	return type >= ATTR_OPTIONAL;
}

/* 14.7: the last attribute, over everything before it. */
static int read_fingerprint(struct stun_msg *m, const uint8_t *p, size_t at, size_t len, size_t value)
{
	if (value != 4 || at + 8 != len || get32(p + at + 4) != (crc32(p, at) ^ FINGERPRINT_XOR))
		return -EBADMSG;
	m->fingerprint = true;
	return 0;
}

int stun_read(struct stun_msg *ret, const void *data, size_t len)
{
	const uint8_t *p = data;
	struct stun_msg m = {0};
	int err = 0;
	if (!stun_is(data, len))
		return -EBADMSG;
	unsigned type = get16(p);
	/* 5, figure 3: the bits of the class stand between those of the method. */
	m.class = (enum stun_class)((type >> 4 & 1) | (type >> 7 & 2));
	m.method = (uint16_t)((type & 0xf) | (type >> 1 & 0x70) | (type >> 2 & 0xf80));
	memcpy(m.id, p + 8, sizeof m.id);
	for (size_t at = HEADER_LEN; at < len && !err;) {
		size_t value = len - at >= 4 ? get16(p + at + 2) : len;
		if (value > len - at - 4)
			return -EBADMSG;
		uint16_t attribute = get16(p + at);
		if (attribute == ATTR_FINGERPRINT)
			err = read_fingerprint(&m, p, at, len, value);
		else if (!is_known(attribute) && m.n_unknown < STUN_UNKNOWN_MAX)
			m.unknown[m.n_unknown++] = attribute;
		at += 4 + (value + 3) / 4 * 4;
	}
	if (!err)
		*ret = m;
	return err;
}

/* 14.2: the port with the cookie's first half, the address with the cookie and the transaction ID. */
static void put_xor_mapped(struct buf *out, const struct stun_msg *req, const struct addr *a)
{
	size_t n = a->family == AF_INET6 ? 16 : 4;
	uint8_t mask[16] = {COOKIE >> 24, COOKIE >> 16 & 0xff, COOKIE >> 8 & 0xff, COOKIE & 0xff};
	memcpy(mask + 4, req->id, STUN_ID_LEN);
	put16(out, ATTR_XOR_MAPPED);
	put16(out, (unsigned)(4 + n));
	put16(out, a->family == AF_INET6 ? 2 : 1);
	put16(out, a->port ^ COOKIE >> 16);
	for (size_t i = 0; i < n; i++)
		buf_char(out, (char)(a->bytes[i] ^ mask[i]));
}

/* 14.8, 14.9. */
static void put_unknown(struct buf *out, const struct stun_msg *req)
{
	static const char reason[] = "Unknown Attribute"; /* and three bytes of padding */
	put16(out, ATTR_ERROR_CODE);
	put16(out, 4 + sizeof reason - 1);
	put32(out, 4 << 8 | 20);
	buf_add(out, reason, sizeof reason - 1);
	buf_add(out, "\0\0\0", 3);
	put16(out, ATTR_UNKNOWN);
	put16(out, 2 * req->n_unknown);
	for (unsigned i = 0; i < req->n_unknown; i++)
		put16(out, req->unknown[i]);
	if (req->n_unknown % 2)
		put16(out, 0);
}

static void set_length(struct buf *out, size_t start, size_t more)
{
	size_t n = out->len - start - HEADER_LEN + more;
	if (out->err)
		return;
	out->p[start + 2] = (char)(n >> 8);
	out->p[start + 3] = (char)n;
}

void stun_write_answer(struct buf *out, const struct stun_msg *req, const struct addr *src)
{
	size_t start = out->len;
	put16(out, STUN_BINDING | (req->n_unknown ? 0x0110 : 0x0100));
	put16(out, 0);
	put32(out, COOKIE);
	buf_add(out, req->id, STUN_ID_LEN);
	if (req->n_unknown)
		put_unknown(out, req);
	else
		put_xor_mapped(out, req, src);
	set_length(out, start, 0);
	if (!req->fingerprint)
		return;
	set_length(out, start, 8);
	uint32_t crc = out->err ? 0 : crc32((const uint8_t *)out->p + start, out->len - start);
	put16(out, ATTR_FINGERPRINT);
	put16(out, 4);
	put32(out, crc ^ FINGERPRINT_XOR);
}
