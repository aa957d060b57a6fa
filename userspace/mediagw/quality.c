// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/quality.h"
#include "mediagw/line_media.h"

#define PARAM_MAX 999999999u /* nine digits, then it stays (3.2.2.7) */
#define RTP_HEADER 12u

static uint64_t payload(uint64_t bytes, uint64_t packets)
{
	return bytes > packets * RTP_HEADER ? bytes - packets * RTP_HEADER : 0;
}

void quality_read(const struct conn *c, struct quality *ret)
{
	const struct conn *other = conn_other(c);
	struct fp_stats theirs = {0};
	*ret = (struct quality){0};
	conn_received(c, &ret->raw);
	if (other)
		conn_received(other, &theirs);
	ret->packets = c->earlier_packets + ret->raw.rx_packets;
	ret->bytes = c->earlier_bytes + payload(ret->raw.rx_bytes, ret->raw.rx_packets);
	ret->lost = c->earlier_lost + ret->raw.lost;
	/* What came in on the other side left here, or what the channel said. */
	if (c->line) {
		line_sent(c->line, c, &ret->sent_packets, &ret->sent_bytes);
		ret->sent_packets += c->sent_packets;
		ret->sent_bytes += c->sent_bytes;
	} else {
		ret->sent_packets = c->sent_packets + theirs.rx_packets;
		ret->sent_bytes = payload(c->sent_bytes + theirs.rx_bytes, ret->sent_packets);
	}
	struct rtp_received in = {ret->packets, ret->lost, ret->raw.jitter, c->clock_hz};
	rtp_figures(&ret->figures, &in, &c->view, slice_str(c->codec));
}

static void param(struct buf *b, const char *name, uint64_t v)
{
	buf_str(b, name);
	buf_u64(b, v > PARAM_MAX ? PARAM_MAX : v);
}

void quality_write(const struct conn *c, struct buf *lines)
{
	struct quality q;
	quality_read(c, &q);
	param(lines, "P: PS=", q.sent_packets);
	param(lines, ", OS=", q.sent_bytes);
	param(lines, ", PR=", q.packets);
	param(lines, ", OR=", q.bytes);
	param(lines, ", PL=", q.lost);
	param(lines, ", JI=", (uint64_t)(q.figures.jitter_ms + 0.5));
	param(lines, ", LA=", c->view.rtt_known ? c->view.rtt_ms / 2 : 0);
	unsigned mos = (unsigned)(q.figures.mos * 100 + 0.5);
	param(lines, "\r\nX-Quality: MOS=", mos / 100);
	param(lines, mos % 100 < 10 ? ".0" : ".", mos % 100);
	buf_str(lines, ", CO=");
	buf_str(lines, c->codec[0] ? c->codec : "-");
	if (c->view.reported) {
		param(lines, ", RL=", c->view.lost > 0 ? (uint64_t)c->view.lost : 0);
		param(lines, ", RJ=", (uint64_t)c->view.jitter * 1000 / (c->clock_hz ? c->clock_hz : 8000));
	}
	if (c->view.rtt_known)
		param(lines, ", RT=", c->view.rtt_ms);
	buf_str(lines, "\r\n");
}
