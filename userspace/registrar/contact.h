/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the registrar: one binding and its form in the store. */
#pragma once
#include "base/timer.h"
#include "base/lines.h"
#include "registrar/registrar.h"

struct aor;

struct contact {
	struct aor *aor;       /* set while it is in effect */
	struct timer expiry;   /* runs while it is in effect */
	struct binding b;      /* its text is in `text` */
	enum sip_scheme scheme; /* of b.uri */
	uint64_t expires_utc;  /* UTC ms: for the store */
	struct lines *sources; /* whose this is, while it is in effect: */
	struct line *source;   /* the address it is registered from */
	char text[];
};

/* Copies `b`: -ENOMEM, -EINVAL when its URI is none. */
int contact_new(struct contact **ret, const struct binding *b, uint64_t expires_utc);
bool contact_same(const struct contact *c, const struct binding *b, const struct sip_uri *uri);
/* Appends its form in the store. */
void contact_write(const struct contact *c, struct buf *out);
/* Reads the next one and moves *rest past it: -EBADMSG when it is none of ours, -ENOMEM. */
int contact_read(struct contact **ret, struct slice *rest);
