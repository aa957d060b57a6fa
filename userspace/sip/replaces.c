// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/replaces.h"
#include "sip/parse.h"
#include "sip/session_priv.h"
#include <errno.h>

/* A Call-ID and two tags, `to` the receiver's. */
static int parse_name(struct sip_replaces *ret, struct slice value, struct slice to, struct slice from)
{
	struct sip_replaces r = {0};
	struct slice params = value;
	struct sip_param_item item;
	r.call_id = slice_trim(sip_cut(&params, ';'));
	while (slice_is_set(params) && sip_param_next(&params, &item, NULL)) {
		struct slice *tag = slice_caseeq(item.name, to)	    ? &r.to_tag
				    : slice_caseeq(item.name, from) ? &r.from_tag
								    : NULL;
		if (tag && slice_is_set(*tag))
			return -EBADMSG; /* exactly one of each (RFC 3891 6.1) */
		if (tag)
			*tag = item.value;
		else if (slice_caseeq(item.name, SLICE("early-only")))
			r.early_only = true;
	}
	if (!r.call_id.len || !r.to_tag.len || !r.from_tag.len)
		return -EBADMSG;
	*ret = r;
	return 0;
}

int sip_replaces_parse(struct sip_replaces *ret, struct slice value)
{
	return parse_name(ret, value, SLICE("to-tag"), SLICE("from-tag"));
}

int sip_target_dialog_parse(struct sip_replaces *ret, struct slice value)
{
	return parse_name(ret, value, SLICE("local-tag"), SLICE("remote-tag"));
}

static int unescape(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		int hi, lo;
		char c = text.p[i];
		if (c == '%') {
			if (i + 2 >= text.len || (hi = sip_hex(text.p[i + 1])) < 0 || (lo = sip_hex(text.p[i + 2])) < 0)
				return -EBADMSG;
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		if ((unsigned char)c < ' ' || c == 0x7f)
			return -EBADMSG; /* a header line of ours may be made of it */
		buf_char(out, c);
	}
	return out->err;
}

int sip_uri_header(struct buf *out, const struct sip_uri *uri, struct slice name)
{
	for (struct slice rest = uri->headers; slice_is_set(rest);) {
		struct slice value = slice_cut(&rest, '&');
		if (slice_caseeq(slice_cut(&value, '='), name))
			return unescape(out, value);
	}
	return -ENOENT;
}

/* --- which dialog ------------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(struct slice call_id, struct slice local_tag, struct slice remote_tag)
{
	return slice_hash(call_id, false) ^ slice_hash(local_tag, false) * 31 ^ slice_hash(remote_tag, false) * 961;
}

void sip_ended_add(struct sip_ended *e, const struct sip_dialog *d)
{
	e->hash[e->next++ % SIP_ENDED_MAX] = hash_of(d->call_id, d->local_tag, d->remote_tag);
}

static bool has_ended(const struct sip_ended *e, const struct sip_replaces *name)
{
	uint32_t hash = hash_of(name->call_id, name->to_tag, name->from_tag);
	for (unsigned i = 0; i < SIP_ENDED_MAX && i < e->next; i++)
		if (e->hash[i] == hash)
			return true;
	return false;
}

int sip_session_named(void **ret, const struct sip_stack *s, const struct sip_replaces *name, const struct sip_session_handlers *h, bool *early)
{
	const struct sip_dialog *d;
	hash_foreach_match(d, &s->dialogs, slice_hash(name->to_tag, false), by_tag) {
		const struct sip_session *ss = d->owner;
		if (!ss || ss->h != h || !slice_eq(d->local_tag, name->to_tag) || !slice_eq(d->remote_tag, name->from_tag) ||
		    !slice_eq(d->call_id, name->call_id))
			continue;
		if (ss->state == SESSION_CANCELLING || ss->state >= SESSION_LEAVING)
			return -ESHUTDOWN;
		*early = ss->state == SESSION_RINGING || ss->state == SESSION_CALLING;
		*ret = ss->arg;
		return 0;
	}
	return has_ended(&s->ended, name) ? -ESHUTDOWN : -ENOENT;
}
