// SPDX-License-Identifier: GPL-3.0-or-later
#include "registrar/contact.h"
#include "base/mem.h"
#include <errno.h>

static void contact_destroy(void *obj)
{
	struct contact *c = obj;
	timer_stop(&c->expiry);
	line_release(c->sources, &c->source);
}

static struct slice keep(char **at, struct slice s)
{
	if (!slice_is_set(s))
		return SLICE_NONE;
	struct slice kept = slice_of(*at, s.len);
	memcpy(*at, s.p, s.len);
	*at += s.len;
	return kept;
}

int contact_new(struct contact **ret, const struct binding *b, uint64_t expires_utc)
{
	const char *listener = b->listener ? b->listener : "";
	size_t size = b->uri.len + b->instance.len + b->user_agent.len + b->call_id.len + b->path.len + strlen(listener) + 1;
	struct contact *c = mem_alloc(sizeof *c + size, contact_destroy);
	if (!c)
		return -ENOMEM;
	char *at = c->text;
	c->b = *b;
	c->b.uri = keep(&at, b->uri);
	c->b.instance = keep(&at, b->instance);
	c->b.user_agent = keep(&at, b->user_agent);
	c->b.call_id = keep(&at, b->call_id);
	c->b.path = keep(&at, b->path);
	c->b.listener = keep(&at, slice_of(listener, strlen(listener) + 1)).p;
	c->expires_utc = expires_utc;
	struct sip_uri uri;
	if (sip_uri_parse(&uri, c->b.uri)) {
		mem_deref(c);
		return -EINVAL;
	}
	c->scheme = uri.scheme;
	*ret = c;
	return 0;
}

bool contact_same(const struct contact *c, const struct binding *b, const struct sip_uri *uri)
{
	if (b->instance.len && b->reg_id && c->b.instance.len && c->b.reg_id)
		return c->b.reg_id == b->reg_id && slice_eq(c->b.instance, b->instance);
	struct sip_uri own;
	return !sip_uri_parse(&own, c->b.uri) && sip_uri_eq(&own, uri);
}

/* The texts of a record: uri, instance, user agent, Call-ID, listener, and since format 2 path. */
enum { N_TEXTS = 6, N_TEXTS_1 = 5, FORMAT = 2 };

/* In the byte order of the machine: the store does not travel. */
struct stored {
	uint8_t format, transport, outbound, pad;
	uint32_t cseq;
	uint64_t expires_utc, received_at;
	uint32_t reg_id, scope;
	uint16_t q, family, port;
	uint16_t len[N_TEXTS];
	uint8_t ip[16];
	uint64_t gruu;
};

/* Format 1 began the same. */
struct stored_1 {
	uint8_t head[offsetof(struct stored, len)];
	uint16_t len[N_TEXTS_1];
	uint8_t ip[16];
};

void contact_write(const struct contact *c, struct buf *out)
{
	const struct binding *b = &c->b;
	struct slice text[N_TEXTS] = {b->uri, b->instance, b->user_agent, b->call_id, slice_str(b->listener), b->path};
	struct stored s = {.format = FORMAT, .transport = (uint8_t)b->transport, .outbound = b->outbound, .cseq = b->cseq, .expires_utc = c->expires_utc,
			   .received_at = b->received_at, .reg_id = b->reg_id, .scope = b->source.scope, .q = (uint16_t)b->q,
			   .family = b->source.family, .port = b->source.port, .gruu = b->gruu};
	memcpy(s.ip, b->source.bytes, sizeof s.ip);
	for (unsigned i = 0; i < N_TEXTS; i++)
		s.len[i] = (uint16_t)text[i].len;
	buf_add(out, &s, sizeof s);
	for (unsigned i = 0; i < N_TEXTS; i++)
		buf_slice(out, text[i]);
}

/* The fixed part of a record of either format. */
static int read_fixed(struct stored *s, struct slice *left)
{
	struct stored_1 old;
	uint8_t format = left->len ? (uint8_t)left->p[0] : 0;
	size_t size = format == 1 ? sizeof old : sizeof *s;
	if ((format != 1 && format != FORMAT) || left->len < size)
		return -EBADMSG;
	if (format == 1) {
		*s = (struct stored){0};
		memcpy(&old, left->p, sizeof old);
		memcpy(s, old.head, sizeof old.head);
		memcpy(s->len, old.len, sizeof old.len);
		memcpy(s->ip, old.ip, sizeof old.ip);
	} else {
		memcpy(s, left->p, sizeof *s);
	}
	*left = slice_from(*left, size);
	return s->transport < SIP_TRANSPORTS ? 0 : -EBADMSG;
}

int contact_read(struct contact **ret, struct slice *rest)
{
	struct stored s;
	struct slice text[N_TEXTS], left = *rest;
	char listener[64];
	if (read_fixed(&s, &left))
		return -EBADMSG;
	for (unsigned i = 0; i < N_TEXTS; i++) {
		if (s.len[i] > left.len)
			return -EBADMSG;
		text[i] = s.len[i] ? slice_of(left.p, s.len[i]) : SLICE_NONE;
		left = slice_from(left, s.len[i]);
	}
	if (slice_copy(text[4], listener, sizeof listener))
		return -EBADMSG;
	struct binding b = {.uri = text[0], .instance = text[1], .user_agent = text[2], .call_id = text[3], .path = text[5],
			    .listener = listener, .transport = (enum sip_transport)s.transport, .q = s.q, .reg_id = s.reg_id, .cseq = s.cseq,
			    .received_at = s.received_at, .outbound = s.outbound, .gruu = s.gruu,
			    .source = {.family = s.family, .port = s.port, .scope = s.scope}};
	memcpy(b.source.bytes, s.ip, sizeof s.ip);
	int err = contact_new(ret, &b, s.expires_utc);
	if (!err)
		*rest = left;
	return err == -EINVAL ? -EBADMSG : err;
}
