// SPDX-License-Identifier: GPL-3.0-or-later
/* Kinds of media gateways, a row each. */
#include "mgcp/agent.h"

#define ALL_HABITS (MGCP_HABIT_PIGGYBACK | MGCP_HABIT_CONFIRM)

static const struct mgcp_profile profiles[] = {
	{
		.name = "tandem",
		.relay_any = "rtpbridge/$",
		.relay_all = "rtpbridge/*",
		.lines_all = {"ds/*", "aaln/*"},
		.probe = "rtpbridge/1",
		.audits = true,
		.extensions = true,
		.needs_domain = false,
		.wild_delete = true,
		.habits = ALL_HABITS,
	},
	{
		/* Takes "*" for "any of", reads one message a datagram, refuses K: in DLCX, audits nothing, knows no mode in which nothing flows
		 * (one that only receives passes nothing on, its partner being in the same mode), says 400 where an endpoint has no connection. */
		.name = "osmo-mgw",
		.gone = 400,
		.inactive = "recvonly",
		.relay_any = "rtpbridge/*",
		.relay_all = "rtpbridge/*",
		.probe = "null",
		.needs_domain = true,
		.wild_delete = true,
	},
	{
		.name = "rfc3435",
		.relay_any = "rtpbridge/$",
		.relay_all = "rtpbridge/*",
		.probe = "rtpbridge/1",
		.audits = true,
		.needs_domain = true,
		.wild_delete = true,
		.habits = ALL_HABITS,
	},
	{
		/* Telephones and lines, and no packet relays. */
		.name = "lines",
		.probe = "*",
		.audits = true,
		.needs_domain = true,
		.habits = ALL_HABITS,
	},
};

const struct mgcp_profile *mgcp_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}
