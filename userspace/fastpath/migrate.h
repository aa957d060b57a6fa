/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking over the streams of a table that means something else: other addresses or ports, or an earlier layout.
 *
 * The new table is filled while the programs still work on the old one; then each link is switched to the new program; then what the old one
 * has still written in between is merged. No packet is lost, and a stream that is in both tables keeps its latch, its statistics and its
 * next hop. Killed in between, the links are given back to the old table, and the next process begins again. */
#pragma once
#include "fastpath/programs.h"

struct migration; /* mem_deref() frees it */

/* The complete folder of an earlier process beside `to`, which is new or was never finished and is emptied here. *ret is NULL when there is
 * none that can be taken over; why one is not is logged. All others are removed. 0 or negative errno. */
int migration_find(struct migration **ret, const struct pin *to, const char *dir);
/* Before loading: the maps that mean the same in the new programs. */
int migration_take_maps(const struct migration *m, struct programs *p);
/* After loading: fills the new slots. */
int migration_fill(struct migration *m, const struct programs *p, const struct ranges *to);
/* XDP goes on with the links of the old programs, which are switched after this. */
void migration_move_links(const struct migration *m, const struct pin *to);
/* After the switch. */
void migration_merge(struct migration *m);
/* At last: the steering program's link too, whose presence says that a folder is complete. */
void migration_move_last(const struct migration *m, const struct pin *to);
/* Removes every folder but `to`. */
void migration_clean(const struct pin *to, const char *dir);
