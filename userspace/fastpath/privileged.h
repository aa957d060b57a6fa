/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The few things of the fast path that need privileges, as one function on JSON, so that tandem-keep can do them for the media
 * gateway without knowing what they are. Verbs ("do"):
 *
 *   fastpath-open       {"locals":[{"ip","min","max"}],"want":"auto|native|generic|null","interfaces":[names]|null,"pin":dir|null,
 *                        "sockets":bool}
 *                       loads the programs, makes or adopts the pinned maps, attaches, opens the sockets. Answers
 *                       {"fds":[names, in the order of the descriptors],"interfaces":[{"interface","ifindex","device","mode","why"}],
 *                       "vrfs":[ifindex of the VRF device of each local, 0: none],
 *                       "ports":[ranges newly reserved, "min-max"; none where the pin folder remembers them],"pinned":bool,"adopted":bool}
 *   fastpath-attach     {"locals","want","interfaces","pin"}: after interfaces or addresses have changed, the pinned programs are attached
 *                       where fastpath-open would. Answers {"interfaces","vrfs"}; -ENOENT when nothing is pinned
 *   fastpath-neighbours {"neighbours":[{"ifindex","ip","on"}]}: has the kernel keep neighbours resolved, or no longer. Answers {"refused":n}
 *   fastpath-module     {"on","map":id of the slot table,"pin":dir|null,"locals":as in fastpath-open}: has the kernel module relay by this
 *                       table, or, if it does, no longer
 *   fastpath-close      {"pin":dir|null,"ports":[ranges]}: removes what was pinned, and gives reserved ports back */
#pragma once
#include <jansson.h>

/* Up to *n descriptors are written to `fds`, theirs to close; *n becomes their number. 0, or negative errno with {"error"} in *reply.
 * *reply is a new reference in either case, unless memory is out. -ENOSYS for a verb that is not the fast path's. */
int fastpath_privileged(json_t *request, json_t **reply, int *fds, unsigned *n);
