/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests outside of dialogs that go on to whom they name, as calls do: MESSAGE (RFC 3428) to every contact, the first that takes it answers;
 * PUBLISH (RFC 3903) to the first. Each side sees a request of ours. */
#pragma once
#include "callagent/agent.h"

/* Appends the header lines of such a message that its method gives a meaning. */
void relay_meaning(struct buf *out, const struct sip_msg *m);
/* Who sends a request, as headers_way wants it: allocated, NULL when memory is out. */
char *relay_identity(const struct sip_msg *req, const struct user *user);
/* Counters "relay". */
void relay_register(void);
/* Authenticates, passes on and answers it. */
void relay_request(struct agent *a, struct sip_strans *st, const struct sip_msg *req);
