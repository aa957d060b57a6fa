// SPDX-License-Identifier: GPL-3.0-or-later
/* Request validation (RFC 3261 16.3), in its order; who may use the proxy (step 6) is asked when the way is known. */
#include "proxy/private.h"

uint32_t hops_left(const struct sip_msg *req)
{
	return req->max_forwards == UINT32_MAX ? 70 : req->max_forwards - 1;
}

unsigned breadth_of(const struct sip_msg *req)
{
	uint32_t n;
	return slice_u32(sip_msg_value(req, SIP_HDR_MAX_BREADTH), &n) || n > BREADTH ? BREADTH : n;
}

/* Step 4 by RFC 5393 4.2: a Via of ours whose branch says that the request came for the same target before. One that comes back for
 * another target is a spiral and goes on. */
static bool is_loop(struct proxy *p, const struct sip_msg *req, uint32_t loop)
{
	char want[LOOP_LEN];
	struct sip_values it = {0};
	struct slice value;
	for (unsigned i = 0; i < LOOP_LEN; i++)
		want[i] = "0123456789abcdef"[loop >> 4 * i & 15];
	while (sip_msg_each(req, SIP_HDR_VIA, &it, &value)) {
		struct sip_via via;
		if (sip_via_parse(&via, value) || via.branch.len != 7 + 2 + LOOP_LEN + MAC_LEN)
			continue;
		if (!memcmp(via.branch.p + 9, want, LOOP_LEN) && sip_stack_listener_of_via(p->params.stack, &via))
			return true;
	}
	return false;
}

/* Step 5: RFC 6140 asks for Path of who passes a registration for many numbers on; nothing else is understood. */
static bool is_understood(const struct proxy *p, const struct sip_msg *req, struct slice tag)
{
	return req->method == SIP_REGISTER && p->params.path && slice_caseeq(tag, SLICE("gin"));
}

static bool requires(const struct proxy *p, const struct sip_msg *req, struct buf *extra)
{
	struct sip_values it = {0};
	struct slice tag;
	bool any = false;
	while (sip_msg_each(req, SIP_HDR_PROXY_REQUIRE, &it, &tag)) {
		if (is_understood(p, req, tag))
			continue;
		buf_str(extra, any ? ", " : "Unsupported: ");
		buf_slice(extra, tag);
		any = true;
	}
	if (any)
		buf_str(extra, "\r\n");
	return any;
}

static unsigned refuse(unsigned status, enum proxy_count why)
{
	proxy_counts[why]++;
	return status;
}

unsigned validate(struct proxy *p, const struct sip_msg *req, uint32_t loop, struct buf *extra)
{
	if (req->ruri.scheme == SIP_SCHEME_OTHER)
		return refuse(416, PROXY_CNT_SCHEME);
	if (!req->max_forwards)
		return refuse(483, PROXY_CNT_HOPS);
	if (is_loop(p, req, loop))
		return refuse(482, PROXY_CNT_LOOP);
	if (sip_msg_hdr(req, SIP_HDR_PROXY_REQUIRE) && requires(p, req, extra))
		return refuse(420, PROXY_CNT_EXTENSION);
	return 0;
}
