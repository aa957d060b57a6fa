/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>

/* Unpredictable bytes, at most 64: a system call for 4,096 of them, and what is given out is not kept. Of the loop's thread only. */
void random_bytes(void *out, size_t n);

/* A name that nobody else has: 64 random bits as 16 hex digits and NUL. -ENOSPC: `size` is too small. */
int random_id(char *id, size_t size);
