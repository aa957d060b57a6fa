// SPDX-License-Identifier: GPL-3.0-or-later
/* Transactions: requests and responses in any order and time, and a user who answers, asks and gives up when the input says so. */
#include "peer.h"

static void keep(struct peer *p, struct sip_strans *st, const struct sip_msg *req)
{
	(void)req;
	mem_deref(p->st);
	p->st = mem_ref(st);
}

static void heard(void *arg, int err, const struct sip_msg *rsp)
{
	(void)arg;
	if (!err == !rsp)
		abort();
}

static void user_answers(struct peer *p)
{
	static const unsigned statuses[] = {100, 180, 200, 302, 404, 486, 503, 603};
	uint8_t a = next_byte(p);
	if (!p->st)
		return;
	if (a & 8)
		sip_reply_once(p->st, statuses[a & 7] < 200 ? 400 : statuses[a & 7], NULL, SLICE_NONE);
	else
		sip_reply(p->st, statuses[a & 7], NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

static void user_asks(struct peer *p)
{
	static const enum sip_method methods[] = {SIP_INVITE, SIP_OPTIONS, SIP_MESSAGE, SIP_REGISTER};
	enum sip_method method = methods[next_byte(p) & 3];
	char lines[200];
	snprintf(lines, sizeof lines, "From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: x\r\nCSeq: 1 %s\r\n", sip_method_name(method));
	const struct sip_request_params r = {.method = method, .ruri = SLICE("sip:b@192.0.2.9"), .dst = p->remote, .headers = slice_str(lines)};
	if (p->ct)
		sip_ctrans_detach(p->ct);
	p->ct = mem_deref(p->ct);
	sip_request(&p->ct, p->stack, &r, heard, p);
}

static void user_cancels(struct peer *p)
{
	if (p->ct)
		sip_cancel(p->ct, SLICE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct peer *p) = {say_request, say_request, say_response, let_pass, user_answers, user_asks, user_cancels, say_anything};
	struct peer p = {.on_request = keep};
	peer_open(&p, data, size);
	while (p.size)
		steps[next_byte(&p) & 7](&p);
	peer_close(&p);
	return 0;
}
