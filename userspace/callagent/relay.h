/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests outside of dialogs that go on to whom they name, as calls do: MESSAGE (RFC 3428) to every contact, the first that takes it answers;
 * PUBLISH (RFC 3903) to the first. Each side sees a request of ours. */
#pragma once
#include "callagent/agent.h"

/* Authenticates, passes on and answers it. */
void relay_request(struct agent *a, struct sip_strans *st, const struct sip_msg *req);
