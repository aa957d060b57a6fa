/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Endpoints (RFC 3435 2.1.2): the packet relays rtpbridge/1 .. rtpbridge/N, and this machine's telephone channels by the names of
 * tdm/endpoint.h. A relay exists while it has connections or a notification request, the others are numbers waiting to be used; a channel's
 * endpoint exists from when the channel is first seen. Each has its place in the gateway: relays first, then channels by their numbers. */
#pragma once
#include "base/list.h"
#include "mediagw/conn.h"
#include "mediagw/numbers.h"
#include "mgcp/package.h"
#include "tdm/endpoint.h"

struct endpoint_name;
struct notified;

/* What kinds of endpoints differ in. */
struct endpoint_kind {
	const char *type;              /* the first term of its names */
	unsigned connections;          /* so many at once, at most */
	bool lasting;                  /* it exists without holding anything */
	const char *capabilities;      /* as AUEP has them (A:), but for its packages */
	const char *none_free;         /* the words of 410 */
	/* Reads a local name of this type; the kind is NAME_UNKNOWN for what is none. */
	void (*parse)(const struct gateway *gw, struct slice local, struct endpoint_name *ret);
	/* A free one of those named, for NAME_ANY: 0, -EBUSY, -ENOMEM. */
	int (*any)(struct gateway *gw, const struct endpoint_name *name, struct endpoint **ret);
	/* It is to have a connection: 0, or the response code and *why. NULL: it may always. */
	unsigned (*admit)(struct endpoint *e, const char **why);
	/* A connection was put on it: media flows. */
	int (*join)(struct endpoint *e, struct conn *c);
	/* A command has changed a connection on it. NULL: that is nothing to it. */
	int (*change)(struct endpoint *e, struct conn *c);
	/* A connection is about to be taken off. */
	void (*part)(struct endpoint *e, struct conn *c);
	/* It has none any more, or the one that was admitted does not come. NULL: that is nothing to it. */
	void (*vacate)(struct endpoint *e);
};

extern const struct endpoint_kind endpoint_kinds[]; /* ends with type == NULL */
extern const struct endpoint_kind *const endpoint_relay;

struct endpoint {
	struct link link;   /* in the gateway, in order of first use */
	struct gateway *gw;
	const struct endpoint_kind *kind;
	uint32_t place;
	char name[TDM_ENDPOINT_MAX];
	struct line *line;  /* of a telephone channel; NULL of a relay */
	struct list conns;
	unsigned n_conns;
	/* What it was asked for, and whom it tells (events.h). */
	const struct endpoint_events *events;
	mgcp_packages packages;         /* the default one first */
	struct mgcp_notifier *notifier; /* NULL: nothing was asked for yet */
	bool busy;                      /* the notifier is at work: what it does is kept when it is done */
	struct timer run;
	struct notified *notified;      /* the gateway's, or who was named (notified.h) */
	bool notify_source;             /* nobody was: whoever commands it */
};

/* How a command names endpoints (2.1.2 rules 3 to 5). */
enum name_kind { NAME_ONE, NAME_ANY, NAME_ALL, NAME_UNKNOWN };

struct endpoint_name {
	enum name_kind kind;
	uint32_t place;                   /* NAME_ONE */
	const struct endpoint_kind *type; /* NULL: whatever the kind */
	bool whole;                       /* all of the type, or any: nothing else is said of them */
	struct tdm_endpoint channels;     /* of telephone channels, which of them */
};

/* endpoint_name.c */
struct endpoint_name endpoint_name_parse(const struct gateway *gw, struct slice local);
/* Whether an endpoint is one of those named. */
bool endpoint_is_named(const struct endpoint *e, const struct endpoint_name *name);
void endpoint_relay_parse(const struct gateway *gw, struct slice local, struct endpoint_name *ret);
void endpoint_channel_parse(const struct gateway *gw, struct slice local, struct endpoint_name *ret);

int endpoints_init(struct gateway *gw, uint32_t relays);
void endpoints_free(struct gateway *gw);
/* Ends every endpoint and connection. */
void endpoints_clear(struct gateway *gw);
/* How many places there are. */
uint32_t endpoint_places(const struct gateway *gw);
/* The place of the telephone channel with that number. */
uint32_t endpoint_channel_place(const struct gateway *gw, unsigned channel);
/* The channel at a place; NULL of a relay. */
struct tdm_channel *endpoint_channel(const struct gateway *gw, uint32_t place);
/* The endpoint if it exists now. */
struct endpoint *endpoint_find(const struct gateway *gw, uint32_t place);
/* The endpoint, made when it does not exist: 0, -ENOMEM. */
int endpoint_get(struct gateway *gw, uint32_t place, struct endpoint **ret);
/* After connections or requests of it ended: ends one that holds nothing any more, unless it lasts. */
void endpoint_release_idle(struct endpoint *e);
/* Puts a connection on it; the endpoint then owns it. */
int endpoint_add(struct endpoint *e, struct conn *c);
/* Takes it off and frees it. */
void endpoint_remove(struct endpoint *e, struct conn *c);
/* Whether its capabilities have that mode. */
bool endpoint_has_mode(const struct endpoint *e, enum conn_mode mode);
/* A command has changed a connection on it. 0 or negative errno. */
int endpoint_changed(struct endpoint *e, struct conn *c);
/* The other connection when what comes from one goes to the other; NULL when there is none, or one of them is looped. */
struct conn *endpoint_partner(const struct conn *c);
struct conn *endpoint_conn(const struct endpoint *e, struct slice id);
