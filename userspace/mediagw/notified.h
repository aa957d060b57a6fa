/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The notified entity (RFC 3435 2.1.4, 4.1, 4.3) of the endpoints that have the same one: whom their commands go to, under its name or
 * a list of names, and what is on the way there. */
#pragma once
#include "mediagw/gateway.h"
#include "mgcp/entity.h"
#include "net/dns.h"

struct rsip;

/* Reference-counted, one a value of N:; whoever has a reference keeps it in the gateway's list. */
struct notified {
	struct link link;
	struct gateway *gw;
	struct mgcp_entities entities;
	struct rsip *rsip;   /* whether it knows of its endpoints */
	struct list pending; /* commands without a final response */
	struct dns_search names;
	uint64_t looked_up;  /* when the names were asked for last */
	struct timer expiry; /* of what DNS said */
};

/* Whether it may stand in N: 0, or 510. */
unsigned notified_check(struct slice value);
/* Who that value of N: is. 0, -EINVAL or -ENOMEM. */
int notified_get(struct notified **ret, struct gateway *gw, struct slice value);
/* Another entity from now on, for all who have this one: N: of a response (521), or another provisioned one. 0 or -EINVAL with nothing changed. */
int notified_redirect(struct notified *n, struct slice value);
/* In words, for logs and alarms. */
struct slice notified_text(const struct notified *n);

/* Makes it the endpoint's, with a reference of its own; its commands on the way, whose `arg` is the endpoint, follow (4.3). NULL stands for
 * whoever commands it, which notified_heard() tells. */
void endpoint_notify(struct endpoint *e, struct notified *n);
/* What the endpoint was told of in N:; empty when it was not, or by the empty value. */
struct slice endpoint_notified_text(const struct endpoint *e);
/* A command other than an audit came from there and was executed for that endpoint, or NULL for more. */
void notified_heard(struct gateway *gw, struct endpoint *e, const struct addr *src);
/* Whether that is the address of a notified entity. */
bool notified_is_at(const struct gateway *gw, const struct addr *src);

/* Sends a whole command, as written with that tid, and tries all its addresses; when DNS has not answered yet, waits for it. `fn` as of
 * mgcp_command(). 0, -EHOSTUNREACH or -ENOMEM. */
int notified_command(struct notified *n, uint32_t tid, struct slice text, mgcp_response_fn fn, void *arg);
/* Forgets the callbacks registered with `arg`. */
void notified_forget(struct notified *n, const void *arg);
/* Sends what is on the way with that `arg` to `dst` too, in one datagram with what is said there next (4.4.7). */
void notified_copy(struct notified *n, const void *arg, const struct addr *dst);
