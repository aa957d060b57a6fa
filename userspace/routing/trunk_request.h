/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to a trunk's peer that belong to no call: OPTIONS, REGISTER. */
#pragma once
#include "routing/trunk.h"
#include "sip/stack.h"

struct trunk_request {
	enum sip_method method;
	struct addr peer;
	enum sip_transport transport;
	struct slice ruri, aor;  /* URIs; `aor` stands in From and To */
	const char *call_id, *tag;
	uint32_t cseq;
	struct slice contact;    /* user part and, after the host, parameters, parted by '@': "account@;bnc"; absent: no Contact */
	struct slice headers;
};

/* As sip_request(). -ENETUNREACH: no address of ours reaches it. */
int trunk_request(struct sip_ctrans **ret, struct sip_stack *stack, const struct trunk *t, const struct trunk_request *r, sip_response_fn fn, void *arg);
