/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Daemons face the network, so what they ask the keeper to do is held against the configuration. */
#pragma once
#include "base/conf.h"
#include <jansson.h>

/* Puts the configured pin folder, interfaces and engine in the place of what a fast path request names, and refuses ranges of ports that
 * are no address's, and the kernel module where no engine wants it: 0, -EPERM or -ENOMEM. */
int confine_request(const struct conf *conf, json_t *request);
