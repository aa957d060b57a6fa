// SPDX-License-Identifier: GPL-3.0-or-later
/* A channel that is signalled elsewhere, as one of a PRI is: it has tones, digits, and what is heard of modems. */
#include "mediagw/circuit_internal.h"

static const char *const states[] = {"open", NULL};

static void heard(struct circuit *c, const struct heard *h)
{
	if (h->kind == HEARD_DIGIT)
		circuit_digit(c, h->digit);
}

static const struct circuit_signal signals[] = {CIRCUIT_TESTS, {0}};
static const struct circuit_events events[] = {
	{&mgcp_package_d, NULL}, {&mgcp_package_t, "co1 co2 om nm mm tl ro sit zz tp oc of"}, {&mgcp_package_g, "ft mt ld oc of"},
	{&mgcp_package_r, STREAM_EVENTS}, {0},
};
static const struct mgcp_package *const packages[] = {&mgcp_package_t, &mgcp_package_d, &mgcp_package_dm1, &mgcp_package_g,
						      &mgcp_package_sst, &mgcp_package_r, &mgcp_package_b, NULL};

const struct circuit_kind circuit_bearer = {
	.size = sizeof(struct circuit), .packages = packages, .states = states, .signals = signals, .events = events, .heard = heard,
};
