// SPDX-License-Identifier: GPL-3.0-or-later
/* MGCP: a datagram into a peer that answers everything and waits for something. Nothing may be left afterwards. */
#include "base/mem.h"
#include "base/timer.h"
#include "mgcp/gateway.h"
#include "mgcp/internal.h"
#include <stdlib.h>

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct mgcp_event e;
	struct slice list = mgcp_param(cmd, MGCP_P_OBSERVED_EVENTS);
	mgcp_option(mgcp_param(cmd, MGCP_P_LOCAL_OPTIONS), SLICE("a"), ':');
	mgcp_name_matches(cmd->endpoint, SLICE("rtpbridge/1@mg"));
	if (slice_is_set(list))
		mgcp_event_parse(&e, list);
	if (cmd->tid & 1)
		mgcp_reply_code(in, 100, NULL);
	mgcp_reply_code(in, 200, NULL);
}

static int swallow(void *arg, const struct addr *dst, struct slice datagram)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mgcp_peer_params params = {.timers = mgcp_default_timers, .on_command = on_command};
	struct mgcp_transport out = {.send = swallow};
	struct mgcp_peer *p = NULL;
	struct addr src = {0};
	if (addr_parse(&src, SLICE("192.0.2.1:2427"), 0) || mgcp_peer_new(&p, &params, &out))
		abort();
	mgcp_command(p, &src, 1204, SLICE("AUEP 1204 rtpbridge/1@mg MGCP 1.0\r\n"), NULL, NULL);
	mgcp_peer_receive(p, &src, slice_of((const char *)data, size));
	mem_deref(p);
	if (mem_blocks() || timer_count())
		abort();
	return 0;
}
