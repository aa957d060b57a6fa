/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes: cmocka, and the out-of-memory mode. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"

/* Runs `body(arg)` once with memory, then again with its 1st, 2nd, ... allocation failing until it makes it to the end untouched. Every
 * run must leave as many blocks as it found. `body` must itself accept only success or a clean error. */
static inline void each_allocation_fails(void (*body)(void *arg), void *arg)
{
	size_t before = mem_blocks();
	body(arg);
	assert_int_equal(mem_blocks(), before);
	for (size_t n = 1; n < 100000; n++) {
		mem_fail_nth(n);
		body(arg);
		int failed = mem_failed();
		mem_fail_nth(0);
		assert_int_equal(mem_blocks(), before);
		if (!failed)
			return;
	}
	fail_msg("never ran to the end");
}
