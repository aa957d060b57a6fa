/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A D-channel: frames of Q.921 in and out of a descriptor, and libpri's controller between them and the calls. libpri never frees a controller,
 * so it stays as long as the process does. Its timers run on base's clock. */
#pragma once
#include "base/counter.h"
#include "base/loop.h"
#include "base/timer.h"
#include "isdn/q931.h"
#include "isdn/settings.h"
#include "tdm/driver.h"
#include <libpri.h>

#define DCHANNEL_FRAME_MAX 1024

struct dchannel;

/* An element that libpri cannot be brought to send with the value wanted: it is set in the next message of that type about a call of the far end's,
 * until another one begins with its reference. */
struct dchannel_amendment {
	unsigned reference;
	enum q931_type type;
	enum q931_element element;
	unsigned value; /* 0: none */
};
#define DCHANNEL_AMENDMENTS 32

enum dchannel_counter { DCHANNEL_IN, DCHANNEL_OUT, DCHANNEL_BAD, DCHANNEL_UNSENT, DCHANNEL_LOSSES, DCHANNEL_EVENTS, DCHANNEL_COUNTERS };

/* Whom it works for. */
struct dchannel_listener {
	/* What libpri tells; `e` is good until libpri is called again. */
	void (*event)(void *arg, struct dchannel *d, pri_event *e);
	/* After each frame and each timer, when its events have been told: calls may have gone without one. */
	void (*settled)(void *arg, struct dchannel *d);
	/* A frame as it goes or came, without its check sum; NULL while nobody looks. */
	void (*frame)(void *arg, struct dchannel *d, bool sent, const uint8_t *octets, size_t n);
	/* The descriptor is of no use any more; -ENODEV: the driver takes its span away. */
	void (*lost)(void *arg, struct dchannel *d, int err);
};

struct dchannel {
	const struct isdn_settings *settings;
	const struct dchannel_listener *listener;
	void *arg;
	const struct tdm_driver *driver; /* for the events of its descriptor; NULL: it has none */
	unsigned number;    /* DAHDI's, 0: not known yet */
	unsigned interface; /* of the group, that it is on */
	char endpoint[96];  /* "ds/e1-1/16" */
	bool backup;
	bool linked;        /* libpri's data link is established, and lives through an interruption shorter than T203 and N200 times T200 */
	bool up;            /* it is, and frames can go */
	char why[128];      /* it is not up; "" */
	struct pri *pri;    /* NULL before dchannel_start() */
	int fd;             /* -1 */
	struct loop_watch *watch;
	struct timer timer;
	const uint8_t *in;  /* the frame that libpri is to read */
	size_t in_len;
	const uint8_t *last; /* the frame that events are of, without its check sum; NULL: none, a timer's */
	size_t last_len;
	struct dchannel_amendment amendments[DCHANNEL_AMENDMENTS];
	unsigned n_amendments;
	uint64_t values[DCHANNEL_COUNTERS];
	struct counter_group counters;
	char counters_name[32];
};

void dchannel_init(struct dchannel *d, const struct isdn_settings *s, const struct dchannel_listener *l, void *arg);
/* Makes its controller, which tries to bring the link up from now on: 0 or -ENOMEM. */
int dchannel_start(struct dchannel *d);
/* Its settings have changed: those that calls to come can follow. */
void dchannel_follow(struct dchannel *d);
/* Names it, once its place is known. */
void dchannel_place(struct dchannel *d, unsigned number, unsigned interface, enum tdm_span_kind kind, unsigned span, unsigned position);
/* Frames go through `fd` from now on, which becomes ours; with `watch` the loop reads them. 0, or negative errno (the descriptor is closed). */
int dchannel_attach(struct dchannel *d, int fd, bool watch);
void dchannel_detach(struct dchannel *d);
/* Ends it; calls of its controller are forgotten. */
void dchannel_end(struct dchannel *d);
/* Reads one frame and lets libpri act on it: false when there was none. */
bool dchannel_read(struct dchannel *d);
/* Lets libpri act on a frame that did not come, with two octets of room for the check sum at its end. */
void dchannel_inject(struct dchannel *d, const uint8_t *octets, size_t n);
/* To be called after libpri was: its timers may have changed. */
void dchannel_schedule(struct dchannel *d);
/* The next message of that type about `call`, of the far end's, has that value in that element, which libpri is to send with another one. */
void dchannel_amend(struct dchannel *d, q931_call *call, enum q931_type type, enum q931_element element, unsigned value);
/* Answers a SETUP with RELEASE COMPLETE (Q.931 5.2.5.3). */
void dchannel_refuse(struct dchannel *d, q931_call *call, int cause);
/* The next digit of a called number (5.1.3), '\0': none; `last`: the number is complete then. */
void dchannel_digit(struct dchannel *d, q931_call *call, char digit, bool last);
/* Its descriptor or its link is another: `why` it is not up, if it is not. */
void dchannel_update(struct dchannel *d, const char *why);
/* Whether libpri still has the call, with this reference. */
bool dchannel_has_call(struct dchannel *d, q931_call *call, int reference, int mode);
