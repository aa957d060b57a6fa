/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replaces (RFC 3891): the dialog that an INVITE takes the place of, as its receiver knows it; Target-Dialog (RFC 4538): that a request is about. */
#pragma once
#include "sip/session.h"

struct sip_replaces {
	struct slice call_id, to_tag, from_tag; /* to: the receiver's */
	bool early_only;
};

/* 0 or -EBADMSG. */
int sip_replaces_parse(struct sip_replaces *ret, struct slice value);
/* The value of Target-Dialog (RFC 4538), which names a dialog likewise: to_tag is its local-tag. */
int sip_target_dialog_parse(struct sip_replaces *ret, struct slice value);
/* Appends the value of one URI header ("Replaces=...") unescaped: 0, -ENOENT, -EBADMSG, -ENOMEM. */
int sip_uri_header(struct buf *out, const struct sip_uri *uri, struct slice name);

/* The user (arg) of the session that has this dialog with these handlers, and whether it is not answered yet. -ENOENT: none of theirs;
 * -ESHUTDOWN: it is ending, or was one not long ago. */
int sip_session_named(void **ret, const struct sip_stack *s, const struct sip_replaces *name, const struct sip_session_handlers *h, bool *early);
