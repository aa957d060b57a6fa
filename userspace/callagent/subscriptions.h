/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subscriptions that pass through (RFC 6665), also those that a REFER outside of dialogs makes (RFC 3515): a dialog with the subscriber and one with the notifier, kept until either says that it is over, nobody
 * refreshes, or one has lost its dialog; also across a restart. Event packages are not looked into. */
#pragma once
#include "base/hash.h"
#include "base/list.h"
#include "base/store.h"
#include "sip/stack.h"

struct agent;

/* Those of an agent. */
struct subscriptions {
	struct list all;
	size_t count;
	struct store *store; /* borrowed */
	unsigned table;
	struct sip_stack *stack;
};

/* Takes up those of an earlier process. */
int subscriptions_open(struct subscriptions *ss, struct sip_stack *stack, struct store *store, unsigned table);
/* What is in the store stays there. */
void subscriptions_close(struct subscriptions *ss);
/* A SUBSCRIBE or REFER outside of dialogs. */
void subscriptions_request(struct agent *a, struct sip_strans *st, const struct sip_msg *req);
