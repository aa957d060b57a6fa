// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/media_sdp.h"
#include "base/mem.h"
#include <ctype.h>
#include "mgcp/mgcp.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* The direction is the connection's mode; written here too, a change of it would look like a new party. */
int media_sdp_write(struct buf *out, const struct sdp_media *m)
{
	if (m->hold_zero)
		return 0;
	struct sdp_local_media at = {.rtp = m->rtp, .rtcp = m->rtcp, .rtcp_mux = m->rtcp_mux, .dir = SDP_SENDRECV};
	return sdp_write_stream(out, m, &at);
}

/* Encoding names come from a peer; in the option list only tokens may stand. */
static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '.')
			return false;
	return s.len > 0;
}

void media_sdp_options(struct buf *out, const struct sdp_media *m)
{
	unsigned n = 0;
	if (m->ptime_ms)
		buf_printf(out, "p:%u", m->ptime_ms);
	for (unsigned i = 0; i < m->n_formats; i++) {
		if (!is_token(m->formats[i].name))
			continue;
		buf_str(out, n++ ? ";" : m->ptime_ms ? ", a:" : "a:");
		buf_slice(out, m->formats[i].name);
	}
}

int media_sdp_read(struct sdp_local_media *ret, struct slice text)
{
	struct sdp *sdp;
	const char *why;
	int err = sdp_parse(&sdp, text, &why);
	if (err)
		return err == -ENOMEM ? err : -EBADMSG;
	if (!sdp->n_media || !addr_is_set(&sdp->media[0].rtp)) {
		err = -EBADMSG;
	} else {
		ret->rtp = sdp->media[0].rtp;
		ret->rtcp = sdp->media[0].rtcp;
		ret->rtcp_mux = sdp->media[0].rtcp_mux;
	}
	mem_deref(sdp);
	return err;
}

const char *media_mode(enum sdp_dir dir)
{
	static const char *const modes[] = {
		[SDP_INACTIVE] = "inactive",
		[SDP_SENDONLY] = "sendonly",
		[SDP_RECVONLY] = "recvonly",
		[SDP_SENDRECV] = "sendrecv",
	};
	return modes[dir & 3];
}

void media_quality_read(struct cdr_quality *q, struct slice params, struct slice quality)
{
	static const struct {
		const char *name;
		size_t offset;
	} counts[] = {
		{"PR", offsetof(struct cdr_quality, packets)}, {"OR", offsetof(struct cdr_quality, octets)},
		{"PL", offsetof(struct cdr_quality, lost)},    {"JI", offsetof(struct cdr_quality, jitter_ms)},
	};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t v;
		if (!slice_u64(mgcp_option(params, slice_str(counts[i].name), '='), INT64_MAX, &v))
			*(int64_t *)((char *)q + counts[i].offset) = (int64_t)v;
	}
	char mos[16];
	if (!slice_copy(mgcp_option(quality, SLICE("MOS"), '='), mos, sizeof(mos)))
		q->mos = strtod(mos, NULL);
}
