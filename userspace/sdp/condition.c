// SPDX-License-Identifier: GPL-3.0-or-later
/* Preconditions of streams (RFC 3312, RFC 4032): what has to be reserved before anybody is called. Here is the part of an answerer whose own segment is
 * always reserved: what is left to wait for is the offerer's. */
#include "sdp/internal.h"
#include <errno.h>

enum { SEND = 1, RECV = 2 };

/* "a=des:qos mandatory local sendrecv", or "a=curr:qos local none", which has no strength. */
struct condition {
	struct slice type, strength, status;
	unsigned dir;
};

static const char *const dirs[] = {"none", "send", "recv", "sendrecv"};

bool sdp_is_condition(struct slice name)
{
	return slice_eq(name, SLICE("curr")) || slice_eq(name, SLICE("des")) || slice_eq(name, SLICE("conf"));
}

static bool read(struct condition *c, const struct sdp_attr *a, const char *name)
{
	struct slice rest = a->value;
	if (!slice_eq(a->name, slice_str(name)) || !slice_is_set(rest))
		return false;
	c->type = sdp_word(&rest);
	c->strength = name[0] == 'd' ? sdp_word(&rest) : SLICE_NONE;
	c->status = sdp_word(&rest);
	struct slice dir = sdp_word(&rest);
	for (c->dir = 0; c->dir < 4; c->dir++)
		if (slice_caseeq(dir, slice_str(dirs[c->dir])))
			return true;
	return false;
}

static bool is(const struct condition *c, const char *status)
{
	return slice_caseeq(c->status, slice_str(status));
}

/* What the offerer says is reserved already, in its own directions. */
static unsigned current(const struct sdp_media *m, const struct condition *wanted)
{
	struct condition c;
	for (unsigned i = 0; i < m->n_attrs; i++)
		if (read(&c, &m->attrs[i], "curr") && slice_caseeq(c.type, wanted->type) && slice_caseeq(c.status, wanted->status))
			return c.dir;
	return 0;
}

/* Directions that only the offerer can reserve, and has not yet. */
static unsigned missing(const struct sdp_media *m, const struct condition *wanted)
{
	if (is(wanted, "remote"))
		return 0;
	unsigned theirs = is(wanted, "e2e") ? wanted->dir & SEND : wanted->dir;
	return theirs & ~current(m, wanted);
}

static enum sdp_conditions of_stream(const struct sdp_media *m)
{
	enum sdp_conditions found = SDP_UNCONDITIONAL;
	struct condition c;
	for (unsigned i = 0; i < m->n_attrs; i++) {
		if (!read(&c, &m->attrs[i], "des"))
			continue;
		bool mandatory = slice_caseeq(c.strength, SLICE("mandatory"));
		enum sdp_conditions this = SDP_CONDITIONS_MET;
		if (mandatory && !slice_caseeq(c.type, SLICE("qos")) && !is(&c, "local"))
			this = SDP_CONDITIONS_UNKNOWN;
		else if (mandatory && missing(m, &c))
			this = SDP_CONDITIONS_WAIT;
		if (this > found)
			found = this;
	}
	return found;
}

enum sdp_conditions sdp_conditions(const struct sdp *offer)
{
	enum sdp_conditions found = SDP_UNCONDITIONAL;
	for (unsigned i = 0; i < offer->n_media; i++) {
		enum sdp_conditions this = offer->media[i].port ? of_stream(&offer->media[i]) : SDP_UNCONDITIONAL;
		if (this > found)
			found = this;
	}
	return found;
}

/* --- the answer ----------------------------------------------------------------------------------------------------- */

/* Table 4. */
static unsigned inverted(unsigned dir)
{
	return (dir & SEND ? RECV : 0) | (dir & RECV ? SEND : 0);
}

static const char *inverted_status(const struct condition *c)
{
	return is(c, "local") ? "remote" : is(c, "remote") ? "local" : "e2e";
}

static bool seen_before(const struct sdp_media *m, unsigned end, const struct condition *c)
{
	struct condition other;
	for (unsigned i = 0; i < end; i++)
		if (read(&other, &m->attrs[i], "des") && slice_caseeq(other.type, c->type) && slice_caseeq(other.status, c->status))
			return true;
	return false;
}

static void write_answer(struct buf *out, const struct sdp_media *m, unsigned at, const struct condition *c)
{
	unsigned now = is(c, "remote") ? SEND | RECV : inverted(current(m, c)) | (is(c, "e2e") ? SEND : 0);
	const char *status = inverted_status(c);
	if (!seen_before(m, at, c))
		buf_printf(out, "a=curr:" SLICE_FMT " %s %s\r\n", SLICE_ARG(c->type), status, dirs[now]);
	buf_printf(out, "a=des:" SLICE_FMT " " SLICE_FMT " %s %s\r\n", SLICE_ARG(c->type), SLICE_ARG(c->strength), status, dirs[inverted(c->dir)]);
	/* 6: who cannot meet it alone asks to be told. */
	if (slice_caseeq(c->strength, SLICE("mandatory")) && missing(m, c))
		buf_printf(out, "a=conf:" SLICE_FMT " %s %s\r\n", SLICE_ARG(c->type), status, dirs[inverted(missing(m, c))]);
}

static void write_answers(struct buf *out, const struct sdp_media *offered)
{
	struct condition c;
	for (unsigned i = 0; i < offered->n_attrs; i++)
		if (read(&c, &offered->attrs[i], "des"))
			write_answer(out, offered, i, &c);
}

static bool is_condition_line(struct slice line)
{
	if (!slice_starts(line, SLICE("a=")))
		return false;
	line = slice_from(line, 2);
	return sdp_is_condition(slice_trim(slice_cut(&line, ':')));
}

static void end_section(struct buf *out, const struct sdp *said, const struct sdp *offer, unsigned sections)
{
	if (sections && sections <= offer->n_media && said->media[sections - 1].port)
		write_answers(out, &offer->media[sections - 1]);
}

int sdp_answer_conditions(struct buf *out, const struct sdp *said, const struct sdp *offer)
{
	unsigned sections = 0;
	for (struct slice rest = said->text; !slice_empty(rest);) {
		struct slice line = slice_line(&rest);
		if (slice_empty(line))
			break; /* the end */
		if (slice_starts(line, SLICE("m=")))
			end_section(out, said, offer, sections++);
		if (is_condition_line(line))
			continue;
		buf_slice(out, line);
		buf_str(out, "\r\n");
	}
	end_section(out, said, offer, sections);
	return out->err;
}
