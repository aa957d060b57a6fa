// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/agent_guard.h"
#include "base/daemon.h"
#include <errno.h>

static bool is_peer(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	bool exact;
	return registrar_has_source(a->registrar, src) || trunks_by_address(&a->trunks, src, &exact);
}

static bool admits(void *arg, const struct addr *src, bool secure, struct slice text)
{
	struct agent *a = arg;
	return guard_admits(a->guard, src, secure, text);
}

static bool knows(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	return guard_knows(a->guard, src);
}

static void on_proven(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	guard_proven(a->guard, src);
}

static void on_malformed(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	guard_malformed(a->guard, src);
}

static void on_stranger(void *arg, const struct addr *src)
{
	struct agent *a = arg;
	guard_refused_stranger(a->guard, src);
}

static void on_authenticated(void *arg, const struct addr *src, bool good, bool here)
{
	struct agent *a = arg;
	guard_authenticated(a->guard, src, good, here);
}

struct sip_watch agent_watch(struct agent *a)
{
	return (struct sip_watch){
		.admits = admits, .knows = knows, .proven = on_proven, .malformed = on_malformed, .stranger = on_stranger, .arg = a,
		.stranger_status = guard_stranger_status(a->conf),
	};
}

int agent_guard_open(struct agent *a, struct buf *why)
{
	const struct guard_params p = {.conf = a->conf, .is_peer = is_peer, .arg = a};
	int err = guard_new(&a->guard, &p);
	if (!err)
		err = daemon_ctl() ? ctl_add(daemon_ctl(), guard_verbs, a->guard) : 0;
	if (err)
		buf_printf(why, "security: %s", strerror(-err));
	else
		auth_watch(registrar_auth(a->registrar), on_authenticated, a);
	return err;
}
