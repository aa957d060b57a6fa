/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An `isdn` section of tandem.conf, read. */
#pragma once
#include "base/conf.h"

#define ISDN_MAX_INTERFACES 20 /* of a group: Q.931 annex F with one D-channel, and its backup */
#define ISDN_MAX_DCHANNELS  2

struct isdn_switch {
	const char *name;
	int type;     /* PRI_SWITCH_... of libpri */
	bool service; /* it knows SERVICE messages */
};

enum isdn_order { ISDN_ASCENDING, ISDN_DESCENDING, ISDN_ROUND_ROBIN };

/* Timers that libpri has none of, or does nothing with (Q.931 9.5). */
enum isdn_timer { ISDN_T301, ISDN_T302, ISDN_T304, ISDN_T306, ISDN_T310, ISDN_TIMERS };

/* Those that libpri runs. */
enum isdn_pri_timer { ISDN_PRI_TIMERS = 10 };

struct isdn_settings {
	const char *name; /* lives as long as the configuration does */
	unsigned spans[ISDN_MAX_INTERFACES], n_spans;           /* DAHDI's numbers; the place is the interface identifier */
	unsigned dchannels[ISDN_MAX_DCHANNELS], n_dchannels;    /* DAHDI's numbers; none: the one of the first span */
	const struct isdn_switch *type;
	bool network; /* the side that we are */
	bool overlap_send, overlap_receive;
	unsigned setup_digits; /* so many of a called number SETUP has room for, with overlap sending */
	bool exclusive, restart, logical;
	enum isdn_order order;
	uint32_t audit_ms;
	uint32_t timers[ISDN_TIMERS];
	int pri_timers[ISDN_PRI_TIMERS];
};

/* Of a section: 0, or -EINVAL with what was expected in `why`. */
int isdn_settings_read(struct isdn_settings *ret, const struct conf_part *p, struct buf *why);
/* Whether a group can go on with `now` instead of `was`: what differs are not its spans, D-channels, switch type and side. */
bool isdn_settings_alike(const struct isdn_settings *was, const struct isdn_settings *now);

/* The value of one that libpri runs, by libpri's number: milliseconds, or how often. */
int isdn_pri_timer(const struct isdn_settings *s, int timer);

/* libpri's number of the i-th of pri_timers, and the option it is. */
struct isdn_pri_timer_def {
	const char *option;
	int timer;
};
extern const struct isdn_pri_timer_def isdn_pri_timer_defs[ISDN_PRI_TIMERS];
