/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transport address: family, IP address and port, by value. */
#pragma once
#include "base/buf.h"
#include <netinet/in.h>
#include <sys/socket.h>

struct addr {
	sa_family_t family; /* AF_INET, AF_INET6, or AF_UNSPEC for "none" */
	uint16_t port;      /* host order */
	uint32_t scope;     /* interface index of a link-local IPv6 address, else 0 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
		uint8_t bytes[16]; /* network order; 4 or 16 of them count */
	};
};

#define ADDR_STR_LEN 64 /* "[2001:db8::1%eth0]:5060" */

static inline bool addr_is_set(const struct addr *a)
{
	return a->family != AF_UNSPEC;
}

/* An IP literal, IPv6 with or without brackets; the port stays 0. 0 or -EINVAL. */
int addr_parse_ip(struct addr *ret, struct slice text);
/* "192.0.2.1:5060", "[2001:db8::1]:5060", or without a port, then `port`. */
int addr_parse(struct addr *ret, struct slice text, uint16_t port);
/* Into a caller's array of ADDR_STR_LEN; returns it. _ip: no port, no brackets. _host: brackets round IPv6, no port. */
const char *addr_str(const struct addr *a, char *dst);
const char *addr_ip_str(const struct addr *a, char *dst);
const char *addr_host_str(const struct addr *a, char *dst);
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_ip_eq(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);
/* An IPv4-mapped IPv6 address becomes IPv4. -EAFNOSUPPORT for other families. */
int addr_from_sockaddr(struct addr *ret, const struct sockaddr *sa);
/* 16 bytes, IPv4 as ::ffff:a.b.c.d, for keys shared with the kernel. */
void addr_mapped(const struct addr *a, uint8_t out[16]);
void addr_from_mapped(struct addr *ret, const uint8_t in[16], uint16_t port);
uint32_t addr_hash(const struct addr *a);

/* A network in CIDR form. */
struct prefix {
	struct addr net;
	unsigned bits;
};
int prefix_parse(struct prefix *ret, struct slice text);
bool prefix_has(const struct prefix *p, const struct addr *a);
