/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one endpoint does with requests, events and signals (RFC 3435 2.3.3, 4.4.1, 4.4.2): it knows neither lines nor sockets. Whoever
 * has the endpoint tells it what happens there and does what it asks for. */
#pragma once
#include "mgcp/request.h"

/* B/NS of appendix B tells the last two. */
enum mgcp_notifier_state {
	MGCP_OBSERVING, /* events are judged as they come */
	MGCP_NOTIFYING, /* NTFY is not answered: "notification state" */
	MGCP_LOCKSTEP,  /* the next request is waited for */
};

struct mgcp_notifier_timers {
	uint32_t t_partial_ms;  /* T-partial, RFC 3660 2.2: 16 s */
	uint32_t t_critical_ms; /* T-critical: 4 s */
};
extern const struct mgcp_notifier_timers mgcp_notifier_default_timers;

struct mgcp_notifier; /* reference-counted; mem_deref() drops all without a word */

struct mgcp_notifier_handlers {
	/* Send NTFY, with mgcp_notifier_id() and mgcp_notifier_audit(MGCP_P_OBSERVED_EVENTS), and call mgcp_notifier_answered() later. Other
	 * than 0: it cannot be sent, as when the endpoint is disconnected; it is asked for again if it is connected within T-MAX. */
	int (*notify)(void *arg, const struct mgcp_notifier *n);
	/* May report at once that it is done. */
	void (*signal_start)(void *arg, const struct mgcp_signal *s);
	/* Stops it if it is on; may call nothing of the notifier's. */
	void (*signal_stop)(void *arg, const struct mgcp_signal *s);
	/* The next connection gets the line (2.3.3). NULL: swapping does nothing. */
	void (*swap)(void *arg);
	/* Where the hook is, by what has been told of last. NULL: the endpoint has none. */
	enum mgcp_hook (*hook)(void *arg);
	/* What only the endpoint knows about a request, before it is taken: 0, or the response code and *why. NULL: nothing. */
	unsigned (*check)(void *arg, const struct mgcp_script *s, const char **why);
};

/* `object` is what log lines carry and is kept, not copied; so are the handlers. 0 or -ENOMEM. */
int mgcp_notifier_new(struct mgcp_notifier **ret, const char *object, mgcp_packages packages, const struct mgcp_notifier_timers *timers,
		      const struct mgcp_notifier_handlers *h, void *arg);
/* Makes a request the endpoint's: 0, or the response code and *why with nothing changed. After it has been answered call
 * mgcp_notifier_run(), which may notify what was quarantined. */
unsigned mgcp_notifier_request(struct mgcp_notifier *n, struct mgcp_rqnt *r, const char **why);
void mgcp_notifier_run(struct mgcp_notifier *n);
/* An event was seen. At the start of an endpoint whose hook is off, and whose package has that as persistent, so it is (4.4.1). `params`: what O: is to have in parentheses, or absent. */
void mgcp_notifier_event(struct mgcp_notifier *n, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection,
			 struct slice params);
/* A signal came to its end by itself, or failed. */
void mgcp_notifier_signal_done(struct mgcp_notifier *n, const struct mgcp_signal *s, bool failed);
/* The signals on a connection fail with it (2.1.7). */
void mgcp_notifier_connection_gone(struct mgcp_notifier *n, struct slice connection);
/* NTFY was answered, whatever with (err 0), or never will be (-ETIMEDOUT). */
void mgcp_notifier_answered(struct mgcp_notifier *n, int err);
/* The disconnected procedure is over: a NTFY that was lost is waited for no more (4.4.1). */
void mgcp_notifier_reconnected(struct mgcp_notifier *n);
/* The endpoint restarts: all signals stop and all requests are forgotten. 0 or -ENOMEM. */
int mgcp_notifier_reset(struct mgcp_notifier *n);

/* Appends a record of all that holds. */
void mgcp_notifier_save(const struct mgcp_notifier *n, struct buf *out);
/* Takes such a record over into one that is new: signals but the brief ones start again, with all their time; a NTFY that was not
 * answered is lost, as the connection to the call agent is (mgcp_notifier_reconnected()). 0, or -EBADMSG or -ENOMEM with nothing changed. */
int mgcp_notifier_load(struct mgcp_notifier *n, struct slice record);

enum mgcp_notifier_state mgcp_notifier_state(const struct mgcp_notifier *n);
/* Nothing is asked for, on, kept or to be told; there may be a digit map that nothing uses. */
bool mgcp_notifier_idle(const struct mgcp_notifier *n);
/* Events that could not be kept: a list was full, or the text too long. */
uint64_t mgcp_notifier_lost(const struct mgcp_notifier *n);
const char *mgcp_notifier_id(const struct mgcp_notifier *n);
/* What is asked for with R: about an event, for its parameters; NULL: nothing. */
const struct mgcp_requested *mgcp_notifier_requested(const struct mgcp_notifier *n, const struct mgcp_package *package,
						     const struct mgcp_event_type *type, struct slice connection);
/* Whether somebody wants to know of an event now: what costs to detect needs not be looked for otherwise. */
bool mgcp_notifier_wants(const struct mgcp_notifier *n, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection);
/* Writes the value of R, S, T, D, Q, X or O as AUEP tells it (2.3.10). */
void mgcp_notifier_audit(const struct mgcp_notifier *n, enum mgcp_param_id id, struct buf *out);
