/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a thread hands over to the main loop: a ring with one writer and one reader, and an eventfd that wakes the reader. The
 * writer never waits: what does not fit is lost and counted by the writer. */
#pragma once
#include "net/addr.h"
#include <stddef.h>

#define FP_MESSAGE_BYTES 2048 /* the longest RTCP packet that is read */

enum fp_message_kind {
	FP_MESSAGE_EVENT,   /* value: enum tandem_event_kind; more: its value */
	FP_MESSAGE_RESOLVE, /* packets are waiting for the slot's next hop */
	FP_MESSAGE_RTCP,    /* data came from `peer` */
	FP_MESSAGE_MTU,     /* the path to `peer` takes packets of `value` bytes only */
};

struct fp_message {
	enum fp_message_kind kind;
	uint32_t slot, value, more;
	struct addr peer;
	size_t len;
	uint8_t data[FP_MESSAGE_BYTES];
};

struct fp_handover;

int fp_handover_open(struct fp_handover **ret);
/* Readable when there are messages. */
int fp_handover_fd(const struct fp_handover *h);

/* The writer: room for a message, to be filled and published; NULL when there is none. */
struct fp_message *fp_handover_room(struct fp_handover *h);
void fp_handover_publish(struct fp_handover *h);
/* Wakes the reader if anything was published since the last call. */
void fp_handover_wake(struct fp_handover *h);

/* The reader: forgets earlier wake-ups; then the first message, NULL when there is none, until it is done with it. */
void fp_handover_woken(struct fp_handover *h);
const struct fp_message *fp_handover_first(struct fp_handover *h);
void fp_handover_done(struct fp_handover *h);
/* Has the reader woken again: it left some. */
void fp_handover_again(struct fp_handover *h);
