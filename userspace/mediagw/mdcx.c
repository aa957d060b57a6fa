// SPDX-License-Identifier: GPL-3.0-or-later
/* ModifyConnection (RFC 3435 2.3.6). */
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/localsdp.h"
#include "mediagw/lookup.h"
#include "mediagw/record.h"
#include "mediagw/rqnt.h"
#include "mediagw/watch.h"

/* Takes the change over; what fails half-way for memory is told as such and the peer may try again. */
static unsigned modify(struct conn *c, const struct conn_change *ch, const struct request *request, struct answer *a)
{
	const char *why = NULL;
	unsigned code = conn_set(c, ch, &why);
	if (code)
		return refuse(a, code, why);
	if (conn_apply(c) || conn_follow(conn_other(c)) || endpoint_changed(c->ep, c) || localsdp_write(c))
		return 400;
	code = request_apply(c->ep, request, &why);
	return code ? refuse(a, code, why) : 0;
}

/* A relay is up with both its ends: who watches one for silence watches the other, too. */
static void watch_both(struct conn *c)
{
	struct conn *other = conn_other(c);
	watch_update(c);
	if (!other || other->silence_s == c->silence_s)
		return;
	other->silence_s = c->silence_s;
	record_put(other);
	watch_update(other);
}

unsigned verb_mdcx(struct gateway *gw, const struct command *cmd, struct answer *a)
{
	struct conn_change ch;
	struct request request;
	struct conn *c;
	const char *why = NULL;
	unsigned code = lookup_conn(gw, cmd, true, &c, a);
	if (code)
		return code;
	code = conn_change_parse(&ch, cmd->msg, &why);
	if (!code && ch.has_mode && !endpoint_has_mode(c->ep, ch.mode))
		return refuse(a, 517, "this kind of endpoint has no such mode");
	if (!code)
		code = request_parse(&request, c->ep, cmd->msg, c, &why);
	if (code)
		return refuse(a, code, why);
	uint64_t version = c->sdp_version;
	code = modify(c, &ch, &request, a);
	request_drop(&request);
	if (code)
		return code;
	record_put(c);
	if (ch.has_silence)
		watch_both(c);
	else
		watch_update(c);
	/* Ours is told again when the peer described itself, and when it changed. */
	if (!slice_empty(ch.sdp) || c->sdp_version != version)
		buf_slice(&a->sdp, buf_text(&c->local_sdp));
	mg_count[MG_MDCX]++;
	return 200;
}
