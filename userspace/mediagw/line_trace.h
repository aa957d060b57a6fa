/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lines signal, for whoever looks at the topic "trace". */
#pragma once
#include "mediagw/line.h"

/* What was sent or came, with the signalling bits of both directions as they are now. */
void line_trace(const struct line *l, bool sent, const char *what);
/* These bits in words: "ABCD sent 1111, received 0101". */
void line_trace_bits(struct buf *out, const struct tdm_channel_status *s);
