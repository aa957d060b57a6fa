/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits against toll fraud: how often, how many at a time and how long a day one user (or trunk) may call a class of destinations. What has
 * been used is in the store, so that a restart makes nobody a stranger to his limits. */
#pragma once
#include "base/conf.h"
#include "base/ctl.h"
#include "base/store.h"
#include "callagent/fraud_use.h"

struct fraud; /* reference-counted */

struct fraud_params {
	const struct conf *conf; /* sections fraud, destination; a reference is taken */
	struct store *store;     /* NULL: nothing survives */
	unsigned table;
};

/* Loads what was used. 0, -ENOMEM, or what a time zone that cannot be had gives. */
int fraud_new(struct fraud **ret, const struct fraud_params *p);
/* Takes the rules of `conf`; what was used stays. On error nothing has changed. */
int fraud_reconfigure(struct fraud *f, const struct conf *conf);

/* Whether the call may go to `number` for `source`, a user or trunk; if so it counts against each rule that speaks of it, until it ends, which
 * fraud_release() tells. `restored`: it was begun by an earlier process, which has asked. Else the name of the rule, NULL when
 * memory is out, is in *rule and the alarm is raised. */
bool fraud_admits(struct fraud *f, struct fraud_call *c, const char *source, const char *number, bool restored, const char **rule);

/* `show fraud` and `fraud reset`; the argument is this object. */
extern const struct ctl_verb fraud_verbs[];
