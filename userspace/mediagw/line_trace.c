// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_trace.h"
#include "base/daemon.h"

void line_trace_bits(struct buf *out, const struct tdm_channel_status *s)
{
	const struct {
		const char *name;
		uint8_t bits;
	} ways[] = {{"ABCD sent ", s->tx_bits}, {", received ", s->rx_bits}};
	for (int i = 0; i < 2; i++) {
		buf_str(out, ways[i].name);
		for (unsigned bit = 8; bit; bit >>= 1)
			buf_char(out, ways[i].bits & bit ? '1' : '0');
	}
}

void line_trace(const struct line *l, bool sent, const char *what)
{
	const struct tdm_channel *c = l->channel;
	struct tdm_channel_status status;
	char mem[128];
	struct buf text = buf_fixed(mem, sizeof mem);
	if (!daemon_ctl() || !ctl_wanted(daemon_ctl(), "trace"))
		return;
	buf_printf(&text, "%s; ", what);
	if (!c->tdm->driver->channel_read(c->tdm->ctl, c->number, &status))
		line_trace_bits(&text, &status);
	ctl_publish(daemon_ctl(), "trace",
		    json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "time", (json_int_t)clock_utc_ms(), "proto", "line", "dir", sent ? "out" : "in",
			      "local", l->ep->name, "peer", c->object, "text", buf_z(&text)));
}
