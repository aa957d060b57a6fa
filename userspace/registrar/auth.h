/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is asking: the users of the configuration and digest authentication of their requests (RFC 3261 22, RFC 8760). One
 * object serves the registrar (401) and calls (407). */
#pragma once
#include "base/conf.h"
#include "sip/digest.h"
#include "sip/stack.h"

struct auth; /* reference-counted */

/* A user of the configuration; lives until auth_reconfigure(): keep the name, not the pointer. */
struct user;
/* The name of its section: what it is called in routes, records and the store. */
const char *user_name(const struct user *u);
/* The user part of its address; usually the same. */
const char *user_part(const struct user *u);
/* Its section of the configuration: display, numbers, address, nat, ... */
const struct conf_part *user_conf(const struct user *u);
/* Whether an address is the user's: its name or one of its numbers, in its domain if it has one. */
bool user_owns(const struct user *u, const struct sip_uri *uri);

/* Sections sip (realm), registrar (nonce-life) and user of `conf`, to which a reference is taken. */
int auth_new(struct auth **ret, const struct conf *conf);
/* Takes the users of `conf`: on error nothing has changed. */
int auth_reconfigure(struct auth *a, const struct conf *conf);

/* Calls fn of each request whose credentials were checked: whether they were `good`, and `here`: whether their nonce was given to the very
 * address they came from, so that its sender is there. */
void auth_watch(struct auth *a, void (*fn)(void *arg, const struct addr *src, bool good, bool here), void *arg);

/* By the name of its section, or by a number of a user without a domain; NULL: nobody. */
const struct user *auth_user(const struct auth *a, const char *id);
/* Whose address it is: the user of that name or number in that domain, else one of no domain. */
const struct user *auth_user_at(const struct auth *a, const struct sip_uri *uri);
const struct user *auth_user_in(const struct auth *a, struct slice domain, const char *name);
/* Whether the host of a URI names this box: its realm, a domain section or one of registrar.domains, or an address it listens at. */
bool auth_is_our_host(const struct auth *a, const struct sip_msg *req, const struct sip_uri *uri);
/* The section of a domain, NULL: there is none. */
const struct conf_part *auth_domain(const struct auth *a, struct slice host);

/* The Proxy-Authorization line whose credentials are for a realm of ours, NULL: none. */
const struct sip_hdr *auth_credentials(const struct auth *a, const struct sip_msg *req);

enum auth_result {
	AUTH_OK,         /* *user is set; nothing was sent */
	AUTH_CHALLENGED, /* 401 or 407 was sent */
	AUTH_WRONG,      /* the credentials were wrong: another challenge was sent */
	AUTH_REFUSED,    /* another final answer was sent (400, 403) */
};

/* Authenticates a request and itself answers when that fails: the caller goes on only after AUTH_OK. `proxy`: 407 and
 * Proxy-Authorization (calls), else 401 and Authorization (REGISTER). */
enum auth_result auth_check(struct auth *a, struct sip_strans *st, const struct sip_msg *req, bool proxy, const struct user **user);
/* As auth_check(), for one name and password that are no user's. */
enum auth_result auth_check_login(struct auth *a, struct sip_strans *st, const struct sip_msg *req, const char *name, const char *password);
/* The user name of the credentials that a request carries for our realm; they are not checked. False: it carries none. */
bool auth_name(struct auth *a, struct sip_strans *st, const struct sip_msg *req, char *name, size_t size);
/* The From user must be the authenticated user's name or one of its numbers, unless its section says `any-from = yes`; "anonymous"
 * passes too (RFC 3323). When not, 403 was sent and AUTH_REFUSED is returned. */
enum auth_result auth_check_from(struct auth *a, struct sip_strans *st, const struct sip_msg *req, const struct user *user);
