/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which headers of one side's message the other side gets to see. What the call means passes; what locates a side does
 * not; URIs that do both are rewritten to this box. One table: pass, drop, rewrite. */
#pragma once
#include "base/conf.h"
#include "sip/msg.h"

/* What a section of the configuration adds to, takes from and lets pass of that: its options headers-add, headers-remove and headers-pass. */
struct header_table; /* reference-counted, immutable */
int header_table_new(struct header_table **ret, const struct conf_part *part);
#define HEADER_TABLES 3

/* What becomes of the sender's wish for privacy. */
enum headers_privacy { HEADERS_PRIVACY_AS_SENT, HEADERS_PRIVACY_NONE, HEADERS_PRIVACY_ID };

/* From whom to whom a message passes. */
struct headers_way {
	struct slice host;     /* ours, as it is written in a URI (IPv6 in brackets): goes into rewritten URIs */
	struct slice identity; /* whom we know the sender to be, up to the "@": goes in the place of what it asserts (RFC 3325 5); empty: a
				* trusted peer */
	bool to_user;          /* not of the trusted peers: who wants privacy is not told to it (RFC 3325 7) */
	bool disbelieved;      /* nor is the sender: what it asserts is nothing (RFC 3325 5) */
	bool identity_elsewhere; /* who calls is written by somebody else */
	enum headers_privacy privacy;
	const struct header_table *table[HEADER_TABLES]; /* NULL: none */
};

/* Whether the sender asks for that level of privacy (RFC 3323 4.2): "user", "header", "id", ... */
bool headers_privacy(const struct sip_msg *m, const char *level);
/* Whether who it is asserted to be is not to be told (RFC 3325 7): `id`, or `user`, which would mean nothing otherwise. */
bool headers_want_privacy(const struct sip_msg *m);
/* Appends to `out` the header lines of `m` that pass. From, To and what makes the dialog are the leg's own. Errors stick in out->err. */
void headers_pass(struct buf *out, const struct sip_msg *m, const struct headers_way *way);
/* Appends one name-addr or URI value with its host replaced. What cannot be parsed is left out: returns false. */
bool headers_rewrite_value(struct buf *out, struct slice value, struct slice host);
