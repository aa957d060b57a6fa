// SPDX-License-Identifier: GPL-3.0-or-later
/* MGCP: a datagram into a peer that answers everything and waits for something, and has a gateway with a telephone. Nothing may be left afterwards. */
#include "base/mem.h"
#include "base/timer.h"
#include "mgcp/ep.h"
#include "mgcp/gateway.h"
#include "mgcp/internal.h"
#include <stdlib.h>

static struct mgcp_gw *gw;
static struct mgcp_ep *ep;

static void on_event(void *arg, const struct mgcp_observed *o, bool asked) {}

static void on_notified(void *arg, bool asked)
{
	if (mgcp_ep_waits(ep))
		mgcp_ep_request(ep, &(struct mgcp_ask){.events = "L/hd(N)"});
}

static void on_answered(void *arg, unsigned tag, int err, unsigned code) {}

static void on_service(void *arg, enum mgcp_service s, bool fresh)
{
	mgcp_ep_audit(ep);
}

static void on_audited(void *arg, int err, enum mgcp_hook hook) {}

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct mgcp_event e;
	if (mgcp_gw_command(gw, in, cmd, src))
		return;
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
	static const struct mgcp_ep_handlers handlers = {on_event, on_notified, on_answered, on_service, on_audited};
	static const struct mgcp_package *const packages[] = {&mgcp_package_l, &mgcp_package_d, NULL};
	const struct mgcp_gw_params gateway = {.name = "g", .addr = src, .domain = "gw", .profile = mgcp_profile_find("lines")};
	if (mgcp_gw_new(&gw, p, &gateway) || mgcp_ep_new(&ep, gw, "aaln/1", packages, &handlers, NULL))
		abort();
	mgcp_command(p, &src, 1204, SLICE("AUEP 1204 rtpbridge/1@mg MGCP 1.0\r\n"), NULL, NULL);
	mgcp_peer_receive(p, &src, slice_of((const char *)data, size));
	ep = mgcp_ep_end(ep);
	gw = mem_deref(gw);
	mem_deref(p);
	if (mem_blocks() || timer_count())
		abort();
	return 0;
}
