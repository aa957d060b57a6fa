/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection (RFC 3435 2.1.3): one local pair of RTP and RTCP ports on an endpoint, and the peer it talks to. */
#pragma once
#include "base/hash.h"
#include "base/timer.h"
#include "mediagw/address.h"
#include "mediagw/codecs.h"
#include "mediagw/netwtest.h"
#include "mediagw/reports.h"
#include "mediagw/streams.h"
#include "rtp/stats.h"
#include "sdp/sdp.h"

struct gateway;
struct endpoint;

/* 3.2.2.6. Bit 0: we send to the peer; bit 1: we receive from it. */
enum conn_mode {
	CONN_INACTIVE = 0, CONN_SENDONLY = 1, CONN_RECVONLY = 2, CONN_SENDRECV = 3,
	CONN_LOOPBACK = 4,                  /* what the line says goes back to the line */
	CONN_CONTTEST = 8,                  /* the line is a transponder: another tone for a tone */
	CONN_NETWLOOP = 16 | CONN_SENDRECV, /* what the peer says goes back to the peer */
	CONN_NETWTEST = 32 | CONN_SENDRECV, /* the connection is a transponder */
	CONN_CONFRNCE = 64 | CONN_SENDRECV, /* ... and the peers of those in this mode hear each other */
};

#define CONN_ID_LEN   8   /* hex digits of connection identifiers we make */
#define CALL_ID_MAX   32  /* RFC 3435 2.1.3.1 */
#define NO_SLOT       UINT32_MAX

struct slot_ref {
	struct hash_link link;
	uint32_t slot;
	struct conn *conn;
};

struct conn {
	struct link link;          /* in its endpoint */
	struct link all;           /* in the gateway */
	struct gateway *gw;
	struct endpoint *ep;       /* NULL before it is on its endpoint, and once off it */
	struct line *line;         /* of the telephone channel it is for; NULL on a relay */
	char id[CONN_ID_LEN + 1], call[CALL_ID_MAX + 1];
	enum conn_mode mode;

	struct address *address;
	enum family family;
	uint16_t port;             /* RTP; RTCP is the next; 0: none taken */
	struct slot_ref rtp, rtcp;

	/* What the last command and the remote description said. */
	struct addr remote, remote_rtcp, signalling;
	bool latch, mux, secure, peer_sends;
	bool muted;                /* its description names nowhere to send to: rejected, or held by 0.0.0.0 */
	uint32_t arm;
	int dscp;                  /* -1: the address' own */
	enum fp_want engine;       /* what the operator said of this stream, when `engine_set` */
	bool engine_set;
	char options[OPTIONS_MAX + 1];
	struct sdp *remote_sdp;    /* NULL: not described yet */
	struct buf local_sdp;
	uint64_t sdp_id, sdp_version;

	char codec[16];
	uint32_t clock_hz;
	struct codecs codecs;      /* with a line */
	uint8_t event_pt;          /* of telephone-events from the peer (digits.h) */
	uint32_t rebinds, ssrcs, digits; /* seen since this process has it */

	char cname[17];            /* what the peer of this connection sees as our source's name */
	struct rtp_peer_view view;
	struct netwtest *netwtest; /* of a relay, NULL (netwtest.h) */
	struct reports reports;    /* with a line */
	uint64_t last_rtcp_ms;
	uint64_t sent_packets, sent_bytes; /* of a relay, from connections that left it before this one; of a line, by an earlier process */
	uint64_t earlier_packets, earlier_bytes, earlier_lost; /* with a line, received by an earlier process */

	/* Silence (watch.h). */
	uint32_t silence_s, rto_s;
	uint64_t watch_from_ms;
	struct timer watch;
	struct stream_seen seen;   /* streams.h */
	uint64_t made_ms;
};

/* What CRCX and MDCX may change; absent ones keep their value. */
struct conn_change {
	bool has_mode, has_arm, has_silence, has_latch;
	enum conn_mode mode;
	struct slice options;      /* L: */
	struct slice sdp;
	struct addr signalling;
	bool latch;
	uint32_t arm, silence_s;
};

/* Reads M:, L:, X- parameters of a command into *ret. 0, or the response code to refuse with and *why. */
struct mgcp_msg;
unsigned conn_change_parse(struct conn_change *ret, const struct mgcp_msg *cmd, const char **why);

/* A new connection for an endpoint, without ports, unknown to everybody. */
int conn_new(struct conn **ret, struct endpoint *e, struct slice call);
/* Takes a pair of ports and makes them ready: 0, -EBUSY when the range is exhausted, else a misconfiguration; *why (up to `size`) then says which. */
int conn_open_ports(struct conn *c, struct address *a, enum family f, struct buf *why);
/* The same pair again, after a restart. */
int conn_claim_ports(struct conn *c, struct address *a, enum family f, uint16_t port);
/* Checks and takes over a change, all or nothing: 0, or the response code and *why. Packets flow by it after conn_apply(). */
unsigned conn_set(struct conn *c, const struct conn_change *ch, const char **why);
int conn_apply(struct conn *c);
/* What the other connection's peer described changes what the peer of `c` sends: after any change to that one. `c` may be NULL. */
int conn_follow(struct conn *c);
/* The other connection on its relay, or NULL. */
struct conn *conn_other(const struct conn *c);
/* Which connection a slot belongs to. */
struct conn *conn_by_slot(struct gateway *gw, uint32_t slot);
/* Why we end a connection by ourselves. */
enum conn_end { CONN_MALFUNCTION, CONN_OUT_OF_SERVICE, CONN_LOWER_LAYER }; /* 900, 901, 902 of 2.5 */
/* Ends it and tells the call agent, by a DLCX with the reason (dlcx.c). */
void conn_end(struct conn *c, enum conn_end why);
/* What was received from the peer (zeroes when it cannot be read). */
void conn_received(const struct conn *c, struct fp_stats *ret);
const char *conn_mode_name(enum conn_mode m);
int conn_mode_parse(struct slice text, enum conn_mode *ret);
