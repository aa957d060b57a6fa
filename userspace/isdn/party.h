/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, names and redirection (Q.931 4.5.8, 4.5.10, Q.951, Q.956): between JSON, as the control protocol has them (README.md), and libpri. */
#pragma once
#include "base/buf.h"
#include <jansson.h>
#include <libpri.h>

/* Type and plan in one octet, as on the wire. */
json_t *party_number_json(const char *digits, int plan);
/* -EINVAL with what was expected in `why`; `what` names the part. `digits` has room for `size` with its NUL. */
int party_number_read(const json_t *number, const char *what, char *digits, size_t size, int *plan, struct buf *why);

/* A calling or connected party: NULL when nothing is known of it. */
json_t *party_id_json(const struct pri_party_id *id);
/* Absent: a party of which nothing is known. */
int party_id_read(const json_t *party, const char *what, struct pri_party_id *ret, struct buf *why);

/* The last diversion, and the first of several: NULL when the call was not diverted. */
json_t *party_redirecting_json(const struct pri_party_redirecting *r);
int party_redirecting_read(const json_t *redirecting, struct pri_party_redirecting *ret, struct buf *why);
/* Text of a peer that JSON can hold: UTF-8, or ISO 8859-1 turned into it, without control characters. */
json_t *party_text(const char *text, int char_set);
