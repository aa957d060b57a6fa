// SPDX-License-Identifier: GPL-3.0-or-later
/* Writing descriptions: one side's for the other side, and one stream's for a media gateway. */
#include "sdp/internal.h"
#include "base/random.h"
#include <errno.h>
#include <inttypes.h>

void sdp_origin_init(struct sdp_origin *o)
{
	uint64_t random;
	random_bytes(&random, sizeof random);
	/* RFC 8866 5.2 knows digits only; peers are known that read them into 63 bits. */
	*o = (struct sdp_origin){.id = random >> 2, .version = 1};
}

static void write_address(struct buf *out, const struct addr *a)
{
	char text[ADDR_STR_LEN];
	/* Nothing flows to an unset address (all streams rejected), but c= must be there. */
	if (!addr_is_set(a)) {
		buf_str(out, "IN IP4 0.0.0.0");
	} else {
		buf_str(out, a->family == AF_INET6 ? "IN IP6 " : "IN IP4 ");
		buf_str(out, addr_ip_str(a, text));
	}
}

static void write_connection(struct buf *out, const struct addr *a)
{
	buf_str(out, "c=");
	write_address(out, a);
	buf_str(out, "\r\n");
}

/* b= lines pass: RFC 8866 5.8, and RS and RR of RFC 3556. */
static void write_bandwidth(struct buf *out, struct slice section)
{
	while (!slice_empty(section)) {
		struct slice line = slice_line(&section);
		if (slice_starts(line, SLICE("b="))) {
			buf_slice(out, line);
			buf_str(out, "\r\n");
		}
	}
}

static void write_attrs(struct buf *out, const struct sdp_attr *attrs, unsigned n, bool conditions)
{
	for (unsigned i = 0; i < n; i++)
		if (conditions || !sdp_is_condition(attrs[i].name))
			sdp_relay_rule(attrs[i].name)->write(out, &attrs[i]);
}

static void write_media_line(struct buf *out, const struct sdp_media *m, uint16_t port)
{
	buf_str(out, "m=");
	buf_slice(out, m->type);
	buf_char(out, ' ');
	buf_u64(out, port);
	buf_char(out, ' ');
	buf_slice(out, m->proto_text);
	for (unsigned i = 0; i < m->n_formats; i++) {
		buf_char(out, ' ');
		buf_slice(out, m->formats[i].id);
	}
	buf_str(out, "\r\n");
}

/* RFC 3605: only where RTCP is not on the next port, nor on the same one (RFC 5761). */
static void write_rtcp(struct buf *out, const struct sdp_local_media *at)
{
	if (at->rtcp_mux) {
		buf_str(out, "a=rtcp-mux\r\n");
		return;
	}
	bool elsewhere = !addr_ip_eq(&at->rtcp, &at->rtp);
	if (!addr_is_set(&at->rtcp) || !at->rtcp.port || (!elsewhere && at->rtcp.port == at->rtp.port + 1))
		return;
	buf_printf(out, "a=rtcp:%u", at->rtcp.port);
	if (elsewhere) {
		buf_char(out, ' ');
		write_address(out, &at->rtcp);
	}
	buf_str(out, "\r\n");
}

static enum sdp_dir written_dir(const struct sdp_media *m, enum sdp_dir dir)
{
	return m->hold_zero ? dir & ~SDP_RECVONLY : dir;
}

static void write_direction(struct buf *out, enum sdp_dir dir)
{
	buf_str(out, "a=");
	buf_str(out, sdp_dir_name(dir));
	buf_str(out, "\r\n");
}

static bool rejected(const struct sdp_media *m, const struct sdp_local_media *at)
{
	return at->reject || !sdp_media_relayable(m);
}

