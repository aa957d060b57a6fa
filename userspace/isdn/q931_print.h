/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames, messages and elements in words, for the trace. Nothing here fails: what is malformed is said to be. */
#pragma once
#include "base/buf.h"

/* A frame of LAPD (Q.921) from its address on, without check sum: a line, then, if it carries one, its message in a line, and an indented line for
 * each information element of that. */
void q921_print(struct buf *out, const uint8_t *octets, size_t n);
/* One element, without an end of line; `p` are its contents. */
void q931_print_element(struct buf *out, unsigned codeset, unsigned id, const uint8_t *p, size_t n);
