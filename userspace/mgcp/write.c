// SPDX-License-Identifier: GPL-3.0-or-later
#include "mgcp/mgcp.h"

void mgcp_write_command(struct buf *out, enum mgcp_verb v, uint32_t tid, const char *endpoint)
{
	buf_str(out, mgcp_verb_name(v));
	buf_char(out, ' ');
	buf_u64(out, tid);
	buf_char(out, ' ');
	buf_str(out, endpoint);
	buf_str(out, " MGCP 1.0\r\n");
}

void mgcp_write_response(struct buf *out, unsigned code, uint32_t tid, const char *comment)
{
	char digits[] = {(char)('0' + code / 100 % 10), (char)('0' + code / 10 % 10), (char)('0' + code % 10), ' '};
	buf_add(out, digits, sizeof digits);
	buf_u64(out, tid);
	buf_char(out, ' ');
	buf_str(out, comment ? comment : mgcp_code_text(code));
	buf_str(out, "\r\n");
}

void mgcp_write_text(struct buf *out, enum mgcp_param_id id, struct slice value)
{
	buf_str(out, mgcp_param_name(id));
	buf_str(out, ": ");
	buf_slice(out, value);
	buf_str(out, "\r\n");
}

void mgcp_write_param(struct buf *out, enum mgcp_param_id id, const char *fmt, ...)
{
	va_list ap;
	buf_str(out, mgcp_param_name(id));
	buf_str(out, ": ");
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
