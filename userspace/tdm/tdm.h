/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spans and channels of this machine: what there is, how it is, and what may be done with it. A `struct tdm` is polled on base's clock: it
 * sees spans come and go, sets them up as configured, and keeps their alarms (after the integration times of RFC 4805 3.4.4), error counters
 * and the state of every channel. It touches no voice; whoever makes calls takes a channel, opens it with the driver and gives it back.
 *
 * Spans and channels belong to their struct tdm, channels for as long as it: one that is gone is out of order. */
#pragma once
#include "base/counter.h"
#include "base/timer.h"
#include "tdm/channel.h"
#include "tdm/driver.h"

enum tdm_counter {
	TDM_COUNT_ERRORS,             /* the driver's, by enum tdm_error */
	TDM_SLIPS = TDM_COUNT_ERRORS + TDM_ERRORS, /* what the line's clock and ours differ in: samples lost or repeated, by buffers */
	TDM_TAKEN,
	TDM_COUNTERS
};

struct tdm_span {
	struct tdm *tdm;
	struct tdm_span_status now;
	char object[16]; /* "span 1", as alarms and logs call it */
	bool failed;     /* an alarm that stops calls is on */
	bool looped;     /* by an operator */
	unsigned scan;   /* when it was last seen */
	uint32_t seen[TDM_ERRORS]; /* the driver's counters at the last poll */
	uint64_t values[TDM_COUNTERS];
	struct counter_group counters;
	char counters_name[16]; /* "span-1" */
};

/* What the owner is told. Each may be NULL. */
struct tdm_listener {
	/* A channel is there, new or again, and set up: maybe as something else than before. */
	void (*seen)(struct tdm_channel *c, void *arg);
	/* A channel changed its state: a call on one that is no longer TDM_IN_USE or TDM_DRAINING has to end. */
	void (*channel)(struct tdm_channel *c, enum tdm_state old, void *arg);
	/* An operator wants the channel reset: its call ends, the far end is told as its signalling has it, and it is closed. */
	void (*reset)(struct tdm_channel *c, void *arg);
	/* An operator's loop or test is about to open it (`lent`), or has closed it: whoever has a free channel open closes it meanwhile. */
	void (*lend)(struct tdm_channel *c, bool lent, void *arg);
	/* What an operator set of it has changed: `locked` (or `draining`, which will be) and TDM_BLOCK_HERE of `blocks`. To be kept, and given back
	 * in struct tdm_setup after a restart. */
	void (*admin)(struct tdm_channel *c, void *arg);
};

struct tdm {
	const struct tdm_driver *driver;
	struct tdm_setup *setup;
	const struct tdm_listener *listener;
	void *arg;
	bool configure;
	bool adopt; /* set before the first tdm_poll(): channels that an earlier process set up are left alone when they are as configured, for their calls go on */
	uint32_t poll_ms;
	int ctl; /* the control device, -1 while there is none */
	struct timer timer;
	unsigned scan, n_spans;
	struct tdm_span *spans[TDM_MAX_SPANS + 1];          /* NULL: not there */
	uint64_t leaving[TDM_MAX_SPANS + 1];                /* until when the driver may still show what it takes away */
	struct tdm_channel *channels[TDM_MAX_CHANNELS + 1]; /* NULL: never seen */
};

/* `driver` and `listener` stay the caller's; a reference is taken on `setup`. With `configure`, spans and channels are set up as `setup` says
 * when they appear. Nothing happens before tdm_poll(). 0 or -ENOMEM; ends with mem_deref(). */
int tdm_open(struct tdm **ret, const struct tdm_driver *driver, struct tdm_setup *setup, bool configure, uint32_t poll_ms,
	     const struct tdm_listener *listener, void *arg);
/* Looks now, and again after each poll_ms. Also to be called on TDM_EV_ALARM and TDM_EV_ALARM_OVER of a channel. */
void tdm_poll(struct tdm *t);
/* TDM_EV_REMOVED of a channel: its span is gone, whatever the driver shows while it takes it away. */
void tdm_removed(struct tdm_channel *c);
/* NULL when there is none. */
struct tdm_span *tdm_span(const struct tdm *t, unsigned number);
struct tdm_channel *tdm_channel(const struct tdm *t, unsigned number);
/* The channel at a place of a span, from 1. */
struct tdm_channel *tdm_channel_at(const struct tdm *t, unsigned span, unsigned position);
/* Sets a channel up as the configuration says now, while nothing uses it and it is closed: 0, or a negative errno, a fault and an alarm. */
int tdm_channel_configure(struct tdm_channel *c);
/* Samples that came too many or too few between the line's clock and ours (TDM_EV_READ_OVERRUN, TDM_EV_WRITE_UNDERRUN). */
void tdm_count_slip(struct tdm_channel *c);

/* The span whose far end gives the clock: of those with a timing priority the first that is without alarm; 0 when none is. */
unsigned tdm_timing(const struct tdm *t);
/* Of a span, as configured; 0: none. What a dynamic span was made with counts unless the span has settings of its own. */
unsigned tdm_timing_priority(const struct tdm *t, unsigned span);

/* --- within the folder --------------------------------------------------------------------------------------------- */

/* A span that was not there before: 0, -ENOMEM, or what the driver says. */
int tdm_span_new(struct tdm *t, const struct tdm_span_status *status);
void tdm_span_end(struct tdm_span *s);
/* Raises the alarm that a span is not there. */
void tdm_span_absent(unsigned number, const char *detail);
/* Its alarms and counters, by what the driver says of it now. */
void tdm_span_update(struct tdm_span *s, const struct tdm_span_status *status);
/* Raises or clears the alarms about the sources of timing. */
void tdm_timing_check(struct tdm *t);
/* Sets up a span that appeared, and its channels; what fails is an alarm. */
void tdm_span_configure(struct tdm_span *s);
/* Instead, when somebody else has: channels that are not what the configuration says are out of order, and that is an alarm. */
void tdm_span_verify(struct tdm_span *s);
/* Whether an earlier process has set it up: a channel of it is what the configuration says. */
bool tdm_span_was_set_up(const struct tdm_span *s);
/* Sets up the channels of such a span that are something else now. The others may have calls, which setting them up would end. */
void tdm_span_resume(struct tdm_span *s);
/* How a channel's voice is encoded: as configured, else as the driver says, which of a channel that was never open may be what it was before. */
enum tdm_law tdm_law_of(const struct tdm *t, const struct tdm_channel_status *status);
/* The configured dynamic span that a span is, NULL for one of hardware. */
const struct tdm_dynamic_setup *tdm_dynamic_of(const struct tdm_span *s);
/* Makes the dynamic spans that are not there yet. */
void tdm_dynamic_configure(struct tdm *t);
