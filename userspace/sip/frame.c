// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/frame.h"
#include "sip/hdr.h"
#include "sip/msg.h"

enum { START_LINE_MAX = 8192 };

static struct sip_frame bad(unsigned status, const char *why, struct slice header)
{
	return (struct sip_frame){.kind = SIP_FRAME_BAD, .status = status, .why = why, .header = header};
}

/* A request line ends with the version, a status line begins with it. Any version of SIP will do: it gets its 505. */
static bool is_start_line(struct slice line)
{
	return line.len && line.p[0] > ' ' && (slice_starts(line, SLICE("SIP/")) || slice_search(line, SLICE(" SIP/")) > 0);
}

/* A header line together with those that continue it (7.3.1). */
static struct slice unfolded(struct slice line, struct slice *rest)
{
	while (rest->len && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
		slice_line(rest);
		line.len = (size_t)(rest->p - line.p);
	}
	return line;
}

/* Content-Length of a header: 0, or why there is none. Given twice it must say the same both times. */
static const char *content_length(struct slice header, uint32_t *ret)
{
	bool found = false;
	slice_line(&header);
	while (header.len) {
		struct slice value = unfolded(slice_line(&header), &header), name = slice_trim(slice_cut(&value, ':'));
		uint32_t n;
		if (!slice_is_set(value) || sip_hdr_lookup(name) != SIP_HDR_CONTENT_LENGTH)
			continue;
		if (slice_u32(slice_trim(value), &n) || (found && n != *ret))
			return "Bad Content-Length";
		*ret = n;
		found = true;
	}
	return found ? NULL : "Content-Length Missing";
}

static struct sip_frame line_end(struct slice data)
{
	if (data.p[0] == '\n' || (data.len > 1 && data.p[1] != '\n'))
		return bad(0, "no line end", SLICE_NONE);
	return (struct sip_frame){.kind = data.len > 1 ? SIP_FRAME_CRLF : SIP_FRAME_MORE, .len = 2};
}

struct sip_frame sip_frame(struct slice data, size_t max)
{
	uint32_t body = 0;
	if (!data.len)
		return (struct sip_frame){.kind = SIP_FRAME_MORE};
	if (data.p[0] == '\r' || data.p[0] == '\n')
		return line_end(data);
	ptrdiff_t line = slice_search(data, SLICE("\r\n"));
	if (line < 0 && data.len <= START_LINE_MAX)
		return (struct sip_frame){.kind = SIP_FRAME_MORE};
	if (line < 0 || !is_start_line(slice_of(data.p, (size_t)line)))
		return bad(0, "no SIP", SLICE_NONE);
	ptrdiff_t end = slice_search(data, SLICE("\r\n\r\n"));
	if (end < 0)
		return data.len > max ? bad(0, "header too long", SLICE_NONE) : (struct sip_frame){.kind = SIP_FRAME_MORE};
	struct slice header = slice_of(data.p, (size_t)end + 4);
	const char *why = content_length(slice_of(data.p, (size_t)end + 2), &body);
	if (why)
		return bad(400, why, header);
	if (header.len + body > max)
		return bad(513, "Message Too Large", header);
	if (data.len < header.len + body)
		return (struct sip_frame){.kind = SIP_FRAME_MORE};
	return (struct sip_frame){.kind = SIP_FRAME_MESSAGE, .len = header.len + body};
}
