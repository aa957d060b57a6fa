/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that moves the voice of one span's channels. It sleeps until a channel has octets to read, or is about to need some to write; then it takes the
 * RTP that has come meanwhile, and does for all channels what is to be done: so the syscalls are a read and a write a channel and packet time, and
 * few besides. Bearers belong to whoever holds its lock: the main loop for a moment, else this thread while it works. */
#pragma once
#include "fastpath/fastpath.h"

struct span_thread;

/* `number`: 1 to TDM_MAX_SPANS, each once. What is heard is told on base's loop. Ends with mem_deref(), after its bearers and before the fast path.
 * 0, -EEXIST, -ENOMEM, or what the kernel says. */
int span_thread_open(struct span_thread **ret, struct fastpath *fp, unsigned number);
/* `rtp` of struct fp_handlers: takes packets for the bearers of every span. The argument is not used. */
bool span_thread_rtp(void *arg, uint32_t slot, uint32_t to, const uint8_t *data, size_t len, uint64_t now_ns);

/* --- for tests and benches ----------------------------------------------------------------------------------------- */

/* One without a thread: it works when it is told to. */
int span_thread_manual(struct span_thread **ret, struct fastpath *fp, unsigned number);
/* Does what is to be done at this time (CLOCK_MONOTONIC), and returns when there will be something again, UINT64_MAX: when a channel has something to read. */
uint64_t span_thread_turn(struct span_thread *t, uint64_t now_ns);
