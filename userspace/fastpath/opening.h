/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb fastpath-open (privileged.h): an order of steps. */
#pragma once
#include <jansson.h>

int opening_run(json_t *request, json_t *reply, int *fds, unsigned *n);
