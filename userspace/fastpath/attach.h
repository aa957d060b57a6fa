/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attaching the XDP program to interfaces. */
#pragma once
#include "fastpath/pin.h"
#include "net/addr.h"
#include <jansson.h>

struct attach {
	const struct pin *pin;
	int native_prog, generic_prog, devices; /* descriptors */
	const char *want;                       /* "auto", "native", "generic" */
	json_t *names;                          /* to attach to, or NULL: chosen by address */
	const struct addr *locals;
	unsigned n_locals;
	/* Takes the descriptor of a link that is not pinned. */
	int (*give)(void *arg, const char *name, int fd);
	void *arg;
};

/* Appends {"interface","ifindex","device","mode","why"} for each interface tried to `report`. */
int attach_all(const struct attach *a, json_t *report);
