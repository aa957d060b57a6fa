/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Endpoints (RFC 3435 2.1.2): the packet relays rtpbridge/1 .. rtpbridge/N. One exists while it has connections or a notification
 * request; the others are numbers waiting to be used. */
#pragma once
#include "base/list.h"
#include "mediagw/conn.h"
#include "mediagw/numbers.h"

#define ENDPOINT_TYPE        "rtpbridge"
#define ENDPOINT_CONNECTIONS 2
#define REQUEST_ID_MAX       32
#define NAME_MAX_LEN         24

struct endpoint {
	struct link link;   /* in the gateway, in order of first use */
	struct gateway *gw;
	uint32_t number;    /* 1..N */
	char name[NAME_MAX_LEN];
	struct list conns;
	unsigned n_conns;
	/* The last notification request (2.3.3). */
	char request_id[REQUEST_ID_MAX + 1];
	struct buf requested; /* R: as it came */
	struct addr notified; /* unset: the gateway's own */
	struct buf notified_text;
};

/* How a command names endpoints (2.1.2 rules 3 to 5). */
enum name_kind { NAME_ONE, NAME_ANY, NAME_ALL, NAME_UNKNOWN };
enum name_kind endpoint_name_parse(struct slice local, uint32_t max, uint32_t *number);

int endpoints_init(struct gateway *gw, uint32_t max);
void endpoints_free(struct gateway *gw);
/* Ends every endpoint and connection. */
void endpoints_clear(struct gateway *gw);
/* The endpoint if it exists now. */
struct endpoint *endpoint_find(const struct gateway *gw, uint32_t number);
/* The endpoint, made when it does not exist: 0, -ENOMEM. */
int endpoint_get(struct gateway *gw, uint32_t number, struct endpoint **ret);
/* A free one: 0, -EBUSY when there is none, -ENOMEM. */
int endpoint_any(struct gateway *gw, struct endpoint **ret);
/* Ends one that holds nothing any more. */
void endpoint_release_idle(struct endpoint *e);
/* Puts a connection on it; the endpoint then owns it. Two of them are joined. */
int endpoint_add(struct endpoint *e, struct conn *c);
/* Takes it off, un-joins and frees it. */
void endpoint_remove(struct endpoint *e, struct conn *c);
struct conn *endpoint_conn(const struct endpoint *e, struct slice id);
