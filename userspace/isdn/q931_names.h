/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the codes of Q.921, Q.931 and Q.850 are called. */
#pragma once
#include <stddef.h>

struct q931_code {
	unsigned value;
	const char *name; /* NULL ends a table */
};

extern const struct q931_code q931_messages[], q931_maintenance_att[], q931_maintenance_national[], q931_capabilities[], q931_layer1[],
	q931_locations[], q931_causes[], q931_call_states[], q931_progress[], q931_number_types[], q931_plans[], q931_presentations[],
	q931_screenings[], q931_redirections[], q931_notifications[], q931_restarts[], q931_signals[], q931_statuses[], q921_unnumbered[],
	q921_supervisory[], q921_tei_messages[];

/* NULL when it has none. */
const char *q931_name(const struct q931_code *table, unsigned value);
