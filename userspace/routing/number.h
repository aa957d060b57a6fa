/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephone numbers and the ways they are written: +E.164 (RFC 3966 5.1.4) inside, and what each trunk wants outside. */
#pragma once
#include "base/buf.h"

/* How numbers are dialled where a trunk is: country "49", area "30", prefixes "00" and "0". Empty ones: there is none. */
struct numbering {
	const char *country, *area, *international, *national;
};

/* The choices of trunk.numbers-in and numbers-out, in their order. */
enum number_format {
	NUMBER_AS_IS,
	NUMBER_E164,          /* +4930123 */
	NUMBER_DIGITS,        /* 4930123 */
	NUMBER_NATIONAL,      /* 030123; numbers of other countries with the international prefix */
	NUMBER_INTERNATIONAL, /* 004930123 */
};

/* The choices of trunk.number-uri. */
enum number_uri {
	NUMBER_SIP,   /* sip:N@host */
	NUMBER_PHONE, /* sip:N@host;user=phone (RFC 3261 19.1.6) */
	NUMBER_TEL,   /* tel:N, with phone-context unless it is a +E.164 one (RFC 3966 5.1.5) */
};

/* A number as it came, in that format, as +E.164; what is no number (letters, too short for its format) is copied as it is. Visual separators go.
 * 0 or -ENOSPC. */
int number_read(const struct numbering *n, enum number_format f, struct slice text, char *out, size_t size);
/* A number written in that format; one that is not +E.164, and is not written as one dials (a prefix of the numbering), is copied as it is. */
int number_write(const struct numbering *n, enum number_format f, struct slice number, char *out, size_t size);
/* Appends the URI of a number as it is written already; `host` as it stands in a URI. */
void number_uri(struct buf *out, enum number_uri kind, const struct numbering *n, struct slice written, struct slice host);
