// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading a description (RFC 8866 5): a table says what each type letter may follow and who reads it. */
#include "sdp/internal.h"
#include "base/mem.h"
#include <errno.h>

#define TEXT_MAX 65535

struct slice sdp_word(struct slice *text)
{
	size_t i = 0;
	if (!slice_is_set(*text))
		return SLICE_NONE;
	while (i < text->len && text->p[i] == ' ')
		i++;
	*text = slice_from(*text, i);
	if (slice_empty(*text))
		return SLICE_NONE;
	ptrdiff_t end = slice_find(*text, ' ');
	struct slice word = slice_of(text->p, end < 0 ? text->len : (size_t)end);
	*text = slice_from(*text, word.len);
	return word;
}

/* RFC 8866 5.1 */
static int read_version(struct sdp_parser *p, struct slice value)
{
	p->why = "SDP version is not 0";
	return slice_eq(slice_trim(value), SLICE("0")) ? 0 : -EBADMSG;
}

/* RFC 8866 5.2 */
static int read_origin(struct sdp_parser *p, struct slice value)
{
	struct sdp *s = p->s;
	s->origin_user = sdp_word(&value);
	s->sess_id = sdp_word(&value);
	s->sess_version = sdp_word(&value);
	sdp_word(&value);
	sdp_word(&value);
	s->origin_addr = sdp_word(&value);
	p->why = "o= line is not complete";
	return slice_is_set(s->origin_addr) ? 0 : -EBADMSG;
}

static int read_name(struct sdp_parser *p, struct slice value)
{
	p->s->name = value;
	return 0;
}

static int read_nothing(struct sdp_parser *p, struct slice value)
{
	return 0;
}

/* Known type letters. RFC 8866 5: a description with a letter that is not understood is not to be used. Order is not
 * insisted on beyond v= first and what an m= line opens, because o=, s= and t= may be missing from a gateway's (RFC 3435 3.4). */
static const struct line_type {
	char letter;
	bool session_only;
	int (*read)(struct sdp_parser *p, struct slice value);
} line_types[] = {
	{'a', false, sdp_read_attr},
	{'m', false, sdp_read_media},
	{'c', false, sdp_read_connection},
	{'b', false, read_nothing},
	{'o', true, read_origin},
	{'s', true, read_name},
	{'t', true, read_nothing},
	{'v', true, read_version},
	{'i', false, read_nothing},
	{'k', false, read_nothing},
	{'u', true, read_nothing},
	{'e', true, read_nothing},
	{'p', true, read_nothing},
	{'r', true, read_nothing},
	{'z', true, read_nothing},
};

static int read_line(struct sdp_parser *p, struct slice line, bool first)
{
	if (line.len < 2 || line.p[1] != '=') {
		p->why = "SDP line is not of the form x=value";
		return -EBADMSG;
	}
	if (first != (line.p[0] == 'v')) {
		p->why = "SDP does not begin with exactly one v= line";
		return -EBADMSG;
	}
	for (size_t i = 0; i < sizeof line_types / sizeof *line_types; i++) {
		const struct line_type *t = &line_types[i];
		if (t->letter != line.p[0])
			continue;
		if (t->session_only && p->m) {
			p->why = "SDP session line after a media line";
			return -EBADMSG;
		}
		return t->read(p, slice_from(line, 2));
	}
	p->why = "SDP line of unknown type";
	return -EBADMSG;
}

/* How much room a description needs: at most so many media, formats and attributes. */
struct extent {
	size_t media, formats, attrs;
};

static struct extent measure(struct slice text)
{
	struct extent e = {0};
	while (!slice_empty(text)) {
		struct slice line = slice_line(&text);
		if (line.len < 2 || line.p[1] != '=')
			continue;
		e.attrs += line.p[0] == 'a';
		if (line.p[0] != 'm' || e.media == SDP_MAX_MEDIA)
			continue;
		size_t words = 1;
		for (size_t i = 0; i < line.len && words < SDP_MAX_FORMATS; i++)
			words += line.p[i] == ' ';
		e.media++;
		e.formats += words;
	}
	return e;
}

/* One block: the description, its media, their formats, the attributes, the text. */
static int make_room(struct sdp_parser *p, struct slice text)
{
	struct extent e = measure(text);
	p->s = mem_alloc(sizeof *p->s + e.media * sizeof *p->s->media + e.formats * sizeof *p->formats + e.attrs * sizeof *p->attrs + text.len,
			 NULL);
	if (!p->s)
		return -ENOMEM;
	p->s->media = (struct sdp_media *)(p->s + 1);
	p->formats = (struct sdp_format *)(p->s->media + e.media);
	p->attrs = (struct sdp_attr *)(p->formats + e.formats);
	char *copy = (char *)(p->attrs + e.attrs);
	memcpy(copy, text.p, text.len);
	p->s->text = slice_of(copy, text.len);
	return 0;
}

static int read_lines(struct sdp_parser *p)
{
	struct slice rest = p->s->text;
	p->s->section = rest;
	for (bool first = true; !slice_empty(rest); first = false) {
		const char *at = rest.p;
		struct slice line = slice_line(&rest);
		/* Empty lines are tolerated at the end only. */
		if (slice_empty(line) && slice_empty(slice_trim(rest)))
			break;
		struct slice *section = p->m ? &p->m->section : &p->s->section;
		int err = read_line(p, line, first);
		if (err)
			return err;
		if (line.p[0] == 'm') {
			section->len = (size_t)(at - section->p);
			p->m->section = rest;
		}
	}
	for (unsigned i = 0; i < p->s->n_media; i++) {
		int err = sdp_finish_media(p, &p->s->media[i]);
		if (err)
			return err;
	}
	return 0;
}

int sdp_parse(struct sdp **ret, struct slice text, const char **why)
{
	struct sdp_parser p = {.why = "SDP is empty"};
	int err = -EBADMSG;
	struct slice body = slice_trim(text);
	if (slice_empty(body))
		goto out;
	p.why = "SDP is too long";
	err = -E2BIG;
	if (text.len > TEXT_MAX)
		goto out;
	p.why = "SDP with a NUL character";
	err = -EBADMSG;
	if (memchr(text.p, '\0', text.len))
		goto out;
	p.why = "out of memory";
	err = make_room(&p, text);
	if (err)
		goto out;
	p.s->dir = SDP_SENDRECV;
	err = read_lines(&p);
out:
	if (err) {
		mem_deref(p.s);
		*why = p.why;
	} else {
		*ret = p.s;
	}
	return err;
}
