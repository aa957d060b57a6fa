// SPDX-License-Identifier: GPL-3.0-or-later
/* What offer/answer asks of a pair of descriptions (RFC 3264). */
#include "sdp/sdp.h"
#include <errno.h>

int sdp_check_answer(const struct sdp *offer, const struct sdp *answer, const char **why)
{
	if (offer->n_media != answer->n_media) {
		*why = "the answer has not as many media as the offer";
		return -EBADMSG;
	}
	for (unsigned i = 0; i < offer->n_media; i++)
		if (!slice_caseeq(offer->media[i].type, answer->media[i].type)) {
			*why = "the answer has media of other types than the offer";
			return -EBADMSG;
		}
	return 0;
}

unsigned sdp_offer_refusal(const struct sdp *offer, const char **why)
{
	unsigned wanted = 0, dtls = 0;
	for (unsigned i = 0; i < offer->n_media; i++) {
		const struct sdp_media *m = &offer->media[i];
		if (sdp_media_relayable(m))
			return 0;
		wanted += m->port != 0;
		dtls += m->port && (m->proto == SDP_DTLS || m->dtls);
	}
	/* RFC 3264 5, 8.2: an offer may have no stream at all, or take every one away. */
	if (!wanted)
		return 0;
	*why = dtls ? "only DTLS-SRTP is offered" : "no audio or video over RTP is offered";
	return 488;
}
