/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP messages as what legs tell each other, and back. */
#pragma once
#include "callagent/leg.h"
#include "sip/session.h"

/* Fills `n` from a message (NULL: nothing came). The description is found in a multipart body too (RFC 5621). */
void sip_news(struct leg_news *n, unsigned status, const struct sip_msg *msg);
/* The description in a body of that type, absent when there is none. */
struct slice sip_news_sdp(struct slice type, struct slice body);
/* The body of a message that goes on from `from` (NULL: from none) with a description of ours: what else its sender has put into it (RFC 5621) stands
 * beside that, or alone. *type is set when it is not the description alone, and then `out` has it. */
int sip_news_body(struct buf *out, struct slice *type, const struct sip_msg *from, struct slice sdp);
/* Appends the body of a 580 that goes on from one (RFC 3312 8): nothing when that has none. */
int sip_news_failed(struct buf *out, const struct sip_msg *from, const struct sdp_origin *o);
/* Appends the Reason header (RFC 3326) that says why a leg is released, unless the other side's own was passed. */
void sip_news_reason(struct buf *out, const struct leg_news *n);

/* An INFO or MESSAGE that waits for the other side's answer to it. */
struct sip_info;
struct sip_info *sip_info_new(struct sip_strans *st);
/* Whether a response says that another bearer might do, by a Warning of what media its sender cannot (RFC 3261 20.43; RFC 4497 8.4.4, note 8). */
bool sip_news_wants_bearer(const struct sip_msg *rsp);
/* A digit that an INFO carries (application/dtmf-relay, application/dtmf), 0: none. */
char sip_news_digit(const struct sip_msg *info);
void sip_info_answer(struct sip_info *i, unsigned status);
/* A digit that came without a message, as phones send it; whatever becomes of it. */
int sip_info_digit(struct sip_session *to, char digit, struct slice headers);
int sip_info_send(struct sip_session *to, const struct leg_news *n, struct slice headers);
