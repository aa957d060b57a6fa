// SPDX-License-Identifier: GPL-3.0-or-later
/* The parameter lines of CreateConnection and ModifyConnection (RFC 3435 2.3.5, 2.3.6). */
#include "mgcp/agent_internal.h"

/* L: what the caller gave, the type of service (t: the whole octet in hexadecimal, 3.2.2.10), and the network for a connection
 * whose remote description does not tell it yet. */
static void write_options(struct buf *out, const struct mgcp_conn_setup *s)
{
	bool given = s->options && *s->options, network = s->call_id && slice_empty(s->sdp);
	if (!given && !s->dscp && !network)
		return;
	const char *between = "";
	buf_str(out, mgcp_param_name(MGCP_P_LOCAL_OPTIONS));
	buf_str(out, ": ");
	if (given) {
		buf_str(out, s->options);
		between = ", ";
	}
	if (s->dscp) {
		buf_printf(out, "%st:%02x", between, s->dscp << 2);
		between = ", ";
	}
	if (network) {
		buf_str(out, between);
		buf_str(out, "nt:IN");
	}
	buf_str(out, "\r\n");
}

static void write_extensions(struct buf *out, const struct mgcp_conn_setup *s)
{
	char text[ADDR_STR_LEN];
	if (s->address && *s->address)
		mgcp_write_text(out, MGCP_P_X_ADDRESS, slice_str(s->address));
	if (addr_is_set(&s->signalling)) {
		mgcp_write_text(out, MGCP_P_X_SIGNALLING, slice_str(addr_str(&s->signalling, text)));
		mgcp_write_text(out, MGCP_P_X_LATCH, s->strict ? SLICE("strict") : SLICE("nat"));
	}
	if (s->arm)
		mgcp_write_param(out, MGCP_P_X_ARM, "%u", s->arm);
	if (s->silence_s)
		mgcp_write_param(out, MGCP_P_X_SILENCE, "%u", s->silence_s);
}

void body_write(struct buf *out, const struct mgcp_profile *profile, const struct mgcp_conn_setup *s)
{
	write_options(out, s);
	if (s->mode) {
		bool inactive = profile->inactive && !strcmp(s->mode, "inactive");
		mgcp_write_text(out, MGCP_P_CONNECTION_MODE, slice_str(inactive ? profile->inactive : s->mode));
	}
	if (profile->extensions)
		write_extensions(out, s);
	mgcp_write_end(out, s->sdp);
}
