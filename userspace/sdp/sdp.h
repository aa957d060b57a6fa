/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session descriptions (RFC 8866, formerly 4566), zero-copy, and what a back-to-back user agent does with them (RFC 3264): read one side's,
 * write the other side's with our addresses. */
#pragma once
#include "base/buf.h"
#include "net/addr.h"

#define SDP_MAX_MEDIA   16
#define SDP_MAX_FORMATS 48

enum sdp_dir { SDP_INACTIVE = 0, SDP_SENDONLY = 1, SDP_RECVONLY = 2, SDP_SENDRECV = 3 }; /* bit 0: the describer sends; bit 1: receives */
enum sdp_proto { SDP_RTP_AVP, SDP_RTP_SAVP, SDP_RTP_AVPF, SDP_RTP_SAVPF, SDP_DTLS, SDP_UDPTL, SDP_PROTO_OTHER };

struct sdp_attr {
	struct slice name, value; /* value absent for a=name */
};

struct sdp_format {
	struct slice id;  /* payload type as written, or a token for non-RTP */
	uint8_t pt;
	struct slice name; /* encoding from rtpmap or the static table; absent when unknown */
	uint32_t clock_hz;
	uint8_t channels;
	struct slice fmtp;
};

struct sdp_media {
	struct slice type; /* "audio" */
	uint16_t port;     /* 0: rejected */
	struct slice proto_text;
	enum sdp_proto proto;
	struct sdp_format *formats; /* n_formats of them, at most SDP_MAX_FORMATS */
	unsigned n_formats;
	struct addr rtp;  /* connection address (media's, else session's) and port; family unset for a host name */
	struct addr rtcp; /* a=rtcp (RFC 3605), else rtp port + 1 */
	bool rtcp_mux;
	enum sdp_dir dir;  /* media's, else session's; hold by 0.0.0.0 (RFC 3264 8.4) is folded in: not receiving */
	bool hold_zero;    /* the address was 0.0.0.0 or :: */
	uint32_t ptime_ms; /* 0: absent */
	struct slice mid, label;
	const struct sdp_attr *attrs; /* this media's attributes, in order */
	unsigned n_attrs;
	bool ice, sdes, dtls; /* candidate/ufrag, a=crypto, a=fingerprint seen */
	struct slice section; /* the lines of this media after its m= line */
};

struct sdp {
	struct slice origin_user, sess_id, sess_version, origin_addr;
	struct slice name; /* s= */
	struct addr addr;  /* session-level c= */
	enum sdp_dir dir;
	const struct sdp_attr *attrs;
	unsigned n_attrs;
	struct sdp_media *media; /* n_media of them, at most SDP_MAX_MEDIA */
	unsigned n_media;
	struct slice text;
	struct slice section; /* the lines before the first m= */
};

/* Reference-counted; copies `text`. -EBADMSG with *why (a static string) on malformed input; -E2BIG past the limits. */
int sdp_parse(struct sdp **ret, struct slice text, const char **why);
/* By name, NULL when absent. `m` NULL: session level. */
const struct sdp_attr *sdp_attr(const struct sdp *s, const struct sdp_media *m, struct slice name);

/* --- writing the other side's description ------------------------------------------------------------------------- */

/* Our own identity in what we write to one peer: RFC 3264 8 wants the same session id, and a version that grows by one
 * exactly when the text changes. One per leg. */
struct sdp_origin {
	uint64_t id, version;
	uint64_t last_hash; /* 0: nothing written yet */
	bool conditions;    /* that peer knows preconditions (RFC 3312): those of the other side are told to it */
};
void sdp_origin_init(struct sdp_origin *o);

struct sdp_local_media {
	struct addr rtp;  /* what the peer shall send to */
	struct addr rtcp; /* written as a=rtcp when not rtp + 1 and not mux */
	bool rtcp_mux;
	bool reject;      /* write port 0 */
	enum sdp_dir dir; /* in the direction of the describer we speak for */
};

/* Writes `from` as seen by the other peer: formats, rtpmap, fmtp, ptime, crypto (SDES passes) and bandwidth kept; every address, origin,
 * ICE, DTLS, rtcp attribute replaced or removed; attributes by one table: pass, drop, rewrite (unknown dropped). `local` has one entry per media.
 * Where from says 0.0.0.0, the direction is written instead. 0, -ENOSPC, -ENOMEM as in out->err. */
int sdp_write_relayed(struct buf *out, const struct sdp *from, struct sdp_origin *o, const struct sdp_local_media *local);
/* Offer/answer: the answer must have as many media as the offer, of the same types (RFC 3264 6): 0 or -EBADMSG with *why. */
int sdp_check_answer(const struct sdp *offer, const struct sdp *answer, const char **why);
/* Whether an offer can be relayed at all: 0, or the SIP status to refuse with (488) and *why: no media we can relay, DTLS only. */
unsigned sdp_offer_refusal(const struct sdp *offer, const char **why);
/* A copy of `from` whose streams have only the formats of these encoding names, in this order, and what goes along with any (telephone-event, CN); a
 * stream that has none of them is rejected (port 0). `text` stays the original's. -ENOMEM. */
int sdp_select(struct sdp **ret, const struct sdp *from, const char *const *names, unsigned n);
/* What `from` says, as an answer to the offer `with` of as many media: a copy whose streams have only the formats that the offer has as well, and
 * flow the way both want (RFC 3264 6.1); one with no format in common is rejected (port 0). `text` stays the original's. -ENOMEM. */
int sdp_common(struct sdp **ret, const struct sdp *from, const struct sdp *with);
/* Whether a packet relay can carry it: an audio, video or text stream over RTP that is not rejected, has an IP address, and whose keys (if
 * any) are in the description. sdp_write_relayed() rejects what is not. */
bool sdp_media_relayable(const struct sdp_media *m);

/* A description of one stream for a media gateway, or by one (MGCP carries one stream a connection, RFC 3435 3.4): `m` with its formats and
 * what belongs to them; `at` replaces its addresses, direction and mux, NULL keeps its own (an address of 0.0.0.0 included: the gateway knows
 * what hold is). 0, or out->err. */
int sdp_write_stream(struct buf *out, const struct sdp_media *m, const struct sdp_local_media *at);
/* RFC 3551 table 4 and 5: fills name, clock and channels of a static payload type. -ENOENT for a dynamic or unassigned one. */
int sdp_static_format(struct sdp_format *ret, uint8_t pt);

/* Preconditions of the streams (RFC 3312), as an answerer sees them whose own segment is always reserved. */
enum sdp_conditions {
	SDP_UNCONDITIONAL,      /* none */
	SDP_CONDITIONS_MET,     /* what is mandatory is reserved */
	SDP_CONDITIONS_WAIT,    /* the offerer's part is not, yet */
	SDP_CONDITIONS_UNKNOWN, /* of a mandatory one that takes both sides it is not known what it is */
};
enum sdp_conditions sdp_conditions(const struct sdp *offer);
/* Appends the text of `said` with how such an answerer stands with the preconditions of `offer` (5.2) in the place of its own. 0, or out->err. */
int sdp_answer_conditions(struct buf *out, const struct sdp *said, const struct sdp *offer);
/* What a 580 describes (8): no stream, and the preconditions that `from` says have failed. 0, or out->err. */
int sdp_write_failed(struct buf *out, const struct sdp *from, const struct sdp_origin *o);

enum sdp_dir sdp_dir_reverse(enum sdp_dir d);
const char *sdp_dir_name(enum sdp_dir d);
