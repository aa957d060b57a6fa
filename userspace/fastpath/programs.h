/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our programs and their maps: loaded anew, with the maps that are pinned. */
#pragma once
#include "fastpath/pin.h"
#include "fastpath/ranges.h"
#include <bpf/libbpf.h>

enum program { PROGRAM_NATIVE, PROGRAM_GENERIC, PROGRAM_STEER };

struct programs {
	struct relay *relay;
	struct steer *steer;
	int taken[PROGRAM_STEER]; /* those of the relay that an earlier process has loaded; 0: none */
	bool new_sockets; /* the map of sockets is empty: what is kept for us has to be made again */
};

/* Opens the programs; nothing is in the kernel yet. Without `xdp` those of the relay will not be loaded (the kernel's check of them takes a while), only its
 * maps made. 0 or negative errno, as all of these. */
int programs_open(struct programs *p, const struct ranges *r, bool xdp);
/* Takes the map that is pinned under its name in `from` instead of a new one, when it looks the same; for each map, or for those
 * that `names` has, which ends with NULL. */
int programs_take_maps(struct programs *p, const struct pin *from, const char *const *names);
/* After that: takes the relay's programs that are pinned in `from` instead of loading them, when they were made from the same file and all its maps were
 * taken. The kernel's check of them would keep media waiting that it does not relay itself. */
void programs_take(struct programs *p, const struct pin *from);
/* Loads what was not taken, and pins maps and those of the relay; programs_write_locals() comes in between or after. */
int programs_load(struct programs *p, const struct pin *pin);
/* The relay once more, opened on the maps that are pinned and not loaded: for a loader of its own; programs_close() ends it. */
int programs_again(struct programs *p, const struct pin *from);
struct bpf_object *programs_relay(const struct programs *p);
int programs_write_locals(const struct programs *p, const struct ranges *r);
void programs_close(struct programs *p);

/* Its descriptor; negative where it is not loaded. */
int programs_fd(const struct programs *p, enum program which);
/* A descriptor of the relay's program that is pinned in `from`, whichever build made it: that goes with the maps there. Negative when there is none. */
int programs_pinned(const struct pin *from, enum program which);
/* The descriptor of a map by its name, or -1. */
int programs_map(const struct programs *p, const char *name);
