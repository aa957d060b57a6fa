// SPDX-License-Identifier: GPL-3.0-or-later
/* SDP: reads it, writes it for the other side, and what was written must be read again with the same media. */
#include "base/mem.h"
#include "sdp/sdp.h"
#include <errno.h>
#include <stdlib.h>

static void relay(const struct sdp *s)
{
	struct sdp_origin o = {.id = 1, .version = 1, .conditions = true};
	struct sdp_local_media local[SDP_MAX_MEDIA] = {0};
	struct buf out = buf_growing();
	struct sdp *again = NULL;
	const char *why;
	for (unsigned i = 0; i < s->n_media; i++) {
		addr_parse(&local[i].rtp, i & 1 ? SLICE("[2001:db8::1]:16384") : SLICE("192.0.2.1:16384"), 0);
		local[i].rtcp = local[i].rtp;
		local[i].rtcp_mux = s->media[i].rtcp_mux;
		local[i].dir = s->media[i].dir;
	}
	if (sdp_write_relayed(&out, s, &o, local) || sdp_parse(&again, buf_text(&out), &why) || sdp_check_answer(s, again, &why))
		abort();
	for (unsigned i = 0; i < s->n_media; i++)
		if (again->media[i].ice || again->media[i].dtls || again->media[i].hold_zero || (again->media[i].port != 0) != sdp_media_relayable(&s->media[i]))
			abort();
	mem_deref(again);
	buf_reset(&out);
}

/* Its answerer's preconditions (RFC 3312) are a description again, and nobody has to wait for that one. */
static void conditions(const struct sdp *s)
{
	struct buf out = buf_growing();
	struct sdp *answer = NULL;
	const char *why;
	sdp_conditions(s);
	if (sdp_answer_conditions(&out, s, s) || sdp_parse(&answer, buf_text(&out), &why) == -EBADMSG)
		abort();
	mem_deref(answer);
	buf_reset(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdp *s = NULL;
	const char *why = NULL;
	if (sdp_parse(&s, slice_of((const char *)data, size), &why)) {
		if (!why || s)
			abort();
		return 0;
	}
	sdp_offer_refusal(s, &why);
	relay(s);
	conditions(s);
	mem_deref(s);
	return 0;
}
