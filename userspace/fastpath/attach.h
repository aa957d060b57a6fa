/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attaching the XDP program to interfaces.
 *
 * XDP knows addresses and nothing of VRFs. So it serves one: that of the first of our addresses that is there. No interface of another VRF
 * is attached to, and what leaves by one goes through the daemon. */
#pragma once
#include "fastpath/pin.h"
#include "net/addr.h"
#include <jansson.h>

struct attach {
	const struct pin *pin;
	int native_prog, generic_prog, devices, hops; /* descriptors */
	bool keep;                                    /* beside other programs, in libxdp's dispatcher */
	const char *want;                             /* "auto", "native", "generic" */
	json_t *names;                                /* to attach to, or NULL: chosen by address */
	const struct addr *locals;
	unsigned n_locals;
	/* Takes the descriptor of a link that is not pinned. */
	int (*give)(void *arg, const char *name, int fd);
	void *arg;
};

/* Attaches where it is asked for and not done yet, and detaches elsewhere; can be called again whenever interfaces or addresses have
 * changed. Appends {"interface","ifindex","device","mode","why"} for each interface tried to `report`, and the VRF device of each local
 * address (0: none) to `vrfs`. */
int attach_all(const struct attach *a, json_t *report, json_t *vrfs);
