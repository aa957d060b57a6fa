// SPDX-License-Identifier: GPL-3.0-or-later
#include "mgcp/mgcp.h"

void mgcp_write_command(struct buf *out, enum mgcp_verb v, uint32_t tid, const char *endpoint)
{
	buf_printf(out, "%s %u %s MGCP 1.0\r\n", mgcp_verb_name(v), tid, endpoint);
}

void mgcp_write_response(struct buf *out, unsigned code, uint32_t tid, const char *comment)
{
	buf_printf(out, "%03u %u %s\r\n", code, tid, comment ? comment : mgcp_code_text(code));
}

void mgcp_write_param(struct buf *out, enum mgcp_param_id id, const char *fmt, ...)
{
	va_list ap;
	buf_printf(out, "%s: ", mgcp_param_name(id));
	va_start(ap, fmt);
	buf_vprintf(out, fmt, ap);
	va_end(ap);
	buf_str(out, "\r\n");
}

void mgcp_write_end(struct buf *out, struct slice sdp)
{
	if (slice_empty(sdp))
		return;
	buf_str(out, "\r\n");
	buf_slice(out, sdp);
	if (sdp.p[sdp.len - 1] != '\n')
		buf_str(out, "\r\n");
}
