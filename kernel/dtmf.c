// SPDX-License-Identifier: GPL-2.0-only
#include "dtmf.h"

#include <linux/skbuff.h>
#include <linux/udp.h>

#include "event.h"
#include "tandem/dtmf.h"

/* Four bytes `off` behind the RTP header's beginning, as a number. */
static bool tandem_word_at(const struct tandem_arrival *a, u32 off, u32 *ret)
{
	__be32 word;

	if (skb_copy_bits(a->skb, a->udp_at + sizeof(struct udphdr) + off, &word, sizeof(word)))
		return false;
	*ret = ntohl(word);
	return true;
}

static bool tandem_dtmf_payload(const struct tandem_arrival *a, u32 *ret)
{
	u8 vpxcc = a->skb->data[a->udp_at + sizeof(struct udphdr)];
	u32 off = tandem_rtp_behind_sources(vpxcc);

	if (!tandem_word_at(a, off, ret))
		return false;
	return !(vpxcc & TANDEM_RTP_EXTENDED) || tandem_word_at(a, off + tandem_rtp_extension(*ret), ret);
}

void tandem_dtmf_listen(const struct tandem_arrival *a, const struct tandem_packet *pkt)
{
	struct tandem_dtmf_news news;
	u32 payload, i;

	if (!tandem_dtmf_payload(a, &payload))
		return;
	tandem_dtmf_hear(&a->slot->policy, pkt, payload, &news);
	for (i = 0; i < news.n; i++)
		tandem_event_send(a->table->net, a->index, news.event[i].kind, news.event[i].value);
}