static void write_media(struct buf *out, const struct sdp_media *m, const struct sdp_local_media *at, const struct addr *session, bool conditions)
{
	if (rejected(m, at)) {
		/* RFC 3264 6: a rejected stream keeps its place; whatever else is said of it is ignored. */
		write_media_line(out, m, 0);
		return;
	}
	write_media_line(out, m, at->rtp.port);
	if (!addr_ip_eq(&at->rtp, session))
		write_connection(out, &at->rtp);
	write_bandwidth(out, m->section);
	write_attrs(out, m->attrs, m->n_attrs, conditions);
	write_rtcp(out, at);
	write_direction(out, written_dir(m, at->dir));
}

/* The address the session-level c= and o= lines carry: that of the first stream which has one. */
static struct addr session_address(const struct sdp *from, const struct sdp_local_media *local)
{
	for (unsigned i = 0; i < from->n_media; i++)
		if (!rejected(&from->media[i], &local[i]))
			return local[i].rtp;
	for (unsigned i = 0; i < from->n_media; i++)
		if (addr_is_set(&local[i].rtp))
			return local[i].rtp;
	return (struct addr){0};
}

/* Writes everything with the version given; returns where the text begins that a new version stands for. */
static size_t write_session(struct buf *out, const struct sdp *from, const struct sdp_origin *o, uint64_t version,
			    const struct sdp_local_media *local)
{
	struct addr session = session_address(from, local);
	buf_str(out, "v=0\r\no=- ");
	buf_u64(out, o->id);
	buf_char(out, ' ');
	buf_u64(out, version);
	size_t mark = out->len;
	buf_char(out, ' ');
	write_address(out, &session);
	buf_str(out, "\r\ns=-\r\n");
	write_connection(out, &session);
	write_bandwidth(out, from->section);
	buf_str(out, "t=0 0\r\n");
	write_attrs(out, from->attrs, from->n_attrs, false);
	for (unsigned i = 0; i < from->n_media; i++)
		write_media(out, &from->media[i], &local[i], &session, o->conditions);
	return mark;
}

/* FNV-1a; never 0, which stands for "nothing written yet". */
static uint64_t hash64(struct slice s)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u;
	return h ? h : 1;
}

int sdp_write_relayed(struct buf *out, const struct sdp *from, struct sdp_origin *o, const struct sdp_local_media *local)
{
	size_t start = out->len;
	size_t mark = write_session(out, from, o, o->version, local);
	if (out->err)
		return out->err;
	uint64_t hash = hash64(slice_from(buf_text(out), mark));
	uint64_t version = o->version + (o->last_hash && o->last_hash != hash);
	if (version != o->version) {
		out->len = start;
		write_session(out, from, o, version, local);
	}
	if (!out->err) {
		o->version = version;
		o->last_hash = hash;
	}
	return out->err;
}

int sdp_write_failed(struct buf *out, const struct sdp *from, const struct sdp_origin *o)
{
	buf_printf(out, "v=0\r\no=- %" PRIu64 " %" PRIu64 " IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n", o->id, o->version + 1);
	for (unsigned i = 0; i < from->n_media; i++) {
		const struct sdp_media *m = &from->media[i];
		write_media_line(out, m, 0);
		for (unsigned k = 0; k < m->n_attrs; k++)
			if (sdp_is_condition(m->attrs[k].name))
				sdp_write_attr(out, &m->attrs[k]);
	}
	return out->err;
}

int sdp_write_stream(struct buf *out, const struct sdp_media *m, const struct sdp_local_media *at)
{
	struct sdp_local_media own = {.rtp = m->rtp, .rtcp = m->rtcp, .rtcp_mux = m->rtcp_mux, .dir = m->dir};
	if (!at)
		at = &own;
	buf_str(out, "v=0\r\no=- 0 0 ");
	write_address(out, &at->rtp);
	buf_str(out, "\r\ns=-\r\n");
	write_connection(out, &at->rtp);
	buf_str(out, "t=0 0\r\n");
	write_media_line(out, m, at->reject ? 0 : at->rtp.port);
	if (at->reject)
		return out->err;
	write_bandwidth(out, m->section);
	write_attrs(out, m->attrs, m->n_attrs, false);
	write_rtcp(out, at);
	write_direction(out, at->dir);
	return out->err;
}
