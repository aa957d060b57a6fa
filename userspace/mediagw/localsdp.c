// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/localsdp.h"

/* Before the peer has described itself: G.711 and telephone events, with the numbers everybody uses. */
static const char default_formats[] = " 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

static void formats(struct buf *b, const struct sdp_media *m)
{
	for (unsigned i = 0; i < m->n_formats; i++) {
		buf_char(b, ' ');
		buf_slice(b, m->formats[i].id);
	}
	buf_str(b, "\r\n");
	for (unsigned i = 0; i < m->n_formats; i++) {
		const struct sdp_format *f = &m->formats[i];
		if (slice_empty(f->name) || !f->clock_hz)
			continue;
		buf_str(b, "a=rtpmap:");
		buf_slice(b, f->id);
		buf_char(b, ' ');
		buf_slice(b, f->name);
		buf_char(b, '/');
		buf_u64(b, f->clock_hz);
		if (f->channels > 1) {
			buf_char(b, '/');
			buf_u64(b, f->channels);
		}
		buf_str(b, "\r\n");
	}
}

static void origin(struct buf *b, const struct conn *c, const struct addr *us)
{
	char ip[ADDR_STR_LEN];
	const char *net = c->family == FAMILY_V6 ? " IN IP6 " : " IN IP4 ";
	addr_ip_str(us, ip);
	buf_str(b, "v=0\r\no=- ");
	buf_u64(b, c->sdp_id);
	buf_char(b, ' ');
	buf_u64(b, c->sdp_version);
	buf_str(b, net);
	buf_str(b, ip);
	buf_str(b, "\r\ns=-\r\nc=");
	buf_str(b, net + 1);
	buf_str(b, ip);
	buf_str(b, "\r\nt=0 0\r\n");
}

static void media(struct buf *b, const struct conn *c, const struct sdp_media *m)
{
	buf_str(b, "m=");
	buf_slice(b, m ? m->type : SLICE("audio"));
	buf_char(b, ' ');
	buf_u64(b, c->port);
	buf_char(b, ' ');
	buf_slice(b, m ? m->proto_text : SLICE("RTP/AVP"));
	if (c->line)
		codecs_write(&c->codecs, b);
	else if (m)
		formats(b, m);
	else
		buf_str(b, default_formats);
	if (c->mux)
		buf_str(b, "a=rtcp-mux\r\n");
}

/* Where the text after the o= line starts: what a changed version is judged by. */
static struct slice after_origin(const struct buf *b)
{
	struct slice text = buf_text(b);
	slice_line(&text);
	slice_line(&text);
	return text;
}

static const struct sdp_media *described(const struct sdp *s)
{
	for (unsigned i = 0; s && i < s->n_media; i++)
		if (s->media[i].port)
			return &s->media[i];
	return s && s->n_media ? &s->media[0] : NULL;
}

int localsdp_write(struct conn *c)
{
	const struct addr *peer = addr_is_set(&c->signalling) ? &c->signalling : &c->remote;
	struct buf b = buf_growing();
	bool first = !c->local_sdp.len;
	c->sdp_version++;
	origin(&b, c, address_for(c->address, c->family, peer));
	media(&b, c, described(c->remote_sdp));
	if (b.err || (!first && slice_eq(after_origin(&b), after_origin(&c->local_sdp)))) {
		int err = b.err;
		c->sdp_version--;
		buf_reset(&b);
		return err;
	}
	buf_reset(&c->local_sdp);
	c->local_sdp = b;
	return 0;
}
