// SPDX-License-Identifier: GPL-3.0-or-later
/* A description with some of its formats only, in another order: what a peer is to be offered, or answered. */
#include "sdp/internal.h"
#include "base/mem.h"

/* They carry no voice of their own and go with whatever does (RFC 4733, RFC 3389). */
static bool goes_along(struct slice name)
{
	return slice_caseeq(name, SLICE("telephone-event")) || slice_caseeq(name, SLICE("CN"));
}

static bool has_format(const struct sdp_media *m, struct slice id)
{
	for (unsigned i = 0; i < m->n_formats; i++)
		if (slice_eq(m->formats[i].id, id))
			return true;
	return false;
}

/* "a=rtpmap:8 ...", "a=fmtp:8 ...", "a=rtcp-fb:8 ..." (or "*"). */
static bool is_of_format(const struct sdp_attr *a)
{
	return slice_eq(a->name, SLICE("rtpmap")) || slice_eq(a->name, SLICE("fmtp")) || slice_eq(a->name, SLICE("rtcp-fb"));
}

static void drop_attrs(struct sdp_media *m)
{
	struct sdp_attr *attrs = (struct sdp_attr *)(uintptr_t)m->attrs; /* the copy is ours */
	unsigned kept = 0;
	for (unsigned i = 0; i < m->n_attrs; i++) {
		struct slice rest = attrs[i].value, id = slice_is_set(rest) ? slice_cut(&rest, ' ') : SLICE_NONE;
		if (!is_of_format(&attrs[i]) || slice_eq(id, SLICE("*")) || has_format(m, id))
			attrs[kept++] = attrs[i];
	}
	m->n_attrs = kept;
}

static void select_formats(struct sdp_media *m, const char *const *names, unsigned n)
{
	struct sdp_format kept[SDP_MAX_FORMATS];
	unsigned k = 0;
	for (unsigned w = 0; w < n; w++)
		for (unsigned i = 0; i < m->n_formats; i++)
			if (slice_caseeq(m->formats[i].name, slice_str(names[w])))
				kept[k++] = m->formats[i];
	if (!k) {
		m->port = 0;
		return;
	}
	for (unsigned i = 0; i < m->n_formats && k < SDP_MAX_FORMATS; i++)
		if (goes_along(m->formats[i].name))
			kept[k++] = m->formats[i];
	memcpy(m->formats, kept, k * sizeof(*kept));
	m->n_formats = k;
	drop_attrs(m);
}

static bool can(const struct sdp_media *m, const struct sdp_format *f)
{
	for (unsigned i = 0; i < m->n_formats; i++)
		if (slice_caseeq(m->formats[i].name, f->name) && m->formats[i].clock_hz == f->clock_hz)
			return true;
	return false;
}

static void keep_common(struct sdp_media *m, const struct sdp_media *other)
{
	unsigned k = 0;
	bool any = false;
	for (unsigned i = 0; i < m->n_formats && sdp_media_relayable(other); i++)
		if (!slice_empty(m->formats[i].name) && can(other, &m->formats[i])) {
			any |= !goes_along(m->formats[i].name);
			m->formats[k++] = m->formats[i];
		}
	if (!any) {
		m->port = 0;
		return;
	}
	m->n_formats = k;
	m->dir = (enum sdp_dir)(m->dir & sdp_dir_reverse(other->dir));
	drop_attrs(m);
}

int sdp_select(struct sdp **ret, const struct sdp *from, const char *const *names, unsigned n)
{
	struct sdp *s;
	const char *why;
	int err = sdp_parse(&s, from->text, &why);
	if (err)
		return err;
	for (unsigned i = 0; i < s->n_media; i++)
		if (s->media[i].port && sdp_media_relayable(&s->media[i]))
			select_formats(&s->media[i], names, n);
	*ret = s;
	return 0;
}

int sdp_common(struct sdp **ret, const struct sdp *from, const struct sdp *with)
{
	struct sdp *s;
	const char *why;
	int err = sdp_parse(&s, from->text, &why);
	if (err)
		return err;
	for (unsigned i = 0; i < s->n_media && i < with->n_media; i++)
		if (sdp_media_relayable(&s->media[i]))
			keep_common(&s->media[i], &with->media[i]);
	*ret = s;
	return 0;
}
