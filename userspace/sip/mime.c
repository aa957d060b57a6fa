// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/mime.h"
#include "sip/msg.h"
#include <errno.h>

#define MAX_DEPTH 4
#define MAX_PARTS 64
#define MAX_BOUNDARY 70 /* RFC 2046 5.1.1 */

/* What is looked for, and where it is. */
struct search {
	struct slice what; /* absent: nothing, only the form matters */
	struct slice found;
	unsigned parts;
};

static bool type_is(struct slice type, struct slice what)
{
	return slice_caseeq(slice_trim(slice_cut(&type, ';')), what);
}

static bool is_multipart(struct slice type)
{
	return slice_casestarts(slice_trim(type), SLICE("multipart/"));
}

/* The next delimiter at the beginning of a line: what stands before it (without that line's end), what comes after its line, and whether it was
 * the last one. */
static bool next_delimiter(struct slice *rest, struct slice boundary, struct slice *before, bool *last)
{
	for (size_t at = 0; at < rest->len;) {
		struct slice line = slice_from(*rest, at);
		struct slice after = line, text = slice_line(&after);
		if (slice_starts(text, SLICE("--")) && slice_starts(slice_from(text, 2), boundary)) {
			struct slice tail = slice_from(text, 2 + boundary.len);
			bool end = slice_starts(tail, SLICE("--"));
			if (slice_empty(slice_trim(end ? slice_from(tail, 2) : tail))) {
				size_t n = at;
				n -= n && rest->p[n - 1] == '\n';
				n -= n && rest->p[n - 1] == '\r' && n < at;
				*before = slice_of(rest->p, n);
				*rest = slice_is_set(after) ? after : SLICE_NONE;
				*last = end;
				return true;
			}
		}
		if (!slice_is_set(after) || slice_empty(after))
			break;
		at = (size_t)(after.p - rest->p);
	}
	return false;
}

/* A part's headers end at the first blank line; a part may have none. */
static void split(struct slice part, struct slice *type, struct slice *body)
{
	*type = SLICE_NONE;
	*body = SLICE_NONE;
	for (struct slice line; !slice_empty(part);) {
		line = slice_line(&part);
		if (slice_empty(line)) {
			*body = slice_is_set(part) ? part : slice_of("", 0);
			return;
		}
		struct slice name = slice_trim(slice_cut(&line, ':'));
		if (slice_caseeq(name, SLICE("Content-Type")) || slice_caseeq(name, SLICE("c")))
			*type = slice_trim(line);
	}
}

static int look(struct search *s, struct slice type, struct slice body, unsigned depth)
{
	struct slice params = type, boundary, before, part_type, part_body;
	bool last = false;
	slice_cut(&params, ';');
	boundary = slice_is_set(params) ? sip_param(params, SLICE("boundary")) : SLICE_NONE;
	if (slice_empty(boundary) || boundary.len > MAX_BOUNDARY || depth == MAX_DEPTH || !next_delimiter(&body, boundary, &before, &last))
		return -EBADMSG;
	while (!last) {
		if (++s->parts > MAX_PARTS || !next_delimiter(&body, boundary, &before, &last))
			return -EBADMSG;
		split(before, &part_type, &part_body);
		if (is_multipart(part_type)) {
			int err = look(s, part_type, part_body, depth + 1);
			if (err)
				return err;
		} else if (!slice_is_set(s->found) && slice_is_set(s->what) && slice_is_set(part_body) && type_is(part_type, s->what)) {
			s->found = part_body;
		}
	}
	return 0;
}

struct slice sip_body_find(struct slice type, struct slice body, struct slice what)
{
	struct search s = {.what = what};
	if (slice_empty(body) || slice_empty(type) || type_is(type, what))
		return body;
	if (!is_multipart(type) || look(&s, type, body, 0))
		return SLICE_NONE;
	return s.found;
}

int sip_body_exchange(struct buf *out, struct slice type, struct slice body, struct slice what, struct slice now)
{
	struct slice found = sip_body_find(type, body, what);
	if (!slice_is_set(found))
		return -ENOENT;
	buf_add(out, body.p, (size_t)(found.p - body.p));
	buf_slice(out, now);
	buf_slice(out, slice_from(body, (size_t)(found.p - body.p) + found.len));
	return out->err;
}

static void write_part(struct buf *out, struct slice boundary, struct slice type, struct slice body)
{
	buf_str(out, "--");
	buf_slice(out, boundary);
	buf_str(out, "\r\n");
	sip_write_hdr(out, SIP_HDR_CONTENT_TYPE, type);
	buf_str(out, "\r\n");
	buf_slice(out, body);
	buf_str(out, "\r\n");
}

int sip_body_join(struct buf *out, struct slice *ret, struct slice type_a, struct slice a, struct slice type_b, struct slice b)
{
	static const char *const types[] = {
		"multipart/mixed;boundary=joined-part-7f3a91c2", "multipart/mixed;boundary=joined-part-20d56be8", "multipart/mixed;boundary=joined-part-c4419e07",
	};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct slice boundary = slice_str(types[i]);
		slice_cut(&boundary, '=');
		if (slice_search(a, boundary) >= 0 || slice_search(b, boundary) >= 0)
			continue;
		write_part(out, boundary, type_a, a);
		write_part(out, boundary, type_b, b);
		buf_str(out, "--");
		buf_slice(out, boundary);
		buf_str(out, "--\r\n");
		*ret = slice_str(types[i]);
		return out->err;
	}
	return -EEXIST;
}

int sip_body_check(struct slice type, struct slice body)
{
	struct search s = {0};
	return is_multipart(type) && body.len ? look(&s, type, body, 0) : 0;
}
