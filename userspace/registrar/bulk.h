/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Contacts of a PBX that stand for each of its numbers (RFC 6140): with "bnc" and no user part. */
#pragma once
#include "sip/uri.h"

bool bulk_is(const struct sip_uri *contact);
/* The Request-URI for `number` (unescaped) at a contact, as a C string: one for many numbers gets that as its user part (5.2), any other is as it is. -ENOSPC,
 * -EINVAL. */
int bulk_request_uri(struct slice contact, const char *number, char *dst, size_t size);
