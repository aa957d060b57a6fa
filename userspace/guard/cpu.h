/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much of what this thread could have of the processors it wants. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cpu_meter {
	char usage[512], key[16];      /* the file that tells what the control group has used, and the word before the number there; "": no limit */
	double cores;                  /* its limit */
	uint64_t found_at;             /* when it was looked for, us */
	uint64_t at, group_us, thread_us; /* at the last reading; us */
};

/* The share since the last call, 1: all. The larger one of two: of a processor, and of what the control group (version 1 or 2, ours or one
 * above it) is limited to, with all its processes. That others have the processor shows in what waits to be read, not here. */
double cpu_occupancy(struct cpu_meter *m);
