/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the call agent's process has, opened in order and closed in the reverse one. */
#pragma once
#include "callagent/call.h"
#include "callagent/gateways.h"
#include "callagent/callbacks.h"
#include "callagent/fraud.h"
#include "guard/guard.h"
#include "guard/overload.h"
#include "callagent/leg_sip.h"
#include "callagent/isdn_test.h"
#include "callagent/mgcp_line.h"
#include "callagent/listeners.h"
#include "routing/route.h"
#include "callagent/subscriptions.h"
#include "callagent/proxied.h"
#include "callagent/roles.h"
#include "config/schema.h"
#include "sip/session.h"

/* Tables of the store. */
enum {
	AGENT_STORE_BINDINGS, AGENT_STORE_CDR, AGENT_STORE_CALLS, AGENT_STORE_KEYS, AGENT_STORE_SUBSCRIPTIONS, AGENT_STORE_FRAUD, AGENT_STORE_CALLBACKS,
	AGENT_STORE_TRUNKS, AGENT_STORE_PROXIED, AGENT_STORE_LINES, AGENT_STORE_MESSAGES, AGENT_STORE_GATEWAYS,
};

struct agent {
	struct conf *conf;
	struct config_address *addresses; /* listeners point into them */
	unsigned n_addresses;
	struct store *store;
	struct cdr_log *cdr;
	struct sip_locator *locator;
	struct sip_stack *sip;
	struct listeners listeners;
	struct registrar *registrar;
	struct guard *guard;
	struct overload *overload;
	struct fraud *fraud;
	struct routing *routing;
	struct trunks trunks;
	struct tel_lines tel_lines;
	struct isdn_link *isdn; /* NULL: the configuration has no group of ISDN channels */
	struct isdn_test *isdn_test; /* NULL: none is being made */
	struct mgcp_lines mgcp_lines; /* those of them that are driven by MGCP */
	struct gateways gateways;
	struct calls calls;
	struct callbacks *callbacks;
	struct proxied_calls proxied;
	struct subscriptions subscriptions;
	struct leg_sip_home home;
	struct roles roles;
	void (*publish)(const char *topic, json_t *event); /* to whoever listens; `event` is stolen. NULL: nobody does */
	bool stopping;
	void (*on_stopped)(void); /* the last call is over after agent_stop() */
};

/* Opens everything; on error `why` says what could not be had, and agent_close() is still due. */
int agent_open(struct agent *a, const struct conf *conf, struct buf *why);
/* Users, trunks, routes and limits of `now` take effect; what needs a restart is said in the log. On error nothing has changed. */
int agent_reload(struct agent *a, const struct conf *was, const struct conf *now, struct buf *why);
/* No new calls, those there end. True: there are none. */
bool agent_stop(struct agent *a);
void agent_close(struct agent *a);
/* Switches tracing of messages on the control socket on or off, as somebody listens or not. */
void agent_trace(struct agent *a);
