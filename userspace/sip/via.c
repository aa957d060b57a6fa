// SPDX-License-Identifier: GPL-3.0-or-later
/* Via (RFC 3261 20.42, RFC 3581 rport). */
#include "sip/msg.h"
#include "sip/parse.h"
#include <errno.h>

static struct slice skip_lws(struct slice s)
{
	size_t n = 0;
	while (n < s.len && sip_is_lws(s.p[n]))
		n++;
	return slice_from(s, n);
}

/* Takes one word and the LWS round it; the word ends at LWS, "/" or ";". */
static struct slice take_word(struct slice *rest)
{
	struct slice s = skip_lws(*rest);
	size_t n = 0;
	while (n < s.len && sip_is(s.p[n], SIP_C_TOKEN))
		n++;
	*rest = skip_lws(slice_from(s, n));
	return slice_of(s.p, n);
}

static bool take_slash(struct slice *rest)
{
	if (!rest->len || rest->p[0] != '/')
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

/* sent-protocol: "SIP" SLASH version SLASH transport, with LWS allowed everywhere. Any version will do: the first line decides, and
 * a 505 must find its way (RFC 4475 3.1.2.16). */
static int take_protocol(struct slice *rest, struct slice *transport)
{
	if (!slice_caseeq(take_word(rest), SLICE("SIP")) || !take_slash(rest) ||
	    !take_word(rest).len || !take_slash(rest))
		return -EINVAL;
	*transport = take_word(rest);
	return transport->len ? 0 : -EINVAL;
}

/* sent-by: host [COLON port]. */
static int take_sent_by(struct slice s, struct sip_via *v)
{
	struct slice rest;
	s = slice_trim(s);
	if (s.len && s.p[0] == '[') {
		ptrdiff_t end = slice_find(s, ']');
		if (end < 0)
			return -EINVAL;
		v->host = slice_of(s.p + 1, (size_t)end - 1);
		rest = slice_from(s, (size_t)end + 1);
		if (!sip_all(v->host, SIP_C_V6))
			return -EINVAL;
	} else {
		size_t n = 0;
		while (n < s.len && sip_is(s.p[n], SIP_C_HOST))
			n++;
		v->host = slice_of(s.p, n);
		rest = slice_from(s, n);
		if (!n)
			return -EINVAL;
	}
	rest = slice_trim(rest);
	if (!rest.len)
		return 0;
	if (rest.p[0] != ':' || slice_u16(slice_trim(slice_from(rest, 1)), &v->port) || !v->port)
		return -EINVAL;
	return 0;
}

static struct slice unbracket(struct slice s)
{
	return s.len >= 2 && s.p[0] == '[' && s.p[s.len - 1] == ']' ? slice_of(s.p + 1, s.len - 2) : s;
}

static int take_params(struct sip_via *v)
{
	struct slice rest = v->params;
	struct sip_param_item it;
	unsigned empty = 0;
	while (sip_param_next(&rest, &it, &empty)) {
		if (!sip_param_valid(&it))
			return -EINVAL;
		if (slice_caseeq(it.name, SLICE("branch"))) {
			v->branch = it.value;
		} else if (slice_caseeq(it.name, SLICE("received"))) {
			/* With brackets or without: RFC 5118 4.5. */
			v->received = unbracket(it.value);
		} else if (slice_caseeq(it.name, SLICE("maddr"))) {
			v->maddr = unbracket(it.value);
		} else if (slice_caseeq(it.name, SLICE("rport"))) {
			v->rport = true;
			if (it.value.len && slice_u16(it.value, &v->rport_value))
				return -EINVAL;
		}
	}
	return empty ? -EINVAL : 0;
}

int sip_via_parse(struct sip_via *ret, struct slice value)
{
	struct sip_via v = {0};
	struct slice rest = value;
	if (!slice_is_set(value) || take_protocol(&rest, &v.transport))
		return -EINVAL;
	/* LWS must part the transport from the host; take_word() has eaten it. */
	if (!rest.len || rest.p == slice_end(v.transport))
		return -EINVAL;
	struct slice sent_by = slice_cut(&rest, ';');
	v.params = slice_is_set(rest) ? slice_trim(rest) : SLICE_NONE;
	int err = take_sent_by(sent_by, &v);
	if (!err && slice_is_set(v.params))
		err = take_params(&v);
	if (!err)
		*ret = v;
	return err;
}
