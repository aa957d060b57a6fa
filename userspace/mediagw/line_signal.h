/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line's signalling: its circuit, between the endpoint's notifier and the line's bearer. */
#pragma once
#include "mediagw/bearer.h"
#include "mediagw/line.h"

extern const struct endpoint_events line_events;

/* The circuit, and the notifier where events are told that nobody has asked for: 0 or -ENOMEM. */
int line_signal_new(struct line *l);
/* The channel was opened, or is about to be closed. */
void line_signal_open(struct line *l);
void line_signal_close(struct line *l);
/* ... for a while: its call agent's request holds, as it cannot know of that. */
void line_signal_interrupt(struct line *l);
/* The channel may not be used any more: what goes on there ends. */
void line_signal_end(struct line *l);
/* What the bearer heard. */
void line_signal_heard(struct line *l, const struct heard *h);
