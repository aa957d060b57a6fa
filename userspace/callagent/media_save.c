// SPDX-License-Identifier: GPL-3.0-or-later
/* The connections of a call in a store. One whose creation was not confirmed is left out: the gateway is asked what it has, and what no call
 * knows is deleted there. */
#include "callagent/media_priv.h"
#include "base/mem.h"
#include "base/pack.h"
#include "callagent/media_sdp.h"
#include <errno.h>

struct kept {
	uint8_t index, side;
	struct slice endpoint, id, mode;
	struct addr rtp, rtcp;
	bool rtcp_mux;
	uint32_t local_hash, remote_hash, silence_s, arm;
};

enum { TAG_ROUND = 1, TAG_END = 2 };

#define FIELD(tag, type, member) PACK_FIELD(tag, type, struct kept, member)
static const struct pack_field fields[] = {
	FIELD(1, PACK_NUMBER, index),       FIELD(2, PACK_NUMBER, side),      FIELD(3, PACK_SLICE, endpoint),
	FIELD(4, PACK_SLICE, id),           FIELD(5, PACK_SLICE, mode),       FIELD(6, PACK_BYTES, rtp),
	FIELD(7, PACK_BYTES, rtcp),         FIELD(8, PACK_BOOL, rtcp_mux),    FIELD(9, PACK_NUMBER, local_hash),
	FIELD(10, PACK_NUMBER, remote_hash), FIELD(11, PACK_NUMBER, silence_s), FIELD(12, PACK_NUMBER, arm),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void save_end(const struct end *e, struct buf *out)
{
	struct kept k = {
		.index = (uint8_t)e->stream->index, .side = (uint8_t)e->side, .endpoint = slice_str(mgcp_conn_endpoint(e->conn)),
		.id = slice_str(mgcp_conn_id(e->conn)), .mode = slice_str(e->mode), .rtp = e->local.rtp, .rtcp = e->local.rtcp,
		.rtcp_mux = e->local.rtcp_mux, .local_hash = e->local_hash, .remote_hash = e->remote_hash, .silence_s = e->silence_s,
		.arm = e->arm,
	};
	size_t at = pack_begin(out, TAG_END);
	pack_write(out, fields, FIELDS, &k);
	pack_end(out, at);
}

void media_save(const struct media *m, struct buf *out)
{
	uint8_t round = m->round > 0;
	pack_put(out, TAG_ROUND, slice_of((char *)&round, 1));
	for (unsigned i = 0; i < SDP_MAX_MEDIA; i++)
		for (int k = 0; k < 2 && m->stream[i]; k++)
			if (m->stream[i]->end[k].conn && m->stream[i]->end[k].created)
				save_end(&m->stream[i]->end[k], out);
}

/* The same text that end_apply() compares with. */
static const char *mode_named(struct slice name)
{
	for (int d = SDP_INACTIVE; d <= SDP_SENDRECV; d++)
		if (slice_eq(name, slice_str(media_mode((enum sdp_dir)d))))
			return media_mode((enum sdp_dir)d);
	return NULL;
}

static int restore_end(struct media *m, struct slice record)
{
	struct kept k = {0};
	char endpoint[256], id[64];
	if (pack_read(&k, fields, FIELDS, record) || k.index >= SDP_MAX_MEDIA || k.side > SIDE_B || !k.id.len || !k.endpoint.len ||
	    !mode_named(k.mode) || slice_copy(k.endpoint, endpoint, sizeof(endpoint)) || slice_copy(k.id, id, sizeof(id)))
		return -EBADMSG;
	struct stream *s = media_stream_at(m, k.index);
	if (!s)
		return -ENOMEM;
	struct end *e = &s->end[k.side];
	int err = e->conn ? -EBADMSG : mgcp_conn_adopt(&e->conn, m->p.gw, m->p.call_id, endpoint, id, &media_conn_handlers, e);
	if (err)
		return err;
	m->conns++;
	e->created = true;
	e->local.rtp = k.rtp;
	e->local.rtcp = k.rtcp;
	e->local.rtcp_mux = k.rtcp_mux;
	e->local_hash = k.local_hash;
	e->remote_hash = k.remote_hash;
	e->silence_s = k.silence_s;
	e->mode = mode_named(k.mode);
	e->arm = k.arm;
	return 0;
}

int media_restore(struct media *m, struct slice record)
{
	uint8_t tag;
	struct slice value;
	int more = 0, err = 0;
	while (!err && (more = pack_next(&record, &tag, &value)) > 0) {
		if (tag == TAG_ROUND)
			m->round = value.len && *value.p;
		else if (tag == TAG_END)
			err = restore_end(m, value);
	}
	return err ? err : more;
}

void media_resume_offer(struct media *m, enum side from, struct sdp *offer)
{
	mem_ref(offer);
	mem_deref(m->offer);
	m->offer = offer;
	m->offerer = from;
}
