/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is listened to: rates and bans of the addresses that messages come from. It is asked before anything of a message is read, and told
 * of what came of it. Trunks, registered phones and the networks of security.trusted are never limited or banned by it, emergency
 * calls never refused.
 *
 * Only who has shown to be at the address it sends from is banned: over UDP anybody can write anybody's. A UDP source has shown it by
 * credentials with a nonce that was given to this very address, or by a tag of ours, random and sent to it alone, in an ACK
 * or a request within a dialog. From others that send too much only what is too much is dropped. */
#pragma once
#include "base/conf.h"
#include "base/ctl.h"
#include "sip/stack.h"

struct guard; /* reference-counted */

struct guard_params {
	const struct conf *conf; /* section security; a reference is taken */
	/* A trunk's address, or one that a phone is registered from. */
	bool (*is_peer)(void *arg, const struct addr *src);
	/* Whether a request for `uri` from there is an emergency call, besides those for urn:service:sos (RFC 5031); may be NULL. */
	bool (*is_emergency)(void *arg, const struct sip_uri *uri, const struct addr *src);
	void *arg;
};

int guard_new(struct guard **ret, const struct guard_params *p);
/* Takes the rules of `conf`; bans go on. */
void guard_reconfigure(struct guard *g, const struct conf *conf);

/* Whether a message is taken. `secure`: over a connection, whose other end is where it says. */
bool guard_admits(struct guard *g, const struct addr *src, bool secure, struct slice text);
/* Whether the address is somebody's whom we know: others are told nothing about us. */
bool guard_knows(const struct guard *g, const struct addr *src);
/* An emergency call: exempt from every limit, ban and rule. */
bool guard_exempt(const struct guard *g, const struct sip_msg *req);
/* The answer to strangers who ask for what strangers may not: 0: none, else its status. */
unsigned guard_stranger_status(const struct conf *conf);

/* What came of a message. */
void guard_proven(struct guard *g, const struct addr *src);
void guard_malformed(struct guard *g, const struct addr *src);
void guard_refused_stranger(struct guard *g, const struct addr *src);
/* Credentials were checked; `here`: their nonce was given to this very address. */
void guard_authenticated(struct guard *g, const struct addr *src, bool good, bool here);

/* `show bans`, `show sources`, `ban`, `unban`; their argument is the guard. */
extern const struct ctl_verb guard_verbs[];
