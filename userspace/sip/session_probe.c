// SPDX-License-Identifier: GPL-3.0-or-later
/* Whether the peer of an answered call is still there: OPTIONS inside the dialog from time to time. Media cannot tell, as none are due on
 * hold. Any answer is a sign of life but 481 and 408 (RFC 3261 12.2.1.2, 15). Silence says something only of a peer that has
 * answered before: there are some that never do. */
#include "sip/session_priv.h"
#include "base/mem.h"

static void on_probe(void *arg);

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_session *ss = mem_ref(arg);
	unsigned status = rsp ? rsp->status : 408;
	if (status >= 200) {
		session_drop_ctrans(&ss->probing);
		if (status == 481 || (status == 408 && ss->probe_answered)) {
			session_lost(ss, status);
		} else {
			if (status != 408 && !ss->probe_answered) {
				ss->probe_answered = true;
				session_changed(ss);
			}
			timer_start(&ss->probe, ss->stack->params.probe_ms, on_probe, ss);
		}
	}
	mem_deref(ss);
}

static void on_probe(void *arg)
{
	struct sip_session *ss = arg;
	if (ss->state != SESSION_UP)
		return;
	/* What cannot be sent now may be the next time. */
	if (sip_dialog_send(ss->dialog, &(struct sip_dialog_request){.method = SIP_OPTIONS}, &ss->probing, on_response, ss))
		timer_start(&ss->probe, ss->stack->params.probe_ms, on_probe, ss);
}

void session_probe_resume(struct sip_session *ss)
{
	if (ss->stack->params.probe_ms)
		timer_start(&ss->probe, 1 + sip_random(ss->stack, ss->stack->params.probe_ms), on_probe, ss);
}

/* The first one comes early, to learn whether this peer answers at all. */
void session_probe_start(struct sip_session *ss)
{
	if (ss->stack->params.probe_ms && !ss->probing && !timer_running(&ss->probe))
		timer_start(&ss->probe, (ss->stack->params.probe_ms + 9) / 10, on_probe, ss);
}
