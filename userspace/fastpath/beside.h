/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our XDP program beside an operator's, in libxdp's dispatcher: an extension program with a run priority, after which the chain goes on with
 * what it passes. libxdp pins the links of all of them and makes them anew whenever a program comes or goes; so what is pinned of ours is
 * the program, by which it is found again. */
#pragma once
#include "fastpath/pin.h"
#include <stdbool.h>

#define BESIDE "link-beside-" /* names of these pins: with the interface's index behind it */

/* Attaches the program called `name`, on the maps that `pin` has, unless it is there: known by the tag of `prog` (the same program, loaded
 * by itself) and its table of slots. An earlier one of ours is taken away after that: never is there none. Or negative errno: -EBUSY another
 * program is there and no dispatcher, -EMLINK the dispatcher runs in the other mode, -EOPNOTSUPP the kernel or libxdp makes no dispatcher. */
int beside_attach(const struct pin *pin, const char *name, int prog, int ifindex, bool native);
/* Takes the pinned program `fd` out of the interface's dispatcher; the others stay. */
void beside_detach(int fd, int ifindex);
