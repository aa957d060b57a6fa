/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ENUM (RFC 6116): from a telephone number to SIP URIs, by NAPTR records. */
#pragma once
#include "net/dns.h"

/* The URIs of one number, best first; at least one. Reference-counted, never changed. */
struct sip_enum_uris {
	unsigned n;
	const char *uri[]; /* sip: or sips:, syntactically right */
};

#define SIP_ENUM_MAX 16

struct sip_enum; /* a question under way; mem_deref() means that its answer is not wanted any more */

/* `uris` is borrowed; NULL with err < 0. Called once, never from inside sip_enum(). */
typedef void (*sip_enum_fn)(void *arg, int err, struct sip_enum_uris *uris);

/* `number`: "+" and up to 15 digits (E.164); `suffix`: "e164.arpa" or a private tree. 0: known at once, *uris is a new reference.
 * -EINPROGRESS: *pending is set and `fn` will be called. -EINVAL: no number; -ENOENT: nothing usable is registered for it;
 * -ELOOP: its records lead to each other; -ETIMEDOUT, -EREMOTEIO, -EBADMSG: DNS fails; -ENOMEM. */
int sip_enum(struct sip_enum_uris **uris, struct sip_enum **pending, struct dns *d, struct slice number, struct slice suffix, sip_enum_fn fn,
	     void *arg);
