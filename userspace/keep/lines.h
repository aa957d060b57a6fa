/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephone channels, opened for daemons that may not: {"do":"tdm-open","channel":N} answers with its descriptor; 0 is DAHDI's control device. */
#pragma once
#include "base/conf.h"
#include <jansson.h>

/* Which channels may be opened: those that the configuration, or DAHDI's system.conf, names. What cannot be read allows none, and is logged by who
 * uses it. */
void lines_configure(const struct conf *conf);
void lines_forget(void);
/* A verb of privileged.c. -EPERM for a channel that is not configured. */
int lines_open(json_t *request, json_t **reply, int *fds, unsigned *n);
