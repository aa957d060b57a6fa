/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the notifier share: notifier.c judges events, signals.c keeps the signals that are on, dialling.c the dial
 * string, notifier_save.c the record that outlives the process. */
#pragma once
#include "base/list.h"
#include "base/timer.h"
#include "mgcp/notifier.h"

#define EVENTS_MAX 40 /* observed, and as many in quarantine; the last place is that of oef and qbo */
#define PARAMS_MAX 128 /* who calls: 32 digits, and 64 characters of a name */

struct seen {
	const struct mgcp_package *package;
	const struct mgcp_event_type *type;
	char connection[MGCP_CONN_ID_MAX + 1]; /* "": on the endpoint */
	char params[PARAMS_MAX + 1];
	bool has_params;
};

/* The connection, absent on the endpoint. */
static inline struct slice seen_at(const struct seen *e)
{
	return e->connection[0] ? slice_str(e->connection) : SLICE_NONE;
}

struct events {
	struct seen at[EVENTS_MAX];
	unsigned n;
};

/* A signal that is on, or a brief one that waits for its turn. */
struct active {
	struct link link;
	struct mgcp_notifier *n;
	struct mgcp_rqnt *owner; /* of what `signal` points to */
	const struct mgcp_signal *signal;
	struct timer timeout;
	bool waits;
};

/* The notifier owns its requests and signals. */
struct mgcp_notifier {
	const char *object;
	mgcp_packages packages;
	struct mgcp_notifier_timers timers;
	const struct mgcp_notifier_handlers *h;
	void *arg;
	enum mgcp_notifier_state state;
	bool lost;    /* the NTFY will not be answered */
	bool unsent;  /* nor was it ever sent */
	bool renewed; /* a request came while it was not answered */
	bool running;
	uint64_t unsent_at;
	struct mgcp_rqnt *rqnt, *detect;   /* the last one, and the last with T: */
	const struct mgcp_script *script;  /* the request's, or one inside of it */
	struct mgcp_digitmap *map;
	struct mgcp_dial dial;
	struct timer timer_t;
	struct events observed, quarantine;
	struct list signals;
	uint64_t events_lost;
};

/* notifier.c */
/* A request that is known to be sound takes the place of the one before. */
void request_replace(struct mgcp_notifier *n, struct mgcp_rqnt *r, struct list *fresh);
void events_write(struct buf *out, const struct events *list);
/* signals.c: what of a script is not on yet. 0 or -ENOMEM with nothing prepared. */
int signals_prepare(struct mgcp_notifier *n, const struct mgcp_script *script, struct mgcp_rqnt *owner, struct list *fresh);
/* Takes over from the list before; what is in `fresh` belongs to the notifier then. */
void signals_apply(struct mgcp_notifier *n, const struct mgcp_script *script, struct list *fresh);
/* An event was seen that stops signals (2.3.3). */
void signals_interrupt(struct mgcp_notifier *n);
void signals_drop(struct mgcp_notifier *n, bool tell);
/* dialling.c: a null dial string; with timer T as a new request wants it. */
void dialling_clear(struct mgcp_notifier *n);
void dialling_start(struct mgcp_notifier *n);
void dialling_stop(struct mgcp_notifier *n);
/* One more for the dial string: whether it is complete, or never will be. */
bool dialling_add(struct mgcp_notifier *n, const struct mgcp_event_type *type);
/* Any digit cancels a timer that is not part of the dial string. */
void dialling_heard(struct mgcp_notifier *n, const struct mgcp_event_type *type);
