/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the bench of the program and its own programs share. */
#pragma once
#include <linux/types.h>

#define PROG_STREAMS 300
#define PROG_FRONT   80 /* bytes written anew for each run: all headers of either family, and RTP's */

/* The front of a stream's frame as it arrives. */
struct prog_front {
	__u64 words[PROG_FRONT / 8];
};
