/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was said, in order, by everybody whom a test stands in for. */
#pragma once
#include "unit.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char said[16384];

static void say(const char *fmt, ...)
{
	va_list ap;
	size_t n = strlen(said);
	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

#define assert_said(text)                                  \
	do {                                               \
		assert_string_equal(said, text);           \
		said[0] = '\0';                            \
	} while (0)
