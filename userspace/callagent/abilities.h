/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this user agent does: the one table behind Allow, Supported and Accept, and behind 405, 415 and 420 (RFC 3261 8.2). */
#pragma once
#include "sip/msg.h"

/* Each list ends with NULL. */
extern const char *const abilities_methods[];
extern const char *const abilities_extensions[];
extern const char *const abilities_types[];

/* Appends the Supported line of an INVITE that goes on from the caller's (NULL: there is none) when something has to be left out of the list, as it needs
 * the caller's part and that one cannot do it. `offers`: with an offer; `conditions`: it may have preconditions (RFC 3312). */
void abilities_supported(struct buf *out, const struct sip_msg *caller, bool offers, bool conditions);
/* Whether the sender of a request knows an extension, by its Supported or Require. */
bool abilities_of(const struct sip_msg *m, const char *extension);
