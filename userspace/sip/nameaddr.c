// SPDX-License-Identifier: GPL-3.0-or-later
/* From, To, Contact, Route and the like: name-addr or addr-spec with header parameters (RFC 3261 20). */
#include "sip/msg.h"
#include "sip/parse.h"
#include <errno.h>

/* Header parameters: what is left of the value must be nothing, or start with ";". */
static int take_params(struct slice rest, struct sip_nameaddr *n)
{
	rest = slice_trim(rest);
	if (!rest.len)
		return 0;
	if (rest.p[0] != ';')
		return -EINVAL;
	n->params = slice_from(rest, 1);
	rest = n->params;
	struct sip_param_item it;
	while (sip_param_next(&rest, &it, NULL)) {
		if (!sip_param_valid(&it))
			return -EINVAL;
		if (!slice_caseeq(it.name, SLICE("tag")))
			continue;
		if (slice_is_set(n->tag)) /* 7.3.1: once, or it names two dialogs */
			return -EINVAL;
		n->tag = it.value;
	}
	return 0;
}

/* Many phones send an unquoted display name with characters that want quotes; only what would make the value ambiguous
 * is refused (RFC 4475 3.1.2.15 allows both). */
static bool display_ok(struct slice d)
{
	for (size_t i = 0; i < d.len; i++)
		if (sip_is(d.p[i], SIP_C_CUT) || d.p[i] == '\\' || !d.p[i])
			return false;
	return true;
}

/* [display] <uri> *(;param), `angle` being the offset of "<". */
static int parse_name_addr(struct slice v, size_t angle, struct sip_nameaddr *n)
{
	struct slice inside = slice_from(v, angle + 1);
	ptrdiff_t end = slice_find(inside, '>');
	if (end < 0)
		return -EINVAL;
	n->display = slice_trim(slice_of(v.p, angle));
	if (sip_uri_parse(&n->uri, slice_of(inside.p, (size_t)end)))
		return -EINVAL;
	return take_params(slice_from(inside, (size_t)end + 1), n);
}

/* uri *(;param): without <>, "," and "?" are not part of the URI and parameters are the header's (RFC 3261 20.10). */
static int parse_addr_spec(struct slice v, struct sip_nameaddr *n)
{
	size_t end = 0;
	while (end < v.len && v.p[end] != ';' && v.p[end] != ',' && v.p[end] != '?' && !sip_is_lws(v.p[end]))
		end++;
	if (sip_uri_parse(&n->uri, slice_of(v.p, end)))
		return -EINVAL;
	return take_params(slice_from(v, end), n);
}

int sip_nameaddr_parse(struct sip_nameaddr *ret, struct slice value)
{
	struct slice v = slice_trim(value);
	struct sip_nameaddr n = {.text = v};
	int err;
	if (!v.len)
		return -EINVAL;
	if (v.p[0] == '"') {
		size_t q = sip_quoted_len(v);
		struct slice after = slice_trim(slice_from(v, q));
		if (!q || !after.len || after.p[0] != '<')
			return -EINVAL;
		err = parse_name_addr(v, (size_t)(after.p - v.p), &n);
	} else if (v.p[0] == '*' && slice_trim(slice_cut(&(struct slice){v.p, v.len}, ';')).len == 1) {
		n.star = true;
		err = take_params(slice_from(v, 1), &n);
	} else {
		ptrdiff_t angle = slice_find(v, '<');
		if (angle < 0)
			err = parse_addr_spec(v, &n);
		else if (!display_ok(slice_of(v.p, (size_t)angle)))
			err = -EINVAL;
		else
			err = parse_name_addr(v, (size_t)angle, &n);
	}
	if (!err)
		*ret = n;
	return err;
}

void sip_display_text(struct slice display, char *out, size_t size)
{
	struct slice s = slice_trim(display);
	struct buf b = buf_fixed(out, size);
	bool quoted = s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"';
	size_t end = quoted ? s.len - 1 : s.len;
	for (size_t i = quoted; i < end; i++) {
		i += quoted && s.p[i] == '\\' && i + 1 < end;
		buf_char(&b, s.p[i]);
	}
	buf_z(&b);
	if (b.err)
		out[0] = '\0';
}
