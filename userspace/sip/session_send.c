// SPDX-License-Identifier: GPL-3.0-or-later
/* Requests of the user's inside a dialog that are neither offers nor its end (RFC 3261 12.2.1): INFO, MESSAGE, ... */
#include "sip/session_priv.h"
#include <errno.h>

int sip_session_request(struct sip_session *ss, enum sip_method method, struct slice headers, struct slice body_type, struct slice body,
			sip_response_fn fn, void *arg)
{
	if (!ss->stack || !ss->dialog || (ss->state != SESSION_UP && ss->state != SESSION_ACK_WAIT))
		return -ENOTCONN;
	return sip_dialog_send(ss->dialog,
			       &(struct sip_dialog_request){.method = method, .headers = headers, .body_type = body_type, .body = body}, NULL,
			       fn, arg);
}
