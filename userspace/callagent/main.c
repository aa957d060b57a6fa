// SPDX-License-Identifier: GPL-3.0-or-later
/* tandem-ca, the call agent: SIP registrar and back-to-back user agent, driving media gateways by MGCP. */
#include "base/daemon.h"
#include "callagent/agent.h"
#include "callagent/verbs.h"
#include "callagent/verbs_route.h"

static void publish(const char *topic, json_t *event)
{
	ctl_publish(daemon_ctl(), topic, event);
}

static void on_subscribers(void *arg)
{
	agent_trace(arg);
	if (!ctl_wanted(daemon_ctl(), "test-calls"))
		isdn_test_end(arg, "nobody measures it");
}

static int start(void *arg, const struct conf *conf, struct buf *why)
{
	struct agent *a = arg;
	a->on_stopped = daemon_end;
	a->publish = publish;
	int err = agent_open(a, conf, why);
	if (!err)
		err = ctl_add(daemon_ctl(), route_verbs, a) ?: ctl_add(daemon_ctl(), isdn_test_verbs, a);
	if (!err)
		ctl_on_subscribers(daemon_ctl(), on_subscribers, a);
	return err;
}

static int reload(void *arg, const struct conf *was, const struct conf *now, struct buf *why)
{
	return agent_reload(arg, was, now, why);
}

static bool stop(void *arg)
{
	return agent_stop(arg);
}

static void close_all(void *arg)
{
	agent_close(arg);
}

int main(int argc, char **argv)
{
	static struct agent agent;
	const struct daemon_params params = {
		.name = "tandem-ca",
		.help = "the call agent: SIP registrar and back-to-back user agent",
		.socket = "ca.sock",
		.load = config_open,
		.verbs = verbs,
		.arg = &agent,
		.start = start,
		.reload = reload,
		.stop = stop,
		.close = close_all,
	};
	return daemon_main(argc, argv, &params);
}
