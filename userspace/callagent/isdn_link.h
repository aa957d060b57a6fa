/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The call agent's side of tandem-isdn (userspace/isdn/README.md): one connection to its control socket. What it says of a call goes to whoever has that
 * call; which groups are up goes to the lines of the routing. After each connection both sides agree on the calls there are: those that only
 * tandem-isdn has are released there, those that it has not are lost here. */
#pragma once
#include "base/hash.h"
#include <jansson.h>

struct isdn_link; /* mem_deref() closes it; its calls hear nothing more */

/* A call by its identifier there; embedded by its leg. */
struct isdn_call {
	struct hash_link by_id;
	char id[64];
	bool listed; /* it was there when tandem-isdn was asked what it has */
	/* What happens to it, in the words of the protocol; "release" is the last one. */
	void (*event)(void *arg, const char *name, const json_t *event);
	/* tandem-isdn is gone, or has it no more; `why` is a static text. */
	void (*lost)(void *arg, const char *why);
	/* Something that was said about it is refused, in one line. NULL: that is logged. */
	void (*refused)(void *arg, const char *why);
	void *arg;
};

struct isdn_link_params {
	const char *path; /* of the socket */
	/* A call comes in: 0, it is taken; or the cause with which it is released. */
	unsigned (*setup)(void *arg, const char *id, const char *group, const json_t *event);
	/* Calls can be made over that group (NULL), or why not. */
	void (*group)(void *arg, const char *name, const char *down);
	/* tandem-isdn is gone, or hangs, as `why` says: no group is up. */
	void (*gone)(void *arg, const char *why);
	void *arg;
};

int isdn_link_open(struct isdn_link **ret, const struct isdn_link_params *p);
/* Whether tandem-isdn is connected to and has answered. One that answers nothing for some seconds hangs, and counts as gone. */
bool isdn_link_is_up(const struct isdn_link *l);
/* Asks again which groups are up: the configuration has changed. */
void isdn_link_refresh(struct isdn_link *l);
/* From now on it hears of the call c->id; of one that is restored from a store, too, once tandem-isdn has been asked. */
void isdn_link_add(struct isdn_link *l, struct isdn_call *c);
void isdn_link_remove(struct isdn_link *l, struct isdn_call *c);
/* "isdn answer" and the like about a call; `args` (may be NULL) is stolen. -ENOTCONN, -ENOMEM. */
int isdn_link_say(struct isdn_link *l, struct isdn_call *c, const char *verb, json_t *args);
