// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/msg.h"
#include "sip/hdr.h"
#include "sip/parse.h"

void sip_write_hdr(struct buf *out, enum sip_hdr_id id, struct slice value)
{
	buf_slice(out, sip_hdr_table[id].name);
	buf_add(out, ": ", 2);
	buf_slice(out, value);
	buf_add(out, "\r\n", 2);
}

void sip_write_hdrf(struct buf *out, const char *name, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_str(out, name);
	buf_add(out, ": ", 2);
	buf_vprintf(out, fmt, ap);
	buf_add(out, "\r\n", 2);
	va_end(ap);
}

void sip_write_quoted(struct buf *out, struct slice text)
{
	buf_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		if ((unsigned char)c < ' ' || c == 0x7f)
			c = ' ';
		if (c == '"' || c == '\\')
			buf_char(out, '\\');
		buf_char(out, c);
	}
	buf_char(out, '"');
}

/* display-name: a quoted string, or tokens parted by white space (RFC 3261 25.1). */
void sip_write_display(struct buf *out, struct slice display)
{
	bool good = true;
	if (!display.len)
		return;
	if (display.p[0] == '"' && sip_quoted_len(display) == display.len) {
		/* Escaped or not, a control character is somebody's end of line or of text. */
		for (size_t i = 0; i < display.len; i++)
			buf_char(out, sip_has_control(slice_of(&display.p[i], 1)) ? ' ' : display.p[i]);
	} else {
		for (size_t i = 0; i < display.len; i++)
			good = good && (sip_is(display.p[i], SIP_C_TOKEN) || display.p[i] == ' ');
		if (good)
			buf_slice(out, display);
		else
			sip_write_quoted(out, display);
	}
	buf_char(out, ' ');
}

void sip_write_body(struct buf *out, struct slice type, struct slice body)
{
	if (body.len && slice_is_set(type))
		sip_write_hdr(out, SIP_HDR_CONTENT_TYPE, type);
	buf_slice(out, SLICE("Content-Length: "));
	buf_u64(out, body.len);
	buf_add(out, "\r\n\r\n", 4);
	buf_slice(out, body);
}
