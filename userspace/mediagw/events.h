/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens on an endpoint, and how its call agent hears of it (RFC 3435 2.3.3, 2.3.4): each endpoint that was asked for something has
 * a notifier, and each kind of endpoint says what can be detected on it and which signals it gives. */
#pragma once
#include "mediagw/endpoint.h"
#include "mgcp/notifier.h"

/* What a kind of endpoint does with requests; what is NULL it has not. */
struct endpoint_events {
	/* What of a request it cannot do: 0, or the response code and *why. */
	unsigned (*check)(const struct endpoint *e, const struct mgcp_script *s, const char **why);
	/* As the handlers of the notifier. */
	void (*signal_start)(struct endpoint *e, const struct mgcp_signal *s);
	void (*signal_stop)(struct endpoint *e, const struct mgcp_signal *s);
	enum mgcp_hook (*hook)(const struct endpoint *e);
	/* After each request: what is to be detected may be other than before. */
	void (*asked)(struct endpoint *e);
	/* The value of ES: for AUEP. */
	void (*states)(const struct endpoint *e, struct buf *out);
	/* The state of its signalling, "" when there is nothing to be kept; and what an earlier process kept of it. */
	const char *(*state)(const struct endpoint *e);
	void (*restore)(struct endpoint *e, struct slice state);
};
/* Packet relays: silence on connections, digits that pass through them. */
extern const struct endpoint_events relay_events;
extern const mgcp_packages relay_packages;

/* The endpoint's notifier, made when it has none: 0 or -ENOMEM. */
int events_notifier(struct endpoint *e, struct mgcp_notifier **ret);
/* A request was taken over: it is kept, and what is in quarantine is told by it as soon as it is answered. */
void events_asked(struct endpoint *e);
/* Nobody asks for anything, and nothing is left to be told. */
bool events_idle(const struct endpoint *e);
/* Something happened. `connection`: where, absent on the endpoint; `params`: what O: has in parentheses, absent for none. */
void events_seen(struct endpoint *e, const struct mgcp_package *package, const char *event, struct slice connection, struct slice params);
/* A signal came to its end by itself, or failed. */
void events_signal_done(struct endpoint *e, const struct mgcp_signal *s, bool failed);
/* What holds of the endpoint is other than before: it is kept. */
void events_changed(struct endpoint *e);
/* Nothing is asked for any more. */
void events_reset(struct endpoint *e);
/* Tells what no request asks for, but the command that made the connection. */
void events_tell(struct endpoint *e, const char *observed);
/* A connection goes, and the signals on it with it. */
void events_connection_gone(struct endpoint *e, const struct conn *c);
/* That call agent answers again (4.4.1): NTFYs that were lost are waited for no more. */
void events_reconnected(struct gateway *gw, const struct notified *n);
/* The endpoint ends. */
void events_free(struct endpoint *e);
