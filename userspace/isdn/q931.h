/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of Q.931 in frames of Q.921, read without libpri. A frame is given from its address on, without check sum. */
#pragma once
#include "base/buf.h"
#include <stddef.h>
#include <stdint.h>

/* The message that a frame carries; empty when it carries none. */
struct slice q931_message(const uint8_t *frame, size_t n);
/* Cuts the next information element (4.5.1) off *rest: its identifier, and its contents in *contents; -1 at the end, and before one that is cut
 * short. */
int q931_next_element(struct slice *rest, struct slice *contents);

enum q931_type {
	Q931_ALERTING = 0x01, Q931_PROCEEDING = 0x02, Q931_PROGRESS = 0x03, Q931_SETUP = 0x05, Q931_DISCONNECT = 0x45, Q931_RELEASE_COMPLETE = 0x5a,
	Q931_INFORMATION = 0x7b,
};
/* Information elements that can be made others: the cause (4.5.12), the progress description (4.5.23). */
enum q931_element { Q931_CAUSE = 0x08, Q931_PROGRESS_INDICATOR = 0x1e };

struct q931_head {
	unsigned type;      /* enum q931_type and others */
	unsigned reference; /* call reference value, 4.3, without its flag */
	bool answers;       /* its flag: the receiver has chosen the reference */
};

/* Of the message in a frame: false when it carries none. */
bool q931_head(const uint8_t *frame, size_t n, struct q931_head *ret);
/* Its cause (4.5.12), 0: it has none. */
unsigned q931_cause(const uint8_t *frame, size_t n);
/* Makes the value of the first such element another one, if there is one. */
void q931_set_value(uint8_t *frame, size_t n, enum q931_element which, unsigned value);
/* A digit of a called number with this bit, which none has in IA5, is the last one: of an INFORMATION that libpri is to send. Alone it is no digit. */
#define Q931_LAST_DIGIT 0x80
/* The frame that is sent in place of one with such a digit, with the element Sending complete (4.5.27), which libpri puts into no INFORMATION: its length;
 * 0: this is no such frame. `out` has room for n + 1. */
size_t q931_complete(uint8_t *out, const uint8_t *frame, size_t n);
/* Whether a frame carries a message with this progress description (Q.931 4.5.23). */
bool q931_has_progress(const uint8_t *frame, size_t n, unsigned description);
/* What a RESTART is of (4.5.25): the channels that it names, an interface, or all. */
enum q931_class { Q931_CHANNELS = 0, Q931_INTERFACE = 6, Q931_ALL = 7 };

/* `interface` is the one that it names (4.5.13), else -1. */
enum q931_class q931_restart_class(const uint8_t *frame, size_t n, int *interface);
