/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The notified entity (RFC 3435 2.1.4, 4.1, 4.3): whom an endpoint sends its commands to, and the others to try when nobody answers. */
#pragma once
#include "base/buf.h"
#include "net/addr.h"

#define MGCP_ENTITIES_MAX      4 /* of one list */
#define MGCP_ENTITY_ADDRS_MAX  4 /* of one name */
#define MGCP_ENTITIES_TEXT_MAX 512

/* "ca1@ca.example.net:2727", "ca@[192.0.2.1]", or only a host. */
struct mgcp_entity {
	struct slice text, host; /* the host without brackets */
	uint16_t port;
	struct addr addrs[MGCP_ENTITY_ADDRS_MAX]; /* at once for an address literal; for a name when it is resolved */
	unsigned n_addrs;
};

/* Starts as zeroes. It points into itself, so it stays where it is. */
struct mgcp_entities {
	struct mgcp_entity at[MGCP_ENTITIES_MAX];
	unsigned n;
	unsigned entity, addr; /* the one in use */
	unsigned tried;        /* addresses that gave no answer, since one did */
	struct addr source;    /* of the last command: who it is when there is no list */
	size_t len;
	char text[MGCP_ENTITIES_TEXT_MAX];
};

/* The value of N:, one or a list with commas of which the first is to be tried first; empty: the source of the last command. 0, or 510
 * with nothing changed. */
unsigned mgcp_entities_set(struct mgcp_entities *e, struct slice value);
/* As it was given, for N: of NTFY and audits. */
struct slice mgcp_entities_text(const struct mgcp_entities *e);
/* Its addresses, without ports; n 0 when it has none for now: another entity is used then. */
void mgcp_entities_resolved(struct mgcp_entities *e, struct slice host, const struct addr *addrs, unsigned n);
/* A command other than an audit came from there and was executed: the address to prefer if it is one of the entity's (4.1). */
void mgcp_entities_heard(struct mgcp_entities *e, const struct addr *src);
/* Where commands go; NULL: nowhere yet. */
const struct addr *mgcp_entities_addr(const struct mgcp_entities *e);
/* It answered. */
void mgcp_entities_answered(struct mgcp_entities *e);
/* It did not: goes on to the next address, of this entity and then of the next. False: all have been tried, and it starts over:
 * the endpoint is disconnected (4.3). */
bool mgcp_entities_fail_over(struct mgcp_entities *e);
