/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of Q.931 and frames of Q.921, by tables of our own: what libpri makes of them is another matter. */
#pragma once
#include "base/buf.h"
#include <stddef.h>
#include <stdint.h>

/* A frame of LAPD from its address on, without check sum, in words: the frame in the first line, then its message, and an indented line for each of
 * its information elements. Never fails: what is malformed is said to be, and shown in hexadecimal. */
void q921_print(struct buf *out, const uint8_t *octets, size_t n);
/* Whether a frame carries a message with this progress description (Q.931 4.5.23). */
bool q931_has_progress(const uint8_t *frame, size_t n, unsigned description);
