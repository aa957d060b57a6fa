/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP statuses and Q.850 causes for one another: the tables of RFC 3398 (sip/cause.c), and what a section of the configuration changes of them. */
#pragma once
#include "config/target.h"

#define CAUSES_MAX TRUNK_CAUSES

struct causes {
	struct cause_row {
		uint16_t from, to;
	} status[CAUSES_MAX], cause[CAUSES_MAX]; /* of causes; of statuses */
	unsigned n_status, n_cause;
};

/* The options cause-status and status-cause of a section. */
void causes_load(struct causes *t, const struct conf_part *part);
/* RFC 3398 7.2.4.1: the status of a cause. */
unsigned causes_status(const struct causes *t, unsigned cause);
/* RFC 3398 8.2.6.1: the cause of a status. */
unsigned causes_cause(const struct causes *t, unsigned status);
