/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bodies of several parts (RFC 5621, RFC 2046 5.1): finding one by its type, and exchanging it for another of that type while the rest stays byte for
 * byte. Parts within parts are looked into four deep, and 64 in all. */
#pragma once
#include "base/buf.h"

/* The first body of type `what` in a body of type `type`; the body itself when it has that type or no type at all. Absent: there is none. */
struct slice sip_body_find(struct slice type, struct slice body, struct slice what);
/* Appends the body with the first part of type `what` replaced by `now`. -ENOENT: there is none; -EBADMSG. */
int sip_body_exchange(struct buf *out, struct slice type, struct slice body, struct slice what, struct slice now);
/* Appends both bodies as parts of one, whose type is *ret, a static text. -EEXIST: no boundary is left that does not stand in one of them. */
int sip_body_join(struct buf *out, struct slice *ret, struct slice type_a, struct slice a, struct slice type_b, struct slice b);
/* 0, or -EBADMSG: a multipart body without its boundary, with parts that do not end, too many or too deep. Others are whatever they are. */
int sip_body_check(struct slice type, struct slice body);
