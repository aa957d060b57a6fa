/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the proxy asks: who may use it, what is ours, where users and numbers are. */
#pragma once
#include "proxy/proxy.h"

struct agent;

/* The options of a->conf and the callbacks, but not the key. */
void forwarding_params(struct agent *a, struct proxy_params *p);
/* Whether a URI is this machine's or of a domain of ours; `arg` is the agent. An address is ours at our ports only. */
bool forwarding_is_ours(void *arg, const struct sip_msg *req, const struct sip_uri *uri);
