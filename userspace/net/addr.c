// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/addr.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>

/* "fe80::1%eth0": the zone by interface name or index (RFC 4007 11). */
static int parse_zone(struct slice zone, uint32_t *ret)
{
	char name[IF_NAMESIZE];
	if (!slice_u32(zone, ret))
		return *ret ? 0 : -EINVAL;
	if (!zone.len || slice_copy(zone, name, sizeof name))
		return -EINVAL;
	*ret = if_nametoindex(name);
	return *ret ? 0 : -EINVAL;
}

int addr_parse_ip(struct addr *ret, struct slice text)
{
	char z[INET6_ADDRSTRLEN];
	struct addr a = {0};
	bool brackets = text.len > 1 && text.p[0] == '[' && text.p[text.len - 1] == ']';
	if (brackets)
		text = slice_of(text.p + 1, text.len - 2);
	if (text.len && memchr(text.p, '\0', text.len))
		return -EINVAL;
	bool v6 = slice_find(text, ':') >= 0;
	if (brackets && !v6)
		return -EINVAL;
	if (v6) {
		struct slice ip = slice_cut(&text, '%');
		if (slice_is_set(text) && parse_zone(text, &a.scope))
			return -EINVAL;
		text = ip;
	}
	if (slice_copy(text, z, sizeof z))
		return -EINVAL;
	a.family = v6 ? AF_INET6 : AF_INET;
	if (inet_pton(a.family, z, a.bytes) != 1)
		return -EINVAL;
	*ret = a;
	return 0;
}

int addr_parse(struct addr *ret, struct slice text, uint16_t port)
{
	struct addr a;
	struct slice host = text, digits = SLICE_NONE;
	ptrdiff_t colon;
	if (text.len && text.p[0] == '[') {
		ptrdiff_t end = slice_find(text, ']');
		if (end < 0)
			return -EINVAL;
		host = slice_of(text.p, (size_t)end + 1);
		digits = slice_from(text, (size_t)end + 1);
		if (digits.len && digits.p[0] != ':')
			return -EINVAL;
		digits = digits.len ? slice_from(digits, 1) : SLICE_NONE;
	} else if ((colon = slice_find(text, ':')) >= 0 && slice_find(slice_from(text, (size_t)colon + 1), ':') < 0) {
		host = slice_of(text.p, (size_t)colon);
		digits = slice_from(text, (size_t)colon + 1);
	}
	if (slice_is_set(digits) && slice_u16(digits, &port))
		return -EINVAL;
	int err = addr_parse_ip(&a, host);
	if (err)
		return err;
	a.port = port;
	*ret = a;
	return 0;
}

/* Dotted quads are written for every message sent: no printf here. */
static char *put_u32(char *p, unsigned v)
{
	char digits[10];
	unsigned n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = digits[--n];
	return p;
}

static char *put_v4(char *p, const uint8_t *b)
{
	for (int i = 0; i < 4; i++) {
		p = put_u32(p, b[i]);
		*p++ = '.';
	}
	*--p = '\0';
	return p;
}

static char *put_ip(char *p, const struct addr *a)
{
	switch (a->family) {
	case AF_INET:
		return put_v4(p, a->bytes);
	case AF_INET6:
		inet_ntop(AF_INET6, &a->v6, p, INET6_ADDRSTRLEN);
		return p + strlen(p);
	default:
		*p++ = '-';
		*p = '\0';
		return p;
	}
}

static char *put_zone(char *p, const struct addr *a)
{
	char name[IF_NAMESIZE];
	if (!a->scope)
		return p;
	*p++ = '%';
	if (!if_indextoname(a->scope, name))
		p = put_u32(p, a->scope);
	else
		p = stpcpy(p, name);
	*p = '\0';
	return p;
}

static char *put_host(char *p, const struct addr *a, bool zone)
{
	bool v6 = a->family == AF_INET6;
	if (v6)
		*p++ = '[';
	p = put_ip(p, a);
	if (zone)
		p = put_zone(p, a);
	if (v6)
		*p++ = ']';
	*p = '\0';
	return p;
}

/* Brackets, "%", a name of 15, ":65535" and NUL come to 25 characters beside the address: the zone is left out where all would
 * not fit. */
const char *addr_str(const struct addr *a, char *dst)
{
	char ip[INET6_ADDRSTRLEN];
	bool zone = a->scope && put_ip(ip, a) - ip + IF_NAMESIZE + 9 < ADDR_STR_LEN;
	char *p = put_host(dst, a, zone);
	*p++ = ':';
	*put_u32(p, a->port) = '\0';
	return dst;
}

const char *addr_ip_str(const struct addr *a, char *dst)
{
	put_zone(put_ip(dst, a), a);
	return dst;
}

const char *addr_host_str(const struct addr *a, char *dst)
{
	put_host(dst, a, false);
	return dst;
}

static size_t ip_len(const struct addr *a)
{
	return a->family == AF_INET ? 4 : a->family == AF_INET6 ? 16 : 0;
}

bool addr_ip_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, ip_len(a)) &&
	       (a->scope == b->scope || !a->scope || !b->scope);
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_ip_eq(a, b);
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];
	return !memcmp(a->bytes, zero, ip_len(a));
}

bool addr_is_loopback(const struct addr *a)
{
	if (a->family == AF_INET)
		return a->bytes[0] == 127;
	return a->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->v6);
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof *ss);
	if (a->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		in->sin_addr = a->v4;
		return sizeof *in;
	}
	if (a->family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		in6->sin6_addr = a->v6;
		in6->sin6_scope_id = a->scope;
		return sizeof *in6;
	}
	return 0;
}

int addr_from_sockaddr(struct addr *ret, const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
		*ret = (struct addr){.family = AF_INET, .port = ntohs(in->sin_port), .v4 = in->sin_addr};
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
		addr_from_mapped(ret, in6->sin6_addr.s6_addr, ntohs(in6->sin6_port));
		if (ret->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&ret->v6))
			ret->scope = in6->sin6_scope_id;
		return 0;
	}
	return -EAFNOSUPPORT;
}

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void addr_mapped(const struct addr *a, uint8_t out[16])
{
	memset(out, 0, 16);
	if (a->family == AF_INET) {
		memcpy(out, mapped_prefix, sizeof mapped_prefix);
		memcpy(out + 12, a->bytes, 4);
	} else if (a->family == AF_INET6) {
		memcpy(out, a->bytes, 16);
	}
}

void addr_from_mapped(struct addr *ret, const uint8_t in[16], uint16_t port)
{
	struct addr a = {.port = port};
	if (!memcmp(in, mapped_prefix, sizeof mapped_prefix)) {
		a.family = AF_INET;
		memcpy(a.bytes, in + 12, 4);
	} else {
		a.family = AF_INET6;
		memcpy(a.bytes, in, 16);
	}
	*ret = a;
}

uint32_t addr_hash(const struct addr *a)
{
	uint32_t h = slice_hash(slice_of((const char *)a->bytes, ip_len(a)), false);
	return (h ^ a->port) * 16777619u;
}
