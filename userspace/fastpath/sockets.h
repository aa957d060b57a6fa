/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The null engine's sockets, made with privileges: those that the sk_lookup program steers packets to, and raw ones to send from any
 * local port. */
#pragma once
#include "fastpath/pin.h"
#include "net/addr.h"

struct sockets {
	const struct pin *pin;
	const struct addr *locals; /* sockets are made for the families of these */
	unsigned n_locals;
	int map, prog; /* descriptors: the map that the program steers by, and the program */
	bool steer;    /* new sockets to steer to; else those in the map stay */
	unsigned threads; /* that many sockets of each family */
	/* Takes a descriptor to hand over ("steer4-0", "raw6", "link", ...); 0 or negative errno. */
	int (*give)(void *arg, const char *name, int fd);
	void *arg;
};

/* Opens the sockets and gives them. 0 or negative errno. */
int sockets_open(const struct sockets *s);
/* Attaches the program to this network namespace, or puts it in the place of the pinned link's one. 0 or negative errno. */
int sockets_attach(const struct sockets *s);
