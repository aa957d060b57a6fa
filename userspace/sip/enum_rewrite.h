/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The substitution expression of a NAPTR record (RFC 3402 3.2, RFC 6116 3.4.1.4). Private to ENUM. */
#pragma once
#include "base/buf.h"

/* Applies `expression` ("!^\\+44(.*)$!sip:\\1@example.com!i") to `text` and appends what comes out. -EBADMSG: it is no such expression, or costs more than
 * an expression may; -ENOENT: it does not match; -ENOSPC. */
int sip_enum_rewrite(struct buf *out, struct slice expression, const char *text);
